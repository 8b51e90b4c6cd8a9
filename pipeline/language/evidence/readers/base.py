"""The Protocol of readers, and what they return."""

from typing import Any, Protocol

from pydantic import Field

from pipeline.core.arrays import Rgb
from pipeline.core.domain import Frozen
from pipeline.core.engines import Engine


class Line(Frozen):
    """One line of text. `box`: left, top, width, height in px of the picture; `score`: the reader's confidence."""

    text: str
    box: tuple[int, int, int, int]
    score: float = Field(ge=0, le=1)


class Reader(Engine, Protocol):
    """A module that reads the text in one picture. See `pipeline.core.engines.Engine` for the rest of it."""

    def read(self, rgb: Rgb, params: Any, /) -> tuple[Line, ...]:
        """The lines in a picture [h, w, 3] uint8 sRGB, from top to bottom. The same picture gives the same lines.

        Raises MissingEngine as `require_here`.
        """
        ...

    def signature(self, params: Any, /) -> str:
        """Name, version and the digest of the models, as evidence records them; empty if nothing is read."""
        ...
