"""Writes and lists the versions of assets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetEntry
from pipeline.catalog.sync import Changes
from pipeline.catalog.tables import AssetRow
from pipeline.catalog.version_tables import VersionRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput


class Version(Frozen):
    """One version of an asset; the fields are those of the table `asset_versions`."""

    asset_id: str
    number: int
    sha256: str
    media_type: str
    size_bytes: int
    width_px: int
    height_px: int
    source: str
    verdict: str
    reasons: tuple[str, ...]
    checked_state: str
    step_key: str | None
    made_at: datetime
    published_at: datetime | None
    replaced_at: datetime | None


def write_versions(
    session: Session,
    own: ColumnElement[bool],
    checked: Sequence[tuple[str, AssetEntry]],
    published: dict[str, datetime | None],
    now: datetime,
) -> Changes:
    """Write the versions of the assets in `own`: other bytes, or bytes made by another step, are a new version.

    `checked`: of the assets that are made, identity and entry as the checks judged it. `published`: their
    `published_at`, by identity. The present version of an asset that is no longer made ends.
    """
    newest = _newest(session, own)
    inserted = updated = 0
    for identity, entry in checked:
        old = newest.pop(identity, None)
        values = {**_values(entry), "published_at": published[identity]}
        if old is None or old.replaced_at is not None or not _is_same(old, entry):
            if old is not None and old.replaced_at is None:
                old.replaced_at = now
                updated += 1
            number = 1 if old is None else old.number + 1
            session.add(VersionRow(asset_id=identity, number=number, made_at=now, replaced_at=None, **values))
            inserted += 1
            continue
        values["published_at"] = old.published_at or published[identity]
        differing = {name: value for name, value in values.items() if getattr(old, name) != value}
        for name, value in differing.items():
            setattr(old, name, value)
        updated += bool(differing)
    for old in newest.values():
        if old.replaced_at is None:
            old.replaced_at = now
            updated += 1
    session.flush()
    return Changes(inserted=inserted, updated=updated)


def _newest(session: Session, own: ColumnElement[bool]) -> dict[str, VersionRow]:
    last = (
        select(VersionRow.asset_id, func.max(VersionRow.number).label("number"))
        .join(AssetRow, AssetRow.id == VersionRow.asset_id)
        .where(own)
        .group_by(VersionRow.asset_id)
        .subquery()
    )
    query = select(VersionRow).join(
        last, (last.c.asset_id == VersionRow.asset_id) & (last.c.number == VersionRow.number)
    )
    return {row.asset_id: row for row in session.scalars(query)}


def _is_same(row: VersionRow, entry: AssetEntry) -> bool:
    return (row.sha256, row.step_key) == (entry.sha256, entry.step_key)


def _values(entry: AssetEntry) -> dict[str, Any]:
    fields = {"media_type", "width_px", "height_px", "source", "verdict"}
    return {
        "sha256": entry.sha256,
        "size_bytes": entry.size_bytes,
        "step_key": entry.step_key,
        "reasons": list(entry.record.reasons),
        "checked_state": entry.state,
        **entry.record.model_dump(include=fields),
    }


def list_versions(catalog: Catalog, asset_id: str) -> list[Version]:
    """Every version of an asset, the first one first. Raises BadInput when the catalog has no such asset."""
    with catalog.read() as session:
        query = select(VersionRow).where(VersionRow.asset_id == asset_id).order_by(VersionRow.number)
        versions = [version_of(row) for row in session.scalars(query)]
    if not versions:
        raise BadInput(f"the catalog has no asset {asset_id!r}", remedy="List the assets with `catalog assets`")
    return versions


def find_version(
    session: Session, asset_id: str, *, as_of: datetime | None = None, number: int | None = None
) -> VersionRow:
    """The version of an asset that was made at a time, or has a number; by default the last one.

    Raises BadInput when there is none.
    """
    query = select(VersionRow).where(VersionRow.asset_id == asset_id).order_by(VersionRow.number.desc()).limit(1)
    if number is not None:
        query = query.where(VersionRow.number == number)
    if as_of is not None:
        query = query.where(
            VersionRow.made_at <= as_of, (VersionRow.replaced_at.is_(None)) | (VersionRow.replaced_at > as_of)
        )
    row = session.scalar(query)
    if row is not None:
        return row
    first = session.scalar(select(func.min(VersionRow.made_at)).where(VersionRow.asset_id == asset_id))
    if first is None:
        raise BadInput(f"the catalog has no asset {asset_id!r}", remedy="List the assets with `catalog assets`")
    if number is not None:
        raise BadInput(f"{asset_id} has no version {number}", remedy=f"List them with `catalog diff {asset_id}`")
    when = f"{as_of:%Y-%m-%d %H:%M} UTC" if as_of else ""
    raise BadInput(f"{asset_id} was not made at {when}", remedy=f"It was first made at {first:%Y-%m-%d %H:%M} UTC")


def version_of(row: VersionRow) -> Version:
    """The row as a value."""
    return Version.model_validate({name: getattr(row, name) for name in Version.model_fields})
