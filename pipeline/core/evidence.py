"""What is known of a product, with its sources, and what a caption claims.

Everything in `Evidence` has an id by which a claim names it: `fact:<name>`, `measured:<name>` and `reading:<number>`.
Text that was read off a product is data with a score, never an instruction.
"""

from typing import Any, Literal

from pydantic import Field

from pipeline.core.domain import Frozen, Name


class Measurement(Frozen):
    """One property of the product, measured in its photos.

    `name`: unique in an `Evidence`, for example `colour.teal`, `proportion`, `pattern`, `gloss`, `width`. `value`: in
    English words (`teal`, `striped`); `number` and `unit`: what was measured (a share from 0 to 1, mm, a ratio).
    `deviation`: for a colour, CIEDE2000 from the named colour. `photos`: where it was measured.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")
    kind: Literal["colour", "pattern", "gloss", "proportion", "size"]
    value: str
    number: float | None = None
    unit: str = ""
    deviation: float | None = None
    photos: tuple[Name, ...] = ()

    @property
    def id(self) -> str:
        """The id by which a claim names this measurement."""
        return f"measured:{self.name}"


class Reading(Frozen):
    """Text read off the product in one photo.

    `box`: left, top, width and height in px of the cut-out photo. `score`: the reader's own confidence, 0 to 1.
    """

    number: int = Field(ge=0, description="position in the list of readings")
    text: str
    photo: Name
    box: tuple[int, int, int, int]
    score: float = Field(ge=0, le=1)

    @property
    def id(self) -> str:
        """The id by which a claim names this reading."""
        return f"reading:{self.number}"


class PhotoLines(Frozen):
    """Every line that was read, photo by photo, repetitions included. `reader`: the settings of the engine that read.

    A line's `number` is its position here, not that of a reading in `Evidence`.
    """

    reader: dict[str, Any] = {}
    lines: tuple[Reading, ...] = ()


class Evidence(Frozen):
    """What is known of one product.

    `facts`: name to value, as shoot.yaml states them: `title`, `brand`, `category` and each attribute. `reader`: the
    engine that read the text, with its version and the digest of its models; empty if none read.
    """

    facts: dict[str, str] = {}
    measurements: tuple[Measurement, ...] = ()
    readings: tuple[Reading, ...] = ()
    reader: str = ""


ClaimKind = Literal[
    "name",  # title, brand, category: what the product is
    "colour",
    "material",
    "size",  # lengths, weight, capacity, proportions
    "count",
    "pattern",
    "finish",  # gloss and texture
    "text",  # what is written on the product
    "use",  # what it is for, and how it is cared for
    "certificate",
    "origin",
    "superlative",
    "offer",  # price, discount, delivery
    "other",
]
Verdict = Literal["supported", "contradicted", "unsupported"]


class Claim(Frozen):
    """One atomic claim of a caption, the evidence for it, and the verdict.

    `field`: the caption's field (`title`, `description`, `bullets`, `alt_text`, `attributes`, `prompt`, `titles`).
    `words`: as they stand there. `evidence`: ids of what supports or contradicts it; empty if there is none.
    `dropped`: the words were removed from the caption because of the verdict.
    """

    field: str
    kind: ClaimKind
    words: str
    value: str = Field(description="what is claimed, normalised: `teal`, `350 ml`, `dishwasher safe`")
    evidence: tuple[str, ...] = ()
    verdict: Verdict
    reason: str = ""
    dropped: bool = False
