"""Database rows as records."""

from typing import Any, TypeVar

from pipeline.core.domain import Frozen

R = TypeVar("R", bound=Frozen)


def record_of(kind: type[R], row: Any, **others: Any) -> R:
    """A record with the columns of a row that have the names of its fields. `others`: fields without such a column."""
    return kind.model_validate({name: getattr(row, name) for name in kind.model_fields.keys() - others.keys()} | others)
