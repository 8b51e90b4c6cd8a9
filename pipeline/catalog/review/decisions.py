"""Takes decisions on assets and undoes them, each in one transaction with its row of the audit log."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.review.actors import Actor, Role
from pipeline.catalog.review.applying import VERBS, Choice, Decided, Decision, take, take_back
from pipeline.catalog.review.replacing import bring_back, replace_sent_back
from pipeline.catalog.review.standing import standing
from pipeline.catalog.states import refresh_states
from pipeline.catalog.tables import AssetRow
from pipeline.catalog.version_tables import VersionRow
from pipeline.core.errors import BadInput

NEEDS: dict[Decision, Role] = {
    "approved": Role.REVIEWER,
    "rejected": Role.REVIEWER,
    "redo": Role.REVIEWER,
    "withdrawn": Role.ADMIN,
    "replaced": Role.REVIEWER,  # to undo it
}


def decide(
    catalog: Catalog,
    asset_ids: Sequence[str],
    decision: Choice,
    actor: Actor,
    *,
    reason: str = "",
    settings: dict[str, Any] | None = None,
    seen: dict[str, str] | None = None,
) -> tuple[Decided, ...]:
    """Decide on assets, all in one transaction, and apply the decision at once.

    An approved asset that was made for a redo takes the place of the one that was sent back, and gives it back when it
    is rejected or withdrawn. `seen`: asset -> sha256 of the bytes that the person looked at; a decision on other bytes
    is refused. `settings`: of a redo, see `ReviewRow`. A rejection and a withdrawal need a reason, a redo a reason or
    settings. Raises BadInput when the role does not suffice, or an asset is unknown, no longer made, or rejected by a
    check and `actor` does not overrule it.
    """
    actor.require(NEEDS[decision], f"{VERBS[decision]} assets")
    reason = " ".join(reason.split())
    if decision != "approved" and not reason and not (decision == "redo" and settings):
        raise BadInput(f"to {VERBS[decision]} an asset, a reason is needed", remedy="Give a reason")
    now, ids = datetime.now(UTC), list(dict.fromkeys(asset_ids))
    values = {"decision": decision, "reason": reason, "settings": settings or {}}
    with catalog.write() as session:
        decided = [_decide(session, identity, actor, (seen or {}).get(identity), now, values) for identity in ids]
        if decision == "approved":
            replace_sent_back(session, _skus(ids), now)
        else:
            bring_back(session, _skus(ids), actor, now)
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
    return take(session, asset, version, actor, now, {**values, "overrules": overrules})


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
        done = take_back(session, asset, version, review, actor, now)
        bring_back(session, _skus([asset_id]), actor, now)
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
    if not actor.may(Role.ADMIN):
        raise BadInput(why, remedy="Ask an admin to approve it, or have it made again")
    if not reason:
        raise BadInput(why, remedy="Give a reason to approve it nonetheless")


def _refresh(session: Session, asset_ids: Sequence[str]) -> None:
    for sku in _skus(asset_ids):
        refresh_states(session, sku)


def _skus(asset_ids: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(identity.partition("/")[0] for identity in asset_ids))
