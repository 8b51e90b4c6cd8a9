"""Pages of long lists, by the position of the last row: page 1000 costs what page 1 costs."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

MOST = 200  # rows of a page
T = TypeVar("T")


class Page(Frozen, Generic[T]):
    """Some rows, and the cursor with which the next ones are asked for; None at the end."""

    rows: tuple[T, ...]
    next: str | None


def limited(limit: int) -> int:
    """The number of rows of a page. Raises BadInput when it is not from 1 to `MOST`."""
    if not 1 <= limit <= MOST:
        raise BadInput(f"{limit} rows on one page", remedy=f"Ask for 1 to {MOST} rows, and for the next page")
    return limit


def page(rows: Sequence[T], limit: int, cursor: Callable[[T], str]) -> Page[T]:
    """The page of `rows`, of which one more than `limit` was asked for."""
    shown = tuple(rows[:limit])
    return Page(rows=shown, next=cursor(shown[-1]) if len(rows) > limit else None)


def number_of(cursor: str) -> int:
    """The number that a cursor consists of. Raises BadInput when it is none."""
    if not cursor.isdecimal() or len(cursor) > 18:
        raise BadInput(f"{cursor[:40]!r} is not a cursor", remedy="Begin with the first page")
    return int(cursor)
