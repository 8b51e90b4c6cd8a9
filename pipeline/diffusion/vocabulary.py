"""The closed vocabulary of backdrops: what a prompt can ask for, and the scene that it asks for.

The text encoder of the project's own checkpoint knows these words and no others, so the same table writes prompts,
reads them, and makes the tokenizer.
"""

import re
from typing import Literal

from pipeline.domain import Frozen

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
    """The prompt's words in lower case, synonyms replaced by the word they stand for, unknown words kept."""
    return tuple(_CANONICAL.get(word, word) for word in re.findall(r"[a-z]+", prompt.lower()))


def read_prompt(prompt: str, default: SceneSpec | None = None) -> SceneSpec:
    """The scene that a free prompt asks for: the first word of each kind counts, `default` answers for the rest.

    Words beyond the vocabulary are passed over: the closed vocabulary is a limit of the embedded checkpoint that its
    model card states, not an error of the person who writes a prompt for several checkpoints.
    """
    start = default or SceneSpec()
    words = words_of(prompt)

    def first(options: tuple[str, ...], otherwise: str) -> str:
        return next((word for word in words if word in options), otherwise)

    return SceneSpec.model_validate(
        {
            "material": first(MATERIALS, start.material),
            "colour": first(tuple(COLOURS), start.colour),
            "side": first(SIDES, start.side),
            "softness": first(SOFTNESSES, start.softness),
            "horizon": first(("seamless", *SIZES), start.horizon),
        }
    )
