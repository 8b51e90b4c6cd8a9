"""Makes the rows of a table equal to those of a run, touching only rows that differ."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, inspect, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from pipeline.catalog.tables import Base
from pipeline.core.domain import Frozen


class Changes(Frozen):
    """How many rows a call touched; all zero when the catalog was already up to date."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            inserted=self.inserted + other.inserted,
            updated=self.updated + other.updated,
            deleted=self.deleted + other.deleted,
        )


def sync(
    session: Session, kind: type[Base], scope: ColumnElement[bool], rows: Iterable[Mapping[str, Any]], *,
    keep: bool = False,
) -> Changes:  # fmt: skip
    """Make the rows of `kind` in `scope` equal to `rows`; other rows are deleted unless `keep`.

    `rows`: values by column; a column that is left out is None. Plain statements, not objects of the session: one shoot
    has hundreds of rows.
    """
    table = table_of(kind)
    names = [column.name for column in table.columns]
    key = [names.index(column.name) for column in inspect(kind).primary_key]
    session.flush()
    existing = {tuple(row[at] for at in key): tuple(row) for row in session.execute(select(table).where(scope))}
    new: list[dict[str, Any]] = []
    updated = 0
    for values in rows:
        row = tuple(values.get(name) for name in names)
        identity = tuple(row[at] for at in key)
        old = existing.pop(identity, None)
        if old is None:
            new.append(dict(zip(names, row, strict=True)))
        elif old != row:
            differing = {name: value for name, value, was in zip(names, row, old, strict=True) if value != was}
            session.execute(update(table).where(*_is(table, key, identity)).values(differing))
            updated += 1
    if new:
        session.execute(insert(table), new)
    obsolete = [] if keep else list(existing)
    for identity in obsolete:
        session.execute(delete(table).where(*_is(table, key, identity)))
    return Changes(inserted=len(new), updated=updated, deleted=len(obsolete))


def table_of(kind: type[Base]) -> Table:
    """The table of a class of rows, for plain statements."""
    table = inspect(kind).local_table
    assert isinstance(table, Table)  # noqa: S101 - for the type checker
    return table


def among(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """`column IN values`. Faster than `in_` of a list, which looks at each value."""
    return column.in_(bindparam(None, list(values), expanding=True))


def _is(table: Table, key: Iterable[int], identity: tuple[Any, ...]) -> list[ColumnElement[bool]]:
    columns = list(table.columns)
    return [columns[at] == value for at, value in zip(key, identity, strict=True)]
