"""Gives assets the state that decisions make of what the checks said."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from pipeline.catalog.review.actors import Actor, note
from pipeline.catalog.review.standing import outcome, standing
from pipeline.catalog.review_tables import ReviewRow
from pipeline.catalog.tables import AssetRow
from pipeline.catalog.version_tables import VersionRow
from pipeline.core.domain import Frozen

Choice = Literal["approved", "rejected", "redo", "withdrawn"]  # what a person can decide
Decision = Literal[Choice, "replaced"]
VERBS: dict[Decision, str] = {
    "approved": "approve",
    "rejected": "reject",
    "redo": "redo",
    "withdrawn": "withdraw",
    "replaced": "replace",
}


class Decided(Frozen):
    """The asset after a decision or its undoing. `review_id`: of the decision; `before`, `after`: the asset's state."""

    asset_id: str
    review_id: int
    decision: Decision
    before: str
    after: str


def take(
    session: Session, asset: AssetRow, version: VersionRow, actor: Actor, now: datetime, values: dict[str, Any]
) -> Decided:
    """Write a decision on the asset's present bytes, apply it, and note it. `values`: of the columns of `reviews`."""
    values = {"reason": "", "settings": {}, "overrules": False, **values}
    review = ReviewRow(asset_id=asset.id, sha256=asset.sha256, decided_by=actor.name, decided_at=now, **values)
    session.add(review)
    session.flush()
    done = _apply(session, asset, version, review, now)
    note(session, actor, VERBS[done.decision], asset.id, now, _details(review, done))
    return done


def take_back(
    session: Session, asset: AssetRow, version: VersionRow, review: ReviewRow, actor: Actor, now: datetime
) -> Decided:
    """Undo a decision on the asset's present bytes, apply the one before it, and note it."""
    review.undone_by, review.undone_at = actor.name, now
    session.flush()
    done = _apply(session, asset, version, review, now)
    note(session, actor, "undo", asset.id, now, _details(review, done))
    return done


def _apply(session: Session, asset: AssetRow, version: VersionRow, review: ReviewRow, now: datetime) -> Decided:
    """Give the asset the state that its decisions make of what the checks said."""
    before = asset.state
    holds = standing(session, [asset.id]).get((asset.id, asset.sha256))
    state, reasons = outcome(version.checked_state, version.verdict, version.reasons, holds)  # type: ignore[arg-type]
    asset.state, asset.reasons = state, list(reasons)
    if state != "published":
        asset.published_at = None
    elif before != "published":
        asset.published_at = now
        version.published_at = version.published_at or now
    session.flush()
    decision: Decision = review.decision  # type: ignore[assignment] # the column is text
    return Decided(asset_id=asset.id, review_id=review.id, decision=decision, before=before, after=state)


def _details(review: ReviewRow, done: Decided) -> dict[str, Any]:
    return {
        "review": review.id,
        "decision": review.decision,
        "sha256": review.sha256,
        "reason": review.reason,
        "settings": review.settings,
        "overrules": review.overrules,
        "before": done.before,
        "after": done.after,
    }
