"""The closed vocabulary of backdrops: its words, and the scene that a prompt describes.

The text encoder of the embedded checkpoint knows only these words, so one table serves to write prompts, parse them
and build the tokenizer.
"""

import re
from itertools import pairwise
from typing import Literal

from pipeline.core.domain import Frozen
from pipeline.diffusion.scenes.wording import IMPLIED, STOP_WORDS, TONES, USUAL_COLOURS

Material = Literal["paper", "gradient", "plaster", "wood", "marble", "concrete", "linen", "terrazzo", "caustics"]
ColourName = Literal["white", "ivory", "beige", "tan", "brown", "grey", "charcoal", "pink", "sage", "blue"]
Side = Literal["left", "right", "front"]
Softness = Literal["soft", "hard", "window"]
Horizon = Literal["seamless", "low", "middle", "high", "flat"]

UNDERSTOOD_AT_LEAST = 0.5  # share of a prompt's words, below which a person looks at what was painted
MATERIALS: tuple[Material, ...] = (
    "paper", "gradient", "plaster", "wood", "marble", "concrete", "linen", "terrazzo", "caustics",
)  # fmt: skip
COLOURS: dict[ColourName, tuple[int, int, int]] = {  # sRGB of the evenly lit backdrop
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
SOFTNESSES: tuple[Softness, ...] = ("soft", "hard", "window")
HORIZON_FRAC: dict[Horizon, float | None] = {
    "seamless": None, "low": 0.38, "middle": 0.50, "high": 0.66, "flat": None,
}  # fmt: skip
"""Height of the line between floor and wall above the picture's bottom, as a fraction of the picture's height.

`seamless`: floor and wall are one sweep. `flat`: seen from so high that only the floor is in the picture.
"""

WOOD_COLOURS: tuple[ColourName, ...] = ("beige", "tan", "brown")
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
    "a", "and", "backdrop", "background", "from", "horizon", "in", "lay", "light", "of", "on", "studio", "the", "with",
    ",",
)  # fmt: skip
SIZES: tuple[str, ...] = ("low", "middle", "high", "flat")
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "material": MATERIALS, "colour": tuple(COLOURS), "side": SIDES, "softness": SOFTNESSES,
    "horizon": ("seamless", *SIZES),
}  # fmt: skip
_CANONICAL = {synonym: word for word, synonyms in SYNONYMS.items() for synonym in synonyms}


class SceneSpec(Frozen):
    """A requested backdrop: its material, colour, light and horizon."""

    material: Material = "paper"
    colour: ColourName = "white"
    side: Side = "front"
    softness: Softness = "soft"
    horizon: Horizon = "seamless"

    @property
    def prompt(self) -> str:
        """The sentence of the closed vocabulary that describes this scene."""
        floor = {"seamless": "seamless", "flat": "flat lay"}.get(self.horizon, f"{self.horizon} horizon") + " backdrop"
        return f"{self.colour} {self.material}, {floor}, {self.softness} light from {self.side}"


def vocabulary() -> tuple[str, ...]:
    """Every word that the tokenizer knows, in a fixed order: the order is part of a checkpoint."""
    words = [*MATERIALS, *COLOURS, *SIDES, *SOFTNESSES, "seamless", *SIZES, *_CANONICAL, *FILLERS]
    return tuple(dict.fromkeys(words))


def words_of(prompt: str) -> tuple[str, ...]:
    """The prompt's words in lower case, in any script, with synonyms replaced by their canonical word."""
    return tuple(_CANONICAL.get(word, word) for word in re.findall(r"[^\W\d_]+", prompt.lower()))


class Reading(Frozen):
    """A free prompt translated into the closed vocabulary.

    `passed_over`: the words that were ignored. `understood`: share of the prompt's words, apart from words without
    meaning for a scene, that were used; 0 if it has none.
    """

    spec: SceneSpec
    passed_over: tuple[str, ...]
    understood: float = 0.0

    @property
    def prompt(self) -> str:
        """The prompt for the embedded checkpoint."""
        return self.spec.prompt


def understand(prompt: str, default: SceneSpec | None = None) -> Reading:
    """Translate a free prompt into a scene, and list the words that were ignored.

    Attributes come, in this order, from explicit words, from words that imply them (oak implies wood and tan, a table a
    low horizon), from a tone (`dark`), from the material's usual colour, and from `default`; among equals the first
    word counts. Unknown words are reported, not refused: they are a limit of the embedded checkpoint, and the same
    prompt may be meant for other checkpoints too.
    """
    raw = re.findall(r"[^\W\d_]+", prompt.lower())
    words = _with_pale(raw)
    chosen: dict[str, str] = {}
    used: set[int] = set()

    def take(index: int, attributes: dict[str, str]) -> None:
        for kind, value in attributes.items():
            if chosen.setdefault(kind, value) == value:
                used.add(index)

    for attributes_of in (_explicit, _implied):
        for index, word in enumerate(words):
            take(index, attributes_of(word))
    for index, word in enumerate(words):
        if word in TONES:
            of_wood, of_others = TONES[word]
            take(index, {"colour": of_wood if chosen.get("material") == "wood" else of_others})
    if default is None and chosen.get("material") in USUAL_COLOURS:
        chosen.setdefault("colour", USUAL_COLOURS[chosen["material"]])
    stop_words = {*FILLERS, *STOP_WORDS}
    passed_over = [word for index, word in enumerate(raw) if index not in used and word not in stop_words]
    spec = (default or SceneSpec()).model_dump() | chosen
    return Reading(
        spec=SceneSpec.model_validate(spec),
        passed_over=tuple(dict.fromkeys(passed_over)),
        understood=len(used) / (len(used) + len(passed_over)) if used else 0.0,
    )


def read_prompt(prompt: str, default: SceneSpec | None = None) -> SceneSpec:
    """The scene of `understand`, without the ignored words."""
    return understand(prompt, default).spec


def _with_pale(words: list[str]) -> list[str]:
    """Replace `light` by `pale` before a material or a colour; elsewhere it means the light itself."""
    pairs = pairwise([*words, ""])
    return ["pale" if word == "light" and _is_surface(following) else word for word, following in pairs]


def _is_surface(word: str) -> bool:
    attributes = _explicit(word) | _implied(word)
    return "material" in attributes or "colour" in attributes


def _explicit(word: str) -> dict[str, str]:
    word = _CANONICAL.get(word, word)
    return {kind: word for kind, options in ATTRIBUTES.items() if word in options}


def _implied(word: str) -> dict[str, str]:
    return IMPLIED.get(word, {})
