"""Which finished files a shop or a person gets, with the texts that belong to each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, func, select, true
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.caption_tables import CaptionRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetState
from pipeline.catalog.tables import AssetRow, ShootRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

OF_ASSET = (
    AssetRow.id.label("asset_id"),
    AssetRow.sku,
    func.coalesce(AssetRow.request_id, "").label("request"),
    AssetRow.angle,
    AssetRow.backdrop,
    AssetRow.channel,
    AssetRow.sha256,
    AssetRow.media_type,
    AssetRow.size_bytes,
    AssetRow.width_px,
    AssetRow.height_px,
    AssetRow.state,
    AssetRow.source,
    AssetRow.published_at,
)
NAMED = ("sku", "collection", "channel", "angle", "backdrop")
MOST_IDS = 2000  # assets that one filter names


class FileFilter(Frozen):
    """Which assets are meant: those in one state that match every filter given.

    `state`: None for every state, withdrawn ones too. `ids`: only these assets.
    """

    sku: str | None = None
    collection: str | None = None
    channel: str | None = None
    angle: str | None = None
    backdrop: str | None = None
    state: AssetState | None = "published"
    ids: tuple[str, ...] = Field(default=(), max_length=MOST_IDS)


class FinishedFile(Frozen):
    """The file of one asset. `request`: of the brief that asked for it, else empty.

    `title`: the caption's for the asset's channel; without a caption, the shoot's. `alt_text`: the caption's for the
    asset's angle; without a caption, the asset's identity.
    """

    asset_id: str
    sku: str
    collection: str
    request: str
    angle: str
    backdrop: str
    channel: str
    sha256: str
    media_type: str
    size_bytes: int
    width_px: int
    height_px: int
    state: str
    source: str
    title: str
    alt_text: str
    published_at: datetime | None


def list_files(catalog: Catalog, which: FileFilter) -> list[FinishedFile]:
    """The files that match, sorted by asset; withdrawn ones only with the state `withdrawn` or None.

    Raises BadInput when no asset, whatever its state, has the sku, collection, channel, angle, backdrop or id: a
    mistyped name is no empty selection.
    """
    named = _named(which)
    conditions = [condition for _, _, condition in named]
    if which.state is not None:
        conditions.append(AssetRow.state == which.state)
    if which.state not in {"withdrawn", None}:
        conditions.append(AssetRow.current == true())
    if which.ids:
        conditions.append(among(AssetRow.id, which.ids))
    with catalog.read() as session:
        for name, value, condition in named:
            _require_known(session, name, value, condition)
        _require_known_ids(session, which.ids)
        rows = session.execute(_of_shoots(*OF_ASSET, ShootRow.collection, ShootRow.title, conditions=conditions))
        captions = _captions(session, conditions)
        return [_file(row, captions.get(row.sku)) for row in rows]


def _named(which: FileFilter) -> list[tuple[str, str, ColumnElement[bool]]]:
    """Each filter that is given: its name, its value, and the condition."""
    columns = {name: ShootRow.collection if name == "collection" else getattr(AssetRow, name) for name in NAMED}
    given = ((name, getattr(which, name)) for name in NAMED)
    return [(name, value, columns[name] == value) for name, value in given if value is not None]


def _of_shoots(*columns: Any, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    query = select(*columns).join_from(AssetRow, ShootRow, ShootRow.sku == AssetRow.sku)
    return query.where(*conditions).order_by(AssetRow.id)


def _require_known(session: Session, name: str, value: str, condition: ColumnElement[bool]) -> None:
    if session.execute(_of_shoots(AssetRow.id, conditions=[condition]).limit(1)).first() is None:
        raise _unknown(name, value)


def _require_known_ids(session: Session, ids: Sequence[str]) -> None:
    known = set(session.scalars(select(AssetRow.id).where(among(AssetRow.id, ids)))) if ids else set()
    for identity in ids:
        if identity not in known:
            raise _unknown("id", identity)


def _unknown(name: str, value: str) -> BadInput:
    return BadInput(
        f"the catalog has no asset with the {name} {value!r}", remedy="List the assets with `catalog assets`"
    )


def _captions(session: Session, conditions: Sequence[ColumnElement[bool]]) -> dict[str, Row[Any]]:
    """Titles and alt texts of the shoots whose assets match, by sku; of several languages, the one `read_asset` has."""
    columns = (CaptionRow.sku, CaptionRow.title, CaptionRow.titles, CaptionRow.alt_text, CaptionRow.alt_texts)
    skus = _of_shoots(AssetRow.sku, conditions=conditions).order_by(None)
    found: dict[str, Row[Any]] = {}
    for row in session.execute(select(*columns).where(CaptionRow.sku.in_(skus)).order_by(CaptionRow.language)):
        found.setdefault(row.sku, row)
    return found


def _file(row: Row[Any], caption: Row[Any] | None) -> FinishedFile:
    title, alt_text = row.title or "", row.asset_id
    if caption is not None:
        title = caption.titles.get(row.channel, caption.title)
        alt_text = caption.alt_texts.get(row.angle, caption.alt_text)
    return FinishedFile.model_validate({**row._asdict(), "title": title, "alt_text": alt_text})
