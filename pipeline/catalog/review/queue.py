"""The assets that wait for a person's decision."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.paging import Page, limited, page
from pipeline.catalog.queries import AssetView, checks_of, view_of
from pipeline.catalog.review.log import Review, review_of
from pipeline.catalog.review.redo import Redo, redoes_of
from pipeline.catalog.review.standing import standing
from pipeline.catalog.tables import AngleRow, AssetRow, ShootRow
from pipeline.core.domain import Frozen
from pipeline.core.records import Check


class ReviewItem(Frozen):
    """An asset to decide on. `checks`: the failed ones first. `photo`: that it was cut out of; None if rendered.

    `review`: the decision that holds for its bytes, which is a redo, or None. `redo`: how far that redo is.
    """

    asset: AssetView
    checks: tuple[Check, ...]
    photo: str | None
    review: Review | None
    redo: Redo | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a person must decide now: nobody sent it back, or the redo replaces it with nothing."""
        return self.redo is None or self.redo.needs_person


def review_queue(
    catalog: Catalog,
    *,
    collection: str | None = None,
    channel: str | None = None,
    sku: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ReviewItem]:
    """The assets in review, by identity. `cursor`: the asset after which the page begins."""
    query = (
        select(AssetRow, ShootRow)
        .join(ShootRow, ShootRow.sku == AssetRow.sku)
        .where(AssetRow.current, AssetRow.state == "in review")
        .order_by(AssetRow.id)
        .limit(limited(limit) + 1)
    )
    query = query if collection is None else query.where(ShootRow.collection == collection)
    query = query if channel is None else query.where(AssetRow.channel == channel)
    query = query if sku is None else query.where(AssetRow.sku == sku)
    query = query if cursor is None else query.where(AssetRow.id > cursor)
    with catalog.read() as session:
        found = session.execute(query).all()
        rows = page(found, limit, lambda pair: pair[0].id)
        return Page(rows=_items(session, rows.rows), next=rows.next)


def _items(session: Session, rows: Sequence[tuple[AssetRow, ShootRow]]) -> tuple[ReviewItem, ...]:
    ids = [asset.id for asset, _ in rows]
    checks, reviews = checks_of(session, ids), standing(session, ids)
    query = select(AngleRow.sku, AngleRow.angle, AngleRow.photo).where(AngleRow.sku.in_({a.sku for a, _ in rows}))
    redoes = redoes_of(session, reviews.values())
    photos = {(sku, angle): photo for sku, angle, photo in session.execute(query)}
    items = []
    for asset, shoot in rows:
        review = reviews.get((asset.id, asset.sha256))
        items.append(
            ReviewItem(
                asset=view_of(asset, shoot),
                checks=checks.get(asset.id, ()),
                photo=photos.get((asset.sku, asset.angle)) if asset.source == "captured" else None,
                review=review_of(review, holds=True) if review else None,
                redo=redoes.get(review.id) if review else None,
            )
        )
    return tuple(items)
