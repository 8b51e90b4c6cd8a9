"""Takes decisions on assets and undoes them, each in one transaction with its row of the audit log."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.review.actors import Actor, Role, note
from pipeline.catalog.review.standing import outcome, standing
from pipeline.catalog.review_tables import ReviewRow
from pipeline.catalog.states import refresh_states
from pipeline.catalog.tables import AssetRow
from pipeline.catalog.version_tables import VersionRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

Decision = Literal["approved", "rejected", "redo", "withdrawn"]
VERBS: dict[Decision, str] = {"approved": "approve", "rejected": "reject", "redo": "redo", "withdrawn": "withdraw"}
NEEDS: dict[Decision, Role] = {"approved": "reviewer", "rejected": "reviewer", "redo": "reviewer", "withdrawn": "admin"}


class Decided(Frozen):
    """The asset after a decision or its undoing. `review_id`: of the decision; `before`, `after`: the asset's state."""

    asset_id: str
    review_id: int
    decision: Decision
    before: str
    after: str


def decide(
    catalog: Catalog,
    asset_ids: Sequence[str],
    decision: Decision,
    actor: Actor,
    *,
    reason: str = "",
    settings: dict[str, Any] | None = None,
    seen: dict[str, str] | None = None,
) -> tuple[Decided, ...]:
    """Decide on assets, all in one transaction, and apply the decision at once.

    `seen`: asset -> sha256 of the bytes that the person looked at; a decision on other bytes is refused. `settings`: of
    a redo. A rejection and a withdrawal need a reason, a redo a reason or settings. Raises BadInput when the role does
    not suffice, or an asset is unknown, no longer made, or rejected by a check and `actor` does not overrule it.
    """
    actor.require(NEEDS[decision], f"{VERBS[decision]} assets")
    reason = " ".join(reason.split())
    if decision != "approved" and not reason and not (decision == "redo" and settings):
        raise BadInput(f"to {VERBS[decision]} an asset, a reason is needed", remedy="Give a reason")
    now, ids = datetime.now(UTC), list(dict.fromkeys(asset_ids))
    values = {"decision": decision, "reason": reason, "settings": settings or {}}
    with catalog.write() as session:
        decided = [_decide(session, identity, actor, (seen or {}).get(identity), now, values) for identity in ids]
        _refresh(session, ids)
    return tuple(decided)


def _decide(
    session: Session, asset_id: str, actor: Actor, seen: str | None, now: datetime, values: dict[str, Any]
) -> Decided:
    """Decide on one asset. `values`: of the columns of `reviews`."""
    asset, version = _made(session, asset_id)
    _require_seen(asset, seen)
    overrules = values["decision"] == "approved" and version.verdict == "rejected"
    if overrules:
        _require_overruling(asset, actor, values["reason"])
    review = ReviewRow(
        asset_id=asset_id, sha256=asset.sha256, overrules=overrules, decided_by=actor.name, decided_at=now, **values
    )
    session.add(review)
    session.flush()
    done = _apply(session, asset, version, review, now)
    note(session, actor, VERBS[done.decision], asset_id, now, _details(review, done))
    return done


def undo(catalog: Catalog, asset_id: str, actor: Actor) -> Decided:
    """Undo the decision that holds for an asset; the one before it then holds again.

    Raises BadInput when the asset is unknown or has no decision, or the role does not suffice.
    """
    now = datetime.now(UTC)
    with catalog.write() as session:
        asset, version = _made(session, asset_id)
        review = standing(session, [asset_id]).get((asset_id, asset.sha256))
        if review is None:
            raise BadInput(
                f"{asset_id} has no decision on its present bytes", remedy="See `catalog review log` for earlier ones"
            )
        decision: Decision = review.decision  # type: ignore[assignment] # the column is text
        actor.require(NEEDS[decision], f"undo what was {decision}")
        review.undone_by, review.undone_at = actor.name, now
        session.flush()
        done = _apply(session, asset, version, review, now)
        note(session, actor, "undo", asset_id, now, _details(review, done))
        _refresh(session, [asset_id])
    return done


def _made(session: Session, asset_id: str) -> tuple[AssetRow, VersionRow]:
    """The asset and its present version."""
    asset = session.get(AssetRow, asset_id)
    if asset is None:
        raise BadInput(f"the catalog has no asset {asset_id!r}", remedy="List the assets with `catalog assets`")
    version = session.scalar(
        select(VersionRow).where(VersionRow.asset_id == asset_id, VersionRow.replaced_at.is_(None))
    )
    if version is None:
        raise BadInput(f"{asset_id} is no longer made", remedy="Decide on an asset that the shoot still makes")
    return asset, version


def _require_seen(asset: AssetRow, seen: str | None) -> None:
    if seen is not None and seen != asset.sha256:
        raise BadInput(
            f"{asset.id} has been made again: it is now {asset.sha256[:12]}, not {seen[:12]}",
            remedy="Look at it again, then decide",
        )


def _require_overruling(asset: AssetRow, actor: Actor, reason: str) -> None:
    """An asset that a check rejects breaks a channel's rule: only an admin publishes it, and says why."""
    why = f"{asset.id} is rejected by a check: {'; '.join(asset.reasons)}"
    if not actor.may("admin"):
        raise BadInput(why, remedy="Ask an admin to approve it, or have it made again")
    if not reason:
        raise BadInput(why, remedy="Give a reason to approve it nonetheless")


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


def _refresh(session: Session, asset_ids: Sequence[str]) -> None:
    for sku in dict.fromkeys(identity.partition("/")[0] for identity in asset_ids):
        refresh_states(session, sku)
