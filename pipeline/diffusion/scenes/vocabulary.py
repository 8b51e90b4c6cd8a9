"""The closed vocabulary of backdrops: what a prompt can ask for, and the scene that it asks for.

The text encoder of the project's own checkpoint knows these words and no others, so the same table writes prompts,
reads them, and makes the tokenizer.
"""

import re
from itertools import pairwise
from typing import Literal

from pipeline.core.domain import Frozen
from pipeline.diffusion.scenes.wording import IMPLIED, OF_MATERIAL, SILENT, TONES

Material = Literal["paper", "gradient", "plaster", "wood", "marble", "concrete", "linen", "terrazzo", "caustics"]
Colour = Literal["white", "ivory", "beige", "tan", "brown", "grey", "charcoal", "pink", "sage", "blue"]
Side = Literal["left", "right", "front"]
Softness = Literal["soft", "hard"]
Horizon = Literal["seamless", "low", "middle", "high"]

MATERIALS: tuple[Material, ...] = (
    "paper", "gradient", "plaster", "wood", "marble", "concrete", "linen", "terrazzo", "caustics",
)  # fmt: skip
COLOURS: dict[Colour, tuple[int, int, int]] = {  # sRGB of the evenly lit backdrop
    "white": (244, 244, 243),
    "ivory": (240, 232, 214),
    "beige": (222, 203, 178),
    "tan": (196, 160, 118),
    "brown": (122, 84, 58),
    "grey": (168, 168, 168),
    "charcoal": (74, 75, 78),
    "pink": (232, 190, 188),
    "sage": (168, 184, 158),
    "blue": (152, 178, 206),
}
SIDES: tuple[Side, ...] = ("left", "right", "front")
SOFTNESSES: tuple[Softness, ...] = ("soft", "hard")
HORIZON_FRAC: dict[Horizon, float | None] = {"seamless": None, "low": 0.24, "middle": 0.36, "high": 0.48}
"""Height of the line between floor and wall above the picture's bottom, as a fraction of the picture's height."""

WOOD_COLOURS: tuple[Colour, ...] = ("beige", "tan", "brown")
SYNONYMS: dict[str, tuple[str, ...]] = {
    "wood": ("oak", "wooden", "walnut"),
    "linen": ("fabric", "cloth", "textile"),
    "concrete": ("cement",),
    "plaster": ("stucco", "limewash"),
    "caustics": ("water",),
    "paper": ("cardboard",),
    "grey": ("gray",),
    "ivory": ("cream",),
    "tan": ("sand", "camel"),
    "sage": ("green",),
    "charcoal": ("black", "anthracite"),
    "pink": ("rose",),
    "blue": ("sky",),
    "front": ("above", "frontal"),
    "hard": ("harsh", "direct"),
    "soft": ("diffuse", "softbox"),
    "seamless": ("sweep", "infinity"),
}
FILLERS: tuple[str, ...] = (
    "a", "and", "backdrop", "background", "from", "horizon", "in", "light", "of", "on", "studio", "the", "with", ",",
)  # fmt: skip
SIZES: tuple[str, ...] = ("low", "middle", "high")
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "material": MATERIALS, "colour": tuple(COLOURS), "side": SIDES, "softness": SOFTNESSES,
    "horizon": ("seamless", *SIZES),
}  # fmt: skip
_CANONICAL = {other: word for word, others in SYNONYMS.items() for other in others}


class SceneSpec(Frozen):
    """A backdrop as asked for: what it is made of, its colour, its light and where its floor ends."""

    material: Material = "paper"
    colour: Colour = "white"
    side: Side = "front"
    softness: Softness = "soft"
    horizon: Horizon = "seamless"

    @property
    def prompt(self) -> str:
        """The sentence of the closed vocabulary that asks for this scene."""
        floor = "seamless backdrop" if self.horizon == "seamless" else f"{self.horizon} horizon backdrop"
        return f"{self.colour} {self.material}, {floor}, {self.softness} light from {self.side}"


def vocabulary() -> tuple[str, ...]:
    """Every word that the tokenizer knows, in a fixed order (the order is part of a checkpoint)."""
    words = [*MATERIALS, *COLOURS, *SIDES, *SOFTNESSES, "seamless", *SIZES, *_CANONICAL, *FILLERS]
    return tuple(dict.fromkeys(words))


def words_of(prompt: str) -> tuple[str, ...]:
    """The prompt's words in lower case, in any script; synonyms replaced by the word they stand for."""
    return tuple(_CANONICAL.get(word, word) for word in re.findall(r"[^\W\d_]+", prompt.lower()))


class Reading(Frozen):
    """A free prompt as the closed vocabulary understands it: the scene, and the words that had no part in it."""

    spec: SceneSpec
    passed_over: tuple[str, ...]

    @property
    def prompt(self) -> str:
        """The sentence that the embedded checkpoint is asked with."""
        return self.spec.prompt


def understand(prompt: str, default: SceneSpec | None = None) -> Reading:
    """The scene that a free prompt asks for, and the words passed over.

    The first word of each kind counts. What no word says outright is taken from what a word implies (oak is wood and
    tan, a table has a low horizon), then from a tone (`dark`), then from the material's usual colour, and the rest from
    `default`. Words beyond the vocabulary are a limit of the embedded checkpoint, not an error of whoever writes one
    prompt for several checkpoints: they are named, not refused.
    """
    raw = re.findall(r"[^\W\d_]+", prompt.lower())
    words = _with_pale(raw)
    chosen: dict[str, str] = {}
    used: set[int] = set()

    def take(place: int, says: dict[str, str]) -> None:
        for kind, value in says.items():
            if chosen.setdefault(kind, value) == value:
                used.add(place)

    for saying in (_outright, _implied):
        for place, word in enumerate(words):
            take(place, saying(word))
    for place, word in enumerate(words):
        if word in TONES:
            of_wood, of_others = TONES[word]
            take(place, {"colour": of_wood if chosen.get("material") == "wood" else of_others})
    if default is None and chosen.get("material") in OF_MATERIAL:
        chosen.setdefault("colour", OF_MATERIAL[chosen["material"]])
    silent = {*FILLERS, *SILENT}
    passed_over = [word for place, word in enumerate(raw) if place not in used and word not in silent]
    spec = (default or SceneSpec()).model_dump() | chosen
    return Reading(spec=SceneSpec.model_validate(spec), passed_over=tuple(dict.fromkeys(passed_over)))


def read_prompt(prompt: str, default: SceneSpec | None = None) -> SceneSpec:
    """The scene of `understand` alone."""
    return understand(prompt, default).spec


def _with_pale(words: list[str]) -> list[str]:
    """`light` right before a material or a colour means pale, elsewhere the light itself."""
    pairs = pairwise([*words, ""])
    return ["pale" if one == "light" and _is_surface(after) else one for one, after in pairs]


def _is_surface(word: str) -> bool:
    said = _outright(word) | _implied(word)
    return "material" in said or "colour" in said


def _outright(word: str) -> dict[str, str]:
    word = _CANONICAL.get(word, word)
    return {kind: word for kind, options in ATTRIBUTES.items() if word in options}


def _implied(word: str) -> dict[str, str]:
    return IMPLIED.get(word, {})
