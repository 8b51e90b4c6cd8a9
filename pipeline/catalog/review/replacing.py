"""Lets what was made for a redo take the place of the asset that was sent back."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from pipeline.catalog.review.actors import Actor, Role
from pipeline.catalog.review.applying import Decided, take, take_back
from pipeline.catalog.review.standing import standing
from pipeline.catalog.review_tables import ReviewRow
from pipeline.catalog.tables import AssetRow, RequestRow
from pipeline.catalog.version_tables import VersionRow


def replace_sent_back(session: Session, skus: Iterable[str], now: datetime) -> list[Decided]:
    """Withdraw those assets of the products that were sent back and made again, once the new ones are published.

    An asset is replaced by one that the same words asked for, in the same channel: of the same angle and backdrop if
    there is one, else of the same angle, else any. Where that one waits for a person, so does the one that was sent
    back. The decision `replaced` counts as taken by whoever sent it back; undone, the asset stands as sent back again.
    """
    replaced = []
    made = made_again(session, skus)
    for sku in sorted({sku for sku, _ in made}):
        for old, review in _sent_back(session, sku):
            new = closest(old, made.get((sku, wish_of(review)), ()))
            if new is not None and new.state == "published":
                replaced.append(_replace(session, old, new, review, now))
    return replaced


def bring_back(session: Session, skus: Iterable[str], actor: Actor, now: datetime) -> None:
    """Undo the replacements of these products' assets by assets that are published no more."""
    new = aliased(AssetRow)
    query = (
        select(AssetRow, VersionRow, ReviewRow)
        .join(ReviewRow, ReviewRow.asset_id == AssetRow.id)
        .join(VersionRow, (VersionRow.asset_id == AssetRow.id) & VersionRow.replaced_at.is_(None))
        .join(new, new.id == ReviewRow.reason)
        .where(AssetRow.sku.in_(set(skus)), AssetRow.current, ReviewRow.sha256 == AssetRow.sha256)
        .where(ReviewRow.decision == "replaced", ReviewRow.undone_at.is_(None), new.state != "published")
        .order_by(AssetRow.id, ReviewRow.id)
    )
    for old, version, review in session.execute(query).all():
        take_back(session, old, version, review, actor, now)


def made_again(session: Session, skus: Iterable[str]) -> dict[tuple[str, str], list[AssetRow]]:
    """The assets of these products that briefs asked for and no check or person rejected, by sku and the brief's words.

    Those of one brief are sorted by identity.
    """
    query = (
        select(AssetRow, RequestRow.text)
        .join(RequestRow, RequestRow.id == AssetRow.request_id)
        .where(AssetRow.sku.in_(set(skus)), AssetRow.current, AssetRow.state.in_(("published", "in review")))
        .order_by(AssetRow.id)
    )
    made: dict[tuple[str, str], list[AssetRow]] = {}
    for asset, text in session.execute(query):
        made.setdefault((asset.sku, " ".join(text.split())), []).append(asset)
    return made


def wish_of(review: ReviewRow) -> str:
    """What a redo asks for, with single spaces, as `made_again` has the words of a brief; empty without words."""
    return " ".join(str(review.settings.get("text", "")).split())


def _sent_back(session: Session, sku: str) -> list[tuple[AssetRow, ReviewRow]]:
    """The assets of a product that stand as sent back, with the decision."""
    query = select(AssetRow).join(ReviewRow, ReviewRow.asset_id == AssetRow.id).distinct()
    query = query.where(AssetRow.sku == sku, AssetRow.current, ReviewRow.decision == "redo").order_by(AssetRow.id)
    assets = session.scalars(query).all()
    reviews = standing(session, [asset.id for asset in assets])
    held = ((asset, reviews.get((asset.id, asset.sha256))) for asset in assets)
    return [(asset, review) for asset, review in held if review is not None and review.decision == "redo"]


def closest(old: AssetRow, made: Sequence[AssetRow]) -> AssetRow | None:
    """The one of `made` that takes the place of `old`; None if none is for its channel."""
    candidates = [new for new in made if new.channel == old.channel and new.id != old.id]
    return max(candidates, key=lambda new: _likeness(old, new), default=None)


def _likeness(old: AssetRow, new: AssetRow) -> tuple[bool, ...]:
    return (new.angle == old.angle, new.backdrop == old.backdrop, new.state == "published")


def _replace(session: Session, old: AssetRow, new: AssetRow, review: ReviewRow, now: datetime) -> Decided:
    query = select(VersionRow).where(VersionRow.asset_id == old.id, VersionRow.replaced_at.is_(None))
    actor = Actor(name=review.decided_by, role=Role.REVIEWER)
    return take(session, old, session.scalars(query).one(), actor, now, {"decision": "replaced", "reason": new.id})
