"""Forward from a photo: which assets it touched. From a checkpoint or a setting: see `behind.py`."""

from datetime import datetime
from pathlib import PurePath

from sqlalchemy import Select, TableClause, select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.database import Catalog
from pipeline.catalog.paging import Page, limited, page
from pipeline.catalog.tables import TREE, AssetRow, InputRow
from pipeline.catalog.trace.walk import steps_above
from pipeline.catalog.version_tables import VersionRow
from pipeline.catalog.views import PHOTO_IMPACT
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.media import JSON
from pipeline.core.photo_names import is_name_of

SHORTEST = 6  # hex digits by which a photo may be named
ALIKE = 100  # files that begin alike, from which on more digits are needed


class Touched(Frozen):
    """A version of an asset that was made from what was asked about.

    `state`: of the asset now. `current`: the asset is made so now. `published_at`: when these bytes were first
    published, also if they no longer are; None if they never were. `replaced_at`: when another version replaced them.
    """

    asset_id: str
    number: int
    sku: str
    angle: str
    backdrop: str
    channel: str
    sha256: str
    media_type: str
    state: str
    current: bool
    published_at: datetime | None
    replaced_at: datetime | None

    @property
    def cursor(self) -> str:
        """The position in a page."""
        return f"{self.asset_id}@{self.number}"


class Photo(Frozen):
    """A source file of a shoot. `name`: the file's path in the shoot's folder."""

    sku: str
    name: str
    sha256: str


def impact_of_photo(
    catalog: Catalog, photo: str, *, every_version: bool = False, cursor: str | None = None, limit: int = 50
) -> Page[Touched]:
    """The assets that were made from a photo, by identity: of each the present version, or every one.

    `photo`: its sha256 or the first digits, or `<sku>/<photo>` with the photo's file or safe name. Raises BadInput when
    the catalog has no such photo.
    """
    with catalog.read() as session:
        sha256 = _digest(session, photo)
        view = PHOTO_IMPACT.c
        query = touched_in(PHOTO_IMPACT).where(view.photo_sha256 == sha256)
        query = query.order_by(view.asset_id, view.number).limit(limited(limit) + 1)
        if not every_version:
            query = query.where(view.replaced_at.is_(None))
        if cursor is not None:
            identity, number = position(cursor)
            query = query.where((view.asset_id > identity) | (view.asset_id == identity) & (view.number > number))
        rows = session.execute(query).mappings().all()
    return page([Touched.model_validate(dict(row)) for row in rows], limit, lambda row: row.cursor)


def touched_in(view: TableClause) -> Select[tuple[object, ...]]:
    """Select the fields of `Touched` from a view that has them."""
    names = ("asset_id", "number", "sku", "angle", "backdrop", "channel", "sha256", "state", "published_at")
    columns = [view.c[name] for name in (*names, "replaced_at")]
    media_type = select(VersionRow.media_type).where(
        VersionRow.asset_id == view.c.asset_id, VersionRow.number == view.c.number
    )
    current = view.c.replaced_at.is_(None).label("current")
    return select(*columns, current, media_type.scalar_subquery().label("media_type"))


def position(cursor: str) -> tuple[str, int]:
    """The asset and version after which a page begins. Raises BadInput when the cursor is none."""
    identity, at, number = cursor.rpartition("@")
    if not at or not number.isdecimal() or len(number) > 18:
        raise BadInput(f"{cursor[:40]!r} is not a cursor", remedy="Begin with the first page")
    return identity, int(number)


def photos_of(session: Session, sku: str) -> list[Photo]:
    """The source files behind the assets of a shoot, as they are made now, by name."""
    own = select(AssetRow.step_id).where(AssetRow.sku == sku, AssetRow.current, AssetRow.step_id.is_not(None))
    steps = steps_above(session, [step for step in session.scalars(own) if step])
    query = select(InputRow.source_path, InputRow.path, InputRow.name, InputRow.sha256).where(
        among(InputRow.step_id, steps), InputRow.producer_id.is_(None), InputRow.media_type.not_in((TREE, JSON))
    )
    photos = {
        sha256: Photo(sku=sku, name=source_path or path or name, sha256=sha256)
        for source_path, path, name, sha256 in session.execute(query)
    }
    return sorted(photos.values(), key=lambda photo: photo.name)


def _digest(session: Session, photo: str) -> str:
    sku, slash, name = photo.partition("/")
    if slash:
        return _named(session, sku, name)
    wanted = photo.lower()
    if len(wanted) < SHORTEST or set(wanted) - set("0123456789abcdef"):
        raise BadInput(
            f"{photo!r} names no photo", remedy=f"Give SKU/PHOTO, or {SHORTEST} or more digits of its sha256"
        )
    source = (InputRow.producer_id.is_(None), InputRow.media_type.not_in((TREE, JSON)))
    begin_so = (InputRow.sha256 >= wanted, InputRow.sha256 < wanted + "g", InputRow.producer_id.is_(None))
    alike = select(InputRow.sha256).where(*begin_so).distinct().order_by(InputRow.sha256).limit(ALIKE)
    candidates = session.scalars(alike).all()
    query = select(InputRow.sha256).where(among(InputRow.sha256, candidates), *source).distinct()
    found = session.scalars(query).all()
    if len(found) != 1 or len(candidates) == ALIKE:
        what = "several files begin with" if found else "the catalog has no photo"
        raise BadInput(f"{what} {photo}", remedy="Give SKU/PHOTO, or the whole sha256")
    return found[0]


def _named(session: Session, sku: str, name: str) -> str:
    photos = photos_of(session, sku)
    for photo in photos:
        file = PurePath(photo.name).name
        if name in {photo.name, file} or is_name_of(name, file):
            return photo.sha256
    if not photos:
        raise BadInput(
            f"the catalog has no photos of a product {sku!r}", remedy="List the assets with `catalog assets`"
        )
    names = ", ".join(photo.name for photo in photos[:3])
    raise BadInput(f"{sku} has no photo {name!r}", remedy=f"Name one of its {len(photos)} files, such as {names}")
