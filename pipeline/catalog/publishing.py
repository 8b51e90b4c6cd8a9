"""Writes one shoot into the catalog in one transaction, touching only rows that differ."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.caption_tables import CaptionRow, ClaimRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.duplicates import Duplicate, flagged, note_duplicates
from pipeline.catalog.entries import AssetEntry, Publication, asset_id
from pipeline.catalog.review.replacing import replace_sent_back
from pipeline.catalog.review.standing import with_decisions
from pipeline.catalog.states import refresh_states
from pipeline.catalog.step_rows import StepIds, write_steps
from pipeline.catalog.sync import Changes, read_rows, sync, sync_with, table_of
from pipeline.catalog.tables import AngleRow, AssetRow, CheckRow, RequestRow, ShootRow, search_text
from pipeline.catalog.trace.facts import note_facts
from pipeline.catalog.vector_tables import VectorRow
from pipeline.catalog.vectors import rows_of
from pipeline.catalog.versions import write_versions


class Published(NamedTuple):
    """The assets as they were written, the products whose photos look alike, and the changed rows."""

    assets: tuple[AssetEntry, ...]
    duplicates: tuple[Duplicate, ...]
    changes: Changes


def publish(catalog: Catalog, publication: Publication, now: datetime) -> Published:
    """Make the catalog's rows of one shoot equal to `publication`, in one transaction.

    With a request, its assets are written beside those of shoot.yaml, and replace those that were sent back for it.
    Equal rows are not touched: a repeated call changes nothing, `published_at` included. Assets that are no longer made
    are kept as not current and withdrawn. Where the photos look like those of a product that was there before, the
    assets get the check `near_duplicate`. People's decisions hold for the same bytes, whatever the checks say of them
    now. `now` becomes `published_at` of the assets that this call publishes, and the time of their new versions.
    """
    assets = publication.assets
    duplicates: tuple[Duplicate, ...] = ()
    with catalog.write() as session:
        steps, written = write_steps(session, publication)
        changes = _shoot(session, publication) + written + note_facts(session, publication)
        if publication.request is not None:
            changes += _request(session, publication)
        if publication.angles is not None:
            changes += _angles(session, publication)
        if publication.caption is not None:
            changes += _caption(session, publication, steps)
        if publication.vectors is not None:
            changes += _vectors(session, publication, steps)
            duplicates, noted = note_duplicates(session, publication)
            changes += noted
        if assets is not None:
            assets, written = _assets(session, publication, flagged(assets, duplicates, publication), steps, now)
            changes += written
        if publication.request is not None:
            replaced = replace_sent_back(session, [publication.sku], now)
            changes += Changes(updated=len(replaced))
        changes += refresh_states(session, publication.sku)
        return Published(assets or (), duplicates, changes)


def _shoot(session: Session, publication: Publication) -> Changes:
    values = publication.model_dump(include={"collection", "title", "brand", "category", "attributes", "sheet_sha256"})
    values["search_text"] = search_text(publication.sku, publication.title)
    if publication.sheet_sha256 is None:
        del values["sheet_sha256"]
    connection, table = session.connection(), table_of(ShootRow)
    row = connection.execute(select(table).where(table.c.sku == publication.sku)).first()
    if row is None:
        new = {"sku": publication.sku, "source": "", "fate": "planned", "reason": "", **values}
        return sync(session, ShootRow, None, [new])
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    if differing:
        connection.execute(update(table).where(table.c.sku == publication.sku).values(differing))
    return Changes(updated=bool(differing))


def _angles(session: Session, publication: Publication) -> Changes:
    rows = [
        {
            "sku": publication.sku,
            "angle": decision.angle.name,
            "azimuth_deg": decision.angle.azimuth_deg,
            "elevation_deg": decision.angle.elevation_deg,
            **decision.model_dump(exclude={"angle", "code"}),
        }
        for decision in publication.angles or ()
    ]
    return sync(session, AngleRow, AngleRow.sku == publication.sku, rows)


def _caption(session: Session, publication: Publication, steps: StepIds) -> Changes:
    assert publication.caption is not None  # noqa: S101 - for the type checker; the caller has checked it
    evidence = publication.evidence.model_dump(mode="json") if publication.evidence else {}
    row = {
        "sku": publication.sku,
        "step_id": steps[publication.caption_step_key],
        "evidence": evidence,
        **publication.caption.model_dump(mode="json"),
    }
    changes = sync(session, CaptionRow, CaptionRow.sku == publication.sku, [row])
    claims = [
        {
            "sku": publication.sku,
            "language": publication.caption.language,
            "position": position,
            **dict(claim),
            "evidence": list(claim.evidence),
        }
        for position, claim in enumerate(publication.claims or ())
    ]
    return changes + sync(session, ClaimRow, ClaimRow.sku == publication.sku, claims)


def _vectors(session: Session, publication: Publication, steps: StepIds) -> Changes:
    rows = rows_of(publication.sku, publication.vectors or (), steps[publication.vectors_step_key])
    return sync(session, VectorRow, VectorRow.sku == publication.sku, rows)


def _request(session: Session, publication: Publication) -> Changes:
    assert publication.request is not None  # noqa: S101 - for the type checker; the caller has checked it
    row = {"sku": publication.sku, **dict(publication.request)}
    return sync(session, RequestRow, RequestRow.id == publication.request.id, [row])


def _assets(
    session: Session, publication: Publication, checked: tuple[AssetEntry, ...], steps: StepIds, now: datetime
) -> tuple[tuple[AssetEntry, ...], Changes]:
    """Write the assets of shoot.yaml, or those of the request; neither withdraws the others.

    `checked`: as the checks judged them. Returns them with people's decisions applied.
    """
    request = publication.request
    own = (AssetRow.sku == publication.sku) & AssetRow.request_id.is_not_distinct_from(request.id if request else None)
    existing = read_rows(session, AssetRow, own)
    ids = [asset_id(publication.sku, entry.record, request) for entry in checked]
    entries = with_decisions(session, ids, checked) if existing else checked
    rows = [
        {"step_id": steps[entry.step_key], **_asset(publication, entry, existing.get(identity), identity, now)}
        for identity, entry in zip(ids, entries, strict=True)
    ]
    published = {row["id"]: row["published_at"] for row in rows}
    withdrawn = [identity for identity, row in existing.items() if identity not in published and row.current]
    changes = sync_with(session, AssetRow, existing, rows, keep=True) + _withdraw(session, withdrawn)
    changes += write_versions(session, list(zip(ids, checked, strict=True)), published, existing, steps, now)
    checks = [
        {"asset_id": identity, **vars(check)}
        for identity, entry in zip(ids, entries, strict=True)
        for check in entry.record.checks
    ]
    scope = among(CheckRow.asset_id, ids) if existing else None
    return entries, changes + sync(session, CheckRow, scope, checks)


def _withdraw(session: Session, ids: list[str]) -> Changes:
    """Mark assets that are no longer made."""
    if ids:
        gone = {"current": False, "state": "withdrawn", "published_at": None}
        session.execute(update(AssetRow).where(AssetRow.id.in_(ids)).values(gone))
    return Changes(updated=len(ids))


def _asset(publication: Publication, entry: AssetEntry, existing: Any, identity: str, now: datetime) -> dict[str, Any]:
    """The row of this entry. An asset that is already published with the same bytes keeps its `published_at`.

    `existing`: what the catalog has of it, or None.
    """
    published_at = None
    if entry.state == "published":
        same = existing is not None and existing.state == "published" and existing.sha256 == entry.sha256
        published_at = existing.published_at if existing is not None and same else now
    record = entry.record
    shown = ("angle", "backdrop", "channel", "media_type", "width_px", "height_px", "source", "verdict")
    return {
        "id": identity,
        "sku": publication.sku,
        "request_id": publication.request.id if publication.request else None,
        "reasons": list(record.reasons),
        "sha256": entry.sha256,
        "size_bytes": entry.size_bytes,
        "state": entry.state,
        "current": True,
        "published_at": published_at,
        **{name: getattr(record, name) for name in shown},
    }
