"""The Protocol of brief parsers, and what they check first."""

from collections.abc import Callable
from typing import Any, Protocol

from pipeline.core.engines import Engine
from pipeline.core.errors import BadInput
from pipeline.core.typed_text import hidden_character
from pipeline.language.base import Pay
from pipeline.language.briefs.plan import LANGUAGES, EditPlan, Known

LONGEST = 4000  # characters
SPOKEN = "English, German and French"
LeftUsd = Callable[[], float | None]


def unlimited() -> None:
    """What may still be paid where there is no limit."""


class BriefParser(Engine, Protocol):
    """A module that turns a brief into a plan. See `pipeline.core.engines.Engine` for the rest of it."""

    def read(self, text: str, known: Known, params: Any, pay: Pay, left_usd: LeftUsd = unlimited, /) -> EditPlan:
        """The plan of a brief that `checked` has passed.

        `pay`: takes the USD of each request. `left_usd`: what may still be paid; None for any amount. Raises BadInput
        when nothing of the brief is understood, MissingEngine, CatalogError.
        """
        ...


def checked(text: str) -> str:
    """The brief without space around it. Raises BadInput when it is empty, too long, or has invisible characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise BadInput("the brief is empty", remedy="Write what the pictures should show, such as `45° left, on white`")
    if len(text) > LONGEST:
        raise BadInput(
            f"the brief has {len(text):,} characters, more than {LONGEST:,}",
            remedy="Keep what the pictures should show, and leave the rest out",
        )
    if hidden := hidden_character(text):
        raise BadInput(f"the brief has the invisible character {hidden}", remedy="Remove it")
    return text


def require_language(language: str) -> None:
    """Raise BadInput unless briefs can be in this language."""
    if language not in LANGUAGES:
        raise BadInput(
            f"briefs are not read in the language {language!r}",
            remedy=f"Use one of {', '.join(f'{code} ({name})' for code, name in LANGUAGES.items())}",
        )
