"""Queries for the shop: which assets exist, in which state, with which caption."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.caption_tables import CaptionRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.outdated import is_outdated
from pipeline.catalog.rows import record_of
from pipeline.catalog.tables import AngleRow, AssetRow, CheckRow, RequestRow, ShootRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Caption, Check


class AssetView(Frozen):
    """One asset as the catalog records it. `size_bytes`, `width_px` and `height_px` describe the finished file."""

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
    """An asset with its caption and checks.

    `photo`: name of the photo that the picture was cut out of; None if the picture was rendered. `brief`: the text that
    asked for the asset; None for those of shoot.yaml.
    """

    asset: AssetView
    caption: Caption | None
    checks: tuple[Check, ...]
    brief: str | None = None
    photo: str | None = None

    @property
    def alt_text(self) -> str:
        """The alt text of this asset's angle; its identity if the shoot has no caption."""
        if self.caption is None:
            return self.asset.id
        return self.caption.alt_texts.get(self.asset.angle, self.caption.alt_text)


def list_assets(
    catalog: Catalog,
    *,
    sku: str | None = None,
    collection: str | None = None,
    state: str | None = None,
    not_edition: str | None = None,
    current_only: bool = True,
    limit: int | None = None,
) -> list[AssetView]:
    """The assets that match every given filter, sorted by identity.

    `not_edition`: only those of outdated shoots, this being today's edition. Assets that are no longer made are listed
    only with `current_only=False` or `state="withdrawn"`.
    """
    query = select(AssetRow, ShootRow).join(ShootRow, ShootRow.sku == AssetRow.sku).order_by(AssetRow.id)
    if sku is not None:
        query = query.where(AssetRow.sku == sku)
    if collection is not None:
        query = query.where(ShootRow.collection == collection)
    if state is not None:
        query = query.where(AssetRow.state == state)
    if not_edition is not None:
        query = query.where(is_outdated(not_edition))
    if current_only and state != "withdrawn":
        query = query.where(AssetRow.current)
    with catalog.read() as session:
        return [view_of(asset, shoot) for asset, shoot in session.execute(query.limit(limit))]


def read_asset(catalog: Catalog, asset_id: str) -> AssetDetail:
    """Read one asset by its identity `<sku>/<angle>/<backdrop>/<channel>`. Raises BadInput for an unknown one."""
    with catalog.read() as session:
        return asset_detail(session, asset_id)


def asset_detail(session: Session, asset_id: str) -> AssetDetail:
    """The same, in a session."""
    query = (
        select(AssetRow, ShootRow, AngleRow.photo, RequestRow.text, CaptionRow)
        .join(ShootRow, ShootRow.sku == AssetRow.sku)
        .outerjoin(AngleRow, (AngleRow.sku == AssetRow.sku) & (AngleRow.angle == AssetRow.angle))
        .outerjoin(RequestRow, RequestRow.id == AssetRow.request_id)
        .outerjoin(CaptionRow, CaptionRow.sku == AssetRow.sku)
    )
    found = session.execute(query.where(AssetRow.id == asset_id).order_by(CaptionRow.language).limit(1)).one_or_none()
    if found is None:
        raise BadInput(f"the catalog has no asset {asset_id!r}", remedy="List the assets with `catalog assets`")
    asset, shoot, photo, brief, caption = found
    return AssetDetail(
        brief=brief,
        photo=photo if asset.source == "captured" else None,
        asset=view_of(asset, shoot),
        caption=record_of(Caption, caption) if caption else None,
        checks=checks_of(session, [asset_id]).get(asset_id, ()),
    )


def count_by_state(assets: Sequence[AssetView]) -> dict[str, int]:
    """The number of assets per state, sorted by state."""
    states = [asset.state for asset in assets]
    return {state: states.count(state) for state in sorted(set(states))}


def checks_of(session: Session, ids: Iterable[str]) -> dict[str, tuple[Check, ...]]:
    """The checks of each of these assets: those that failed first, then by name."""
    query = select(CheckRow).where(among(CheckRow.asset_id, ids)).order_by(CheckRow.asset_id, CheckRow.name)
    found: dict[str, list[Check]] = {}
    for row in session.scalars(query):
        found.setdefault(row.asset_id, []).append(record_of(Check, row))
    return {
        identity: tuple(sorted(checks, key=lambda check: check.passed is not False))
        for identity, checks in found.items()
    }


def view_of(asset: AssetRow, shoot: ShootRow) -> AssetView:
    """An asset with what its shoot adds."""
    return record_of(AssetView, asset, collection=shoot.collection, title=shoot.title)
