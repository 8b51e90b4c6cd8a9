"""The Protocol of caption engines, with its subject and its result."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import Field

from pipeline.core.arrays import Rgba
from pipeline.core.domain import Angle, Frozen
from pipeline.core.engines import Engine
from pipeline.core.evidence import Evidence
from pipeline.core.records import Caption

Tone = Literal["strict", "free"]
"""What becomes of a sentence in which no claim is recognised: it needs evidence, or only if it seems to promise."""


class Facts(Frozen):
    """What shoot.yaml states about the product. It is data, never instructions to an engine."""

    title: str = ""
    brand: str = ""
    category: str = ""
    attributes: dict[str, str] = {}
    brief: str | None = None

    @property
    def text(self) -> str:
        """All facts as one text, in which claims are looked up."""
        pairs = [f"{name} {value}" for name, value in self.attributes.items()]
        return "\n".join([self.title, self.brand, self.category, *pairs, self.brief or ""])


class TitleRule(Frozen):
    """What one channel permits in a title."""

    channel: str
    characters: int = Field(description="longest title")
    repeats: int | None = Field(default=None, description="how often a word may occur; None: any number of times")


class Voice(Frozen):
    """How the texts of a collection sound. A preset gives it per collection; see `docs/captions.md`."""

    tone: str = Field(default="", max_length=400, description="for a writing model: how the texts sound")
    banned: tuple[str, ...] = Field(default=(), description="words and phrases that no text may contain")
    instead: dict[str, str] = Field(default={}, description="word to the word that is used in its place")


@dataclass(frozen=True)
class Subject:
    """One product to describe: its picture, [height, width, 4] uint8 sRGB with straight alpha, seen from `angle`.

    `others`: the other angles with pictures, each of which needs an alt text. `evidence`: all that is known of the
    product, the facts included.
    """

    picture: Rgba
    angle: Angle
    facts: Facts
    language: str = "en"
    others: tuple[Angle, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    title_rules: tuple[TitleRule, ...] = ()
    voice: Voice = field(default_factory=Voice)
    tone: Tone = "strict"

    @property
    def angles(self) -> tuple[Angle, ...]:
        """Every angle that needs an alt text, the pictured one first."""
        return (self.angle, *(angle for angle in self.others if angle.name != self.angle.name))


class Written(Frozen):
    """A caption, and the attempts and tokens that it took."""

    caption: Caption
    attempts: int = 1
    input_tokens: int = 0
    output_tokens: int = 0
    notes: tuple[str, ...] = Field(default=(), description="what a person should know about it")


Pay = Callable[[float], None]
Review = Callable[[Caption], tuple[str, ...]]
"""Objections to a draft, as sentences for its writer: claims against the evidence, and broken rules. Empty: none."""


@dataclass(frozen=True)
class Desk:
    """What a writer reports to while it works. `pay`: the USD of each request, even if no caption results.

    `left_usd`: what its run may still pay, looked up before each request; None: no limit.
    """

    pay: Pay
    review: Review
    left_usd: Callable[[], float | None] = lambda: None


class Captioner(Engine, Protocol):
    """A module that writes the texts of one product. See `pipeline.core.engines.Engine` for the rest of it.

    One that does not write every language has `LANGUAGES`, the primary tags of those that it writes.
    """

    def write(self, subject: Subject, params: Any, desk: Desk, /) -> Written:
        """Describe the subject. A draft with objections is written once more; the stage drops what still stands.

        Raises Held when the result cannot be published, MissingEngine, BadInput, CatalogError.
        """
        ...
