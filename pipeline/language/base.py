"""The Protocol of caption engines, with its subject and its result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import Field

from pipeline.core.arrays import Rgba
from pipeline.core.domain import Angle, Frozen
from pipeline.core.engines import Engine
from pipeline.core.records import Caption


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


@dataclass(frozen=True)
class Subject:
    """One product to describe: its picture, [height, width, 4] uint8 sRGB with straight alpha, seen from `angle`.

    `others`: the other angles with pictures, each of which needs an alt text.
    """

    picture: Rgba
    angle: Angle
    facts: Facts
    language: str = "en"
    others: tuple[Angle, ...] = ()

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


class Captioner(Engine, Protocol):
    """A module that writes the texts of one product. See `pipeline.core.engines.Engine` for the rest of it."""

    def write(self, subject: Subject, params: Any, pay: Pay, /) -> Written:
        """Describe the subject. Call `pay` with the USD of each request, even if no caption results.

        Raises Held when the result cannot be published, MissingEngine, BadInput, CatalogError.
        """
        ...
