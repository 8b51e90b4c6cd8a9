"""Makes the rows of a table equal to those of a run, touching only rows that differ."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, delete, inspect, select, update
from sqlalchemy.orm import Session

from pipeline.catalog.bulk import insert_rows
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
    session: Session, kind: type[Base], scope: ColumnElement[bool] | None, rows: Iterable[Mapping[str, Any]], *,
    keep: bool = False,
) -> Changes:  # fmt: skip
    """Make the rows of `kind` in `scope` equal to `rows`; other rows are deleted unless `keep`.

    `scope`: None where the caller knows that there are no rows yet. `rows`: values by column; a column that is left out
    is None. Plain statements, not objects of the session: one shoot has hundreds of rows.
    """
    return sync_with(session, kind, {} if scope is None else read_rows(session, kind, scope), rows, keep=keep)


def read_rows(session: Session, kind: type[Base], scope: ColumnElement[bool]) -> dict[Any, Row[Any]]:
    """The rows of `kind` in `scope`, by primary key: its value, or a tuple of its values."""
    session.flush()
    table = table_of(kind)
    _, identity = _layout(table)
    return {identity(row): row for row in session.connection().execute(select(table).where(scope))}


def sync_with(
    session: Session, kind: type[Base], existing: Mapping[Any, Row[Any]], rows: Iterable[Mapping[str, Any]], *,
    keep: bool = False,
) -> Changes:  # fmt: skip
    """The same, where the rows that there are have been read already."""
    table = table_of(kind)
    names, identity = _layout(table)
    connection = session.connection()
    left = dict(existing)
    new: list[tuple[Any, ...]] = []
    updated = 0
    for values in rows:
        row = tuple(map(values.get, names))
        old = left.pop(identity(row), None)
        if old is None:
            new.append(row)
        elif tuple(old) != row:
            differing = {name: value for name, value, was in zip(names, row, old, strict=True) if value != was}
            connection.execute(update(table).where(*_is(table, row)).values(differing))
            updated += 1
    insert_rows(connection, table, new)
    obsolete = [] if keep else list(left.values())
    for old in obsolete:
        connection.execute(delete(table).where(*_is(table, old)))
    return Changes(inserted=len(new), updated=updated, deleted=len(obsolete))


def table_of(kind: type[Base]) -> Table:
    """The table of a class of rows, for plain statements."""
    table = inspect(kind).local_table
    assert isinstance(table, Table)  # noqa: S101 - for the type checker
    return table


@lru_cache
def _layout(table: Table) -> tuple[list[str], Callable[[Any], Any]]:
    """The names of the columns, and what picks the primary key out of a row."""
    names = [column.name for column in table.columns]
    return names, itemgetter(*(names.index(column.name) for column in table.primary_key))


def _is(table: Table, row: Any) -> list[ColumnElement[bool]]:
    return [column == row[at] for at, column in enumerate(table.columns) if column.primary_key]
