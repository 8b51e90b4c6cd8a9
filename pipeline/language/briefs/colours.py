"""The colours and scenes of backdrops: from words of a brief to shoot.yaml's `colour`, `to_colour` and `prompt`."""

from collections.abc import Sequence

from pipeline.core.backdrops import Backdrop
from pipeline.core.colour_names import hex_colour
from pipeline.language.briefs.asks import Ground, NoSuchPhrase, RefusedPhrase
from pipeline.language.briefs.lexeme import Lexeme

SHOP_COLOURS = {"charcoal": "#36454f", "cream": "#fffdd0", "mint": "#98ff98", "sage": "#9caf88"}
"""sRGB of colours that CSS does not name, or names something else."""
WITH = frozenset({"with", "mit", "avec"})
ORDER = {"TONE": 0, "COLOUR": 1, "MATERIAL": 2, "PLACE": 3}


def colour_of(words: str) -> str:
    """`#rrggbb` of a colour as CSS names it, `light` and `dark` before it: CSS's own shade, or halfway to the end."""
    tone, _, name = words.rpartition(" ")
    plain = SHOP_COLOURS.get(name) or str(hex_colour(name))
    if tone in {"", "warm", "cool"}:
        return plain
    if tone == "light" and str(hex_colour("light" + name)).startswith("#"):
        return str(hex_colour("light" + name))
    towards = 255 if tone == "light" else 0
    channels = [int(plain[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{(channel + towards + 1) // 2:02x}" for channel in channels)


def slug(words: str) -> str:
    """A name for the words of a prompt or a colour."""
    return words.replace(",", "").replace("#", "").replace(" ", "-")[:60].rstrip("-")


def ground_of(swatches: Sequence[Lexeme], moods: Sequence[Lexeme]) -> Ground:
    """A solid colour, or a painted scene. Raises NoSuchPhrase for two backdrops at once."""
    kinds = [lexeme.kind for lexeme in swatches]
    if any(WITH & set(lexeme.before) for lexeme in swatches[1:]):
        raise RefusedPhrase("a brief puts nothing else into the picture; write the backdrop alone")
    if "AND" in kinds or _is_second_material(swatches):
        raise NoSuchPhrase
    if {"MATERIAL", "PLACE"} & set(kinds):
        if "HEX" in kinds:
            raise RefusedPhrase("a painted backdrop takes the name of a colour, not a code such as #f0f0f0")
        return painted(scene_words(swatches), mood_words(moods))
    if moods:
        raise NoSuchPhrase
    colours = colours_in(swatches)
    if len(colours) > 1:
        raise RefusedPhrase("a plain backdrop has one colour; a gradient is written `gradient from white to grey`")
    if not colours:
        raise NoSuchPhrase
    (words,) = colours
    colour = words if words.startswith("#") else colour_of(words)
    return Ground(Backdrop(name=slug(words), kind="solid", colour=colour), own=slug(words))


def _is_second_material(swatches: Sequence[Lexeme]) -> bool:
    """Whether a preposition separates two materials, as in `marble with oak`."""
    materials = [lexeme for lexeme in swatches if lexeme.kind == "MATERIAL"]
    return any(lexeme.before for lexeme in materials[1:])


def mood_words(moods: Sequence[Lexeme]) -> list[str]:
    """The moods in English words; `soft` and `hard` go with the one after them."""
    words: list[str] = []
    quality = ""
    for lexeme in moods:
        if lexeme.kind in {"SOFT", "HARD"}:
            quality = f"{lexeme.value} "
        elif lexeme.kind == "MOOD":
            words.append(quality + lexeme.value)
            quality = ""
    return words


def painted(scene: str, moods: Sequence[str]) -> Ground:
    """The backdrop that diffusion paints from these English words."""
    prompt = ", ".join([scene, *moods]) if scene else ", ".join(moods)
    return Ground(Backdrop(name=slug(prompt), kind="diffusion", prompt=prompt), own=slug(prompt))


def scene_words(swatches: Sequence[Lexeme]) -> str:
    """The English words of a scene: tone, colour, material, place."""
    return " ".join(lexeme.value for lexeme in sorted(swatches, key=lambda lexeme: ORDER[lexeme.kind]))


def gradient_of(swatches: Sequence[Lexeme]) -> Ground:
    """A gradient from the first colour at the top to the second at the bottom."""
    colours = colours_in([lexeme for lexeme in swatches if lexeme.kind != "AND"])
    if {"MATERIAL", "PLACE"} & {lexeme.kind for lexeme in swatches} or len(colours) > 2:
        raise NoSuchPhrase
    if len(colours) < 2:
        raise RefusedPhrase("a gradient needs two colours, such as `gradient from white to grey`")
    first, second = (words if words.startswith("#") else colour_of(words) for words in colours)
    name = "-to-".join(slug(words) for words in colours)
    return Ground(Backdrop(name=name, kind="gradient", colour=first, to_colour=second), own=name)


def colours_in(swatches: Sequence[Lexeme]) -> list[str]:
    """The colours as words, `light grey`: a tone belongs to the colour after it, in French to the one before it."""
    colours: list[str] = []
    tone = ""
    for lexeme in swatches:
        if lexeme.kind == "HEX":
            colours.append(lexeme.value)
        elif lexeme.kind == "COLOUR":
            colours.append(f"{tone} {lexeme.value}".strip())
            tone = ""
        elif lexeme.kind == "TONE" and colours and "en" not in lexeme.languages and "fr" in lexeme.languages:
            colours[-1] = f"{lexeme.value} {colours[-1]}"
        elif lexeme.kind == "TONE":
            tone = lexeme.value
    if tone:
        raise NoSuchPhrase
    return colours
