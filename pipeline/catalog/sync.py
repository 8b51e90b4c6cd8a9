"""Makes the rows of a table equal to those of a run, touching only rows that differ."""

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import ColumnElement, inspect, select
from sqlalchemy.orm import Session

from pipeline.catalog.tables import Base
from pipeline.core.domain import Frozen

R = TypeVar("R", bound=Base)


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
    session: Session, kind: type[R], scope: ColumnElement[bool], rows: Iterable[R], *, keep: bool = False
) -> Changes:
    """Make the rows of `kind` in `scope` equal to `rows`; other rows are deleted unless `keep`."""
    mapper = inspect(kind)
    columns = [attribute.key for attribute in mapper.column_attrs]
    existing = {tuple(mapper.primary_key_from_instance(row)): row for row in session.scalars(select(kind).where(scope))}
    inserted = updated = 0
    for row in rows:
        old = existing.pop(tuple(mapper.primary_key_from_instance(row)), None)
        if old is None:
            session.add(row)
            inserted += 1
            continue
        differing = [name for name in columns if getattr(old, name) != getattr(row, name)]
        for name in differing:
            setattr(old, name, getattr(row, name))
        updated += bool(differing)
    obsolete = [] if keep else list(existing.values())
    for row in obsolete:
        session.delete(row)
    session.flush()
    return Changes(inserted=inserted, updated=updated, deleted=len(obsolete))
