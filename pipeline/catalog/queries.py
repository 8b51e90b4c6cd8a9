"""Answers to the shop's questions: which assets are there, in which state, with which words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from pipeline.catalog.database import Catalog
from pipeline.catalog.tables import AngleRow, AssetRow, CaptionRow, CheckRow, ShootRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Caption, Check


class AssetView(Frozen):
    """One asset as the catalog has it. `size_bytes`, `width_px` and `height_px` are of the finished file."""

    id: str
    sku: str
    collection: str
    title: str | None
    angle: str
    backdrop: str
    channel: str
    sha256: str
    media_type: str
    size_bytes: int
    width_px: int
    height_px: int
    source: str
    verdict: str
    reasons: tuple[str, ...]
    state: str
    current: bool
    published_at: datetime | None
    step_key: str | None


class AssetDetail(Frozen):
    """An asset with its words and everything that was measured of it.

    `photo`: the one that the picture was cut out of, by its name; None where the picture was rendered.
    """

    asset: AssetView
    caption: Caption | None
    checks: tuple[Check, ...]
    photo: str | None = None

    @property
    def alt_text(self) -> str:
        """What stands for the picture where it cannot be seen: the words for its own angle."""
        if self.caption is None:
            return self.asset.id
        return self.caption.alt_texts.get(self.asset.angle, self.caption.alt_text)


def list_assets(
    catalog: Catalog,
    *,
    sku: str | None = None,
    collection: str | None = None,
    state: str | None = None,
    current_only: bool = True,
    limit: int | None = None,
) -> list[AssetView]:
    """Assets sorted by identity, narrowed by what is given; those no longer made only when asked for."""
    query = select(AssetRow, ShootRow).join(ShootRow, ShootRow.sku == AssetRow.sku).order_by(AssetRow.id)
    if sku is not None:
        query = query.where(AssetRow.sku == sku)
    if collection is not None:
        query = query.where(ShootRow.collection == collection)
    if state is not None:
        query = query.where(AssetRow.state == state)
    if current_only and state != "withdrawn":
        query = query.where(AssetRow.current)
    with catalog.read() as session:
        return [_view(asset, shoot) for asset, shoot in session.execute(query.limit(limit))]


def read_asset(catalog: Catalog, asset_id: str) -> AssetDetail:
    """One asset by its identity `<sku>/<angle>/<backdrop>/<channel>`. Raises BadInput when the catalog has none."""
    with catalog.read() as session:
        asset = session.get(AssetRow, asset_id)
        shoot = session.get(ShootRow, asset.sku) if asset else None
        if asset is None or shoot is None:
            raise BadInput(f"the catalog has no asset {asset_id!r}", remedy="`catalog assets` lists them")
        checks = session.scalars(select(CheckRow).where(CheckRow.asset_id == asset_id).order_by(CheckRow.name))
        caption = session.scalars(select(CaptionRow).where(CaptionRow.sku == asset.sku)).first()
        angle = session.get(AngleRow, (asset.sku, asset.angle))
        return AssetDetail(
            photo=angle.photo if angle and asset.source == "captured" else None,
            asset=_view(asset, shoot),
            caption=Caption.model_validate(_fields(caption, Caption)) if caption else None,
            checks=tuple(Check.model_validate(_fields(check, Check)) for check in checks),
        )


def count_by_state(assets: Sequence[AssetView]) -> dict[str, int]:
    """How many assets are in each state."""
    states = [asset.state for asset in assets]
    return {state: states.count(state) for state in sorted(set(states))}


def _view(asset: AssetRow, shoot: ShootRow) -> AssetView:
    own = {name: getattr(asset, name) for name in AssetView.model_fields if name not in {"collection", "title"}}
    return AssetView(collection=shoot.collection, title=shoot.title, **own)


def _fields(row: object, kind: type[Frozen]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in kind.model_fields}
