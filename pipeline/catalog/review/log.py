"""What people decided and did, the newest first."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from pipeline.catalog.database import Catalog
from pipeline.catalog.paging import Page, limited, number_of, page
from pipeline.catalog.review_tables import AuditRow, ReviewRow
from pipeline.catalog.rows import record_of
from pipeline.catalog.views import REVIEW_LOG
from pipeline.core.domain import Frozen


class Review(Frozen):
    """One decision. `holds`: it is not undone, the asset's bytes are still the same, and no newer one replaces it."""

    id: int
    asset_id: str
    sha256: str
    decision: str
    reason: str
    settings: dict[str, Any]
    overrules: bool
    decided_by: str
    decided_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    holds: bool


class Action(Frozen):
    """One row of the audit log."""

    id: int
    at: datetime
    actor: str
    role: str
    action: str
    target: str
    details: dict[str, Any]


def review_log(
    catalog: Catalog,
    *,
    asset_id: str | None = None,
    sku: str | None = None,
    decided_by: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Review]:
    """The decisions, of one asset, product or person if given."""
    view = REVIEW_LOG.c
    query = select(REVIEW_LOG).order_by(view.id.desc()).limit(limited(limit) + 1)
    for name, value in (("asset_id", asset_id), ("sku", sku), ("decided_by", decided_by)):
        query = query if value is None else query.where(view[name] == value)
    query = query if cursor is None else query.where(view.id < number_of(cursor))
    with catalog.read() as session:
        found = [record_of(Review, row) for row in session.execute(query)]
    return page(found, limit, lambda review: str(review.id))


def replaced_by(catalog: Catalog, asset_id: str) -> tuple[str, ...]:
    """The assets in whose place this one was made, by identity."""
    view = REVIEW_LOG.c
    query = select(view.asset_id).where(
        view.sku == asset_id.partition("/")[0], view.decision == "replaced", view.reason == asset_id, view.holds
    )
    with catalog.read() as session:
        return tuple(session.scalars(query.order_by(view.asset_id)))


def audit_log(
    catalog: Catalog, *, target: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Action]:
    """The actions of people, on one target if given."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limited(limit) + 1)
    query = query if target is None else query.where(AuditRow.target == target)
    query = query if cursor is None else query.where(AuditRow.id < number_of(cursor))
    with catalog.read() as session:
        rows = [record_of(Action, row) for row in session.scalars(query)]
    return page(rows, limit, lambda action: str(action.id))


def review_of(row: ReviewRow, *, holds: bool) -> Review:
    """The row as a value."""
    return record_of(Review, row, holds=holds)
