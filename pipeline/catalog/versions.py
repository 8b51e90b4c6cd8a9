"""Writes and lists the versions of assets."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetEntry
from pipeline.catalog.step_rows import StepIds
from pipeline.catalog.sync import Changes, read_rows, sync_with, table_of
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
    checked: Sequence[tuple[str, AssetEntry]],
    published: Mapping[str, datetime | None],
    known: Collection[str],
    steps: StepIds,
    now: datetime,
) -> Changes:
    """Write the versions of a shoot's assets: other bytes, or bytes made by another step, are a new version.

    `checked`: of the assets that are made, identity and entry as the checks judged it. `published`: their
    `published_at`, by identity. `known`: the assets that the catalog had before; the present version of one that is no
    longer made ends. `steps`: the numbers of the steps by key.
    """
    table = table_of(VersionRow)
    made = among(VersionRow.asset_id, known) & VersionRow.replaced_at.is_(None)
    present = {row.asset_id: row for row in read_rows(session, VersionRow, made).values()} if known else {}
    ended = [identity for identity in present if identity not in published]
    new: list[dict[str, Any]] = []
    updated = 0
    for identity, entry in checked:
        old = present.get(identity)
        values = {**_values(entry), "step_id": steps[entry.step_key], "published_at": published[identity]}
        if old is None or (old.sha256, old.step_id) != (entry.sha256, values["step_id"]):
            new.append({"asset_id": identity, "made_at": now, "replaced_at": None, **values})
            if old is not None:
                ended.append(identity)
            continue
        values["published_at"] = old.published_at or published[identity]
        differing = {name: value for name, value in values.items() if getattr(old, name) != value}
        if differing:
            row = (VersionRow.asset_id == identity, VersionRow.number == old.number)
            session.execute(update(table).where(*row).values(differing))
            updated += 1
    if ended:
        session.execute(
            update(table).where(VersionRow.asset_id.in_(ended), VersionRow.replaced_at.is_(None)), {"replaced_at": now}
        )
    numbers = _last_numbers(session, [row["asset_id"] for row in new if row["asset_id"] in known])
    numbered = ({**values, "number": numbers.get(values["asset_id"], 0) + 1} for values in new)
    return sync_with(session, VersionRow, {}, numbered) + Changes(updated=updated + len(ended))


def _last_numbers(session: Session, ids: Sequence[str]) -> dict[str, int]:
    query = select(VersionRow.asset_id, func.max(VersionRow.number)).where(VersionRow.asset_id.in_(ids))
    return dict(session.execute(query.group_by(VersionRow.asset_id)).all()) if ids else {}


def _values(entry: AssetEntry) -> dict[str, Any]:
    fields = ("media_type", "width_px", "height_px", "source", "verdict")
    return {
        "sha256": entry.sha256,
        "size_bytes": entry.size_bytes,
        "reasons": list(entry.record.reasons),
        "checked_state": entry.state,
        **{name: getattr(entry.record, name) for name in fields},
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
