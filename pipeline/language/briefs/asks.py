"""What one phrase of a brief asks for, before the phrases together make a plan."""

from dataclasses import dataclass, field
from typing import Any

from pipeline.core.backdrops import Backdrop
from pipeline.language.briefs.lexeme import Lexeme


class NoSuchPhrase(Exception):
    """These tokens make no wish; a shorter phrase may."""


class RefusedPhrase(Exception):
    """These tokens are understood, and cannot be done. The message is the reason, a sentence without a full stop."""


@dataclass(frozen=True)
class View:
    """A direction. None: not said. `name`: of a direction that has one; `straight`: from above or below alone."""

    azimuth_deg: float | None = None
    elevation_deg: float | None = None
    name: str | None = None
    straight: bool = False


@dataclass(frozen=True)
class Count:
    """So many views: all around, unless the brief names them."""

    views: int


@dataclass(frozen=True)
class Ground:
    """A backdrop. `own`: a name that the shoot may already have."""

    backdrop: Backdrop
    own: str


@dataclass(frozen=True)
class Mood:
    """A mood of the painted backdrop, in English words. `apart`: of a version of its own."""

    words: str
    apart: bool = False


@dataclass(frozen=True)
class Extend:
    """A painted backdrop continued: `wide` or `tall`."""

    shape: str


@dataclass(frozen=True)
class Lamp:
    """Fields of `Light`, and whether there is a shadow at all; None: not said."""

    fields: dict[str, float] = field(default_factory=dict)
    shadow: bool | None = None


@dataclass(frozen=True)
class Edit:
    """Fields of `Edits`, by path: `("crop", "top")` or `("brightness_ev",)`. `but`: views that it leaves alone."""

    fields: dict[tuple[str, ...], Any]
    but: tuple[View, ...] = ()


@dataclass(frozen=True)
class OnChannel:
    """A channel by its name."""

    name: str


@dataclass(frozen=True)
class Alter:
    """The product itself would change."""


What = View | Count | Ground | Mood | Extend | Lamp | Edit | OnChannel | Alter


@dataclass(frozen=True)
class Ask:
    """One wish and its place in the text.

    `sentence`, `clause`, `segment`: numbers of those that it stands in; `and` divides a clause into segments.
    `phrase`: the tokens that ask for it.
    """

    what: What
    start: int
    end: int
    clause: int = 0
    sentence: int = 0
    segment: int = 0
    phrase: tuple[Lexeme, ...] = ()
