"""Which decisions hold, and what they make of an asset's state."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.entries import AssetEntry, AssetState
from pipeline.catalog.review_tables import ReviewRow


class Outcome(NamedTuple):
    """The state of an asset, and why it is not published."""

    state: AssetState
    reasons: tuple[str, ...]


def standing(session: Session, ids: Iterable[str]) -> dict[tuple[str, str], ReviewRow]:
    """The decisions that hold for these assets, by asset and sha256: of those that are not undone, the newest."""
    query = (
        select(ReviewRow).where(ReviewRow.asset_id.in_(list(ids)), ReviewRow.undone_at.is_(None)).order_by(ReviewRow.id)
    )
    return {(row.asset_id, row.sha256): row for row in session.scalars(query)}


def outcome(checked: AssetState, verdict: str, reasons: Sequence[str], review: ReviewRow | None) -> Outcome:
    """What a decision makes of the state `checked`, which checks and settings gave.

    An approval does not publish what a check rejects, unless an admin overruled that check for these bytes. A rejection
    and a withdrawal hold whatever the checks say; a redo keeps the asset in review until what is made instead
    is published and replaces it.
    """
    if review is None:
        return Outcome(checked, tuple(reasons))
    by, why = review.decided_by, f": {review.reason}" if review.reason else ""
    if review.decision == "approved":
        if verdict == "rejected" and not review.overrules:
            return Outcome(checked, (*reasons, f"{by} approved it before a check rejected it"))
        return Outcome("published", tuple(reasons))
    if review.decision == "redo":
        state: AssetState = "rejected" if checked == "rejected" else "in review"
        return Outcome(state, (*reasons, f"{by} asked for a redo{why}"))
    if review.decision == "replaced":
        return Outcome("withdrawn", (*reasons, f"replaced by {review.reason}"))
    state = "withdrawn" if review.decision == "withdrawn" else "rejected"
    return Outcome(state, (*reasons, f"{state} by {by}{why}"))


def with_decisions(session: Session, ids: Sequence[str], entries: Sequence[AssetEntry]) -> tuple[AssetEntry, ...]:
    """The entries of a publication with the decisions that hold for their bytes. `ids`: theirs, in the same order."""
    reviews = standing(session, ids)
    decided = []
    for identity, entry in zip(ids, entries, strict=True):
        review = reviews.get((identity, entry.sha256))
        if review is not None:
            state, reasons = outcome(entry.state, entry.record.verdict, entry.record.reasons, review)
            record = entry.record.model_copy(update={"reasons": reasons})
            entry = entry.model_copy(update={"state": state, "record": record})  # noqa: PLW2901
        decided.append(entry)
    return tuple(decided)
