"""How far the redoes are that people asked for."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.review.replacing import closest, made_again, wish_of
from pipeline.catalog.review_tables import ReviewRow
from pipeline.catalog.run_tables import RunShootRow
from pipeline.catalog.tables import AssetRow, RequestRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

NOTHING_MADE = "it made nothing that no check or person rejected"


class Redo(Frozen):
    """How far a redo is.

    `state`: `to come`; `made`, with the one of `assets` that replaces it once that is published; `apart`, with `assets`
    that are all for other channels; `failed`, for `reason`. After the last two the asset waits for a person again.
    `run_id`: the run that makes it; None where nobody said which.
    """

    state: Literal["to come", "made", "apart", "failed"]
    run_id: str | None = None
    reason: str = ""
    assets: tuple[str, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether a person must decide on the asset that was sent back."""
        return self.state in {"apart", "failed"}


class Place(NamedTuple):
    """The product, angle and backdrop of an asset. `plan`: of the brief that asked for it; None: shoot.yaml did."""

    sku: str
    angle: str
    backdrop: str
    plan: dict[str, Any] | None


def find_place(catalog: Catalog, asset_id: str) -> Place:
    """What an asset is a picture of. Raises BadInput when the catalog has no such asset."""
    query = select(AssetRow.sku, AssetRow.angle, AssetRow.backdrop, RequestRow.plan)
    query = query.outerjoin(RequestRow, RequestRow.id == AssetRow.request_id).where(AssetRow.id == asset_id)
    with catalog.read() as session:
        row = session.execute(query).one_or_none()
    if row is None:
        raise BadInput(f"the catalog has no asset {asset_id!r}", remedy="List the assets with `catalog assets`")
    return Place(*row)


def redoes_of(session: Session, reviews: Iterable[ReviewRow]) -> dict[int, Redo]:
    """How far the redoes among these decisions are, by the decision's id."""
    asked = [review for review in reviews if review.decision == "redo"]
    if not asked:
        return {}
    runs = {str(review.settings["run_id"]) for review in asked if "run_id" in review.settings}
    query = select(RunShootRow).where(RunShootRow.run_id.in_(runs))
    ended = {(row.run_id, row.sku): row for row in session.scalars(query)} if runs else {}
    own = select(AssetRow).where(AssetRow.id.in_([review.asset_id for review in asked]))
    assets = {asset.id: asset for asset in session.scalars(own)}
    made = made_again(session, (asset.sku for asset in assets.values()))
    found = {}
    for review in asked:
        asset = assets[review.asset_id]
        run_id = str(review.settings["run_id"]) if "run_id" in review.settings else None
        new = [each for each in made.get((asset.sku, wish_of(review)), ()) if each is not asset]
        found[review.id] = _progress(asset, run_id, ended.get((run_id or "", asset.sku)), new)
    return found


def _progress(asset: AssetRow, run_id: str | None, ended: RunShootRow | None, made: Sequence[AssetRow]) -> Redo:
    """`ended`: how the run ended for the asset's product; None where that is not recorded yet."""
    if ended is not None and ended.fate in {"failed", "held", "refused"}:
        return Redo(state="failed", run_id=run_id, reason=ended.reason)
    if made and (run_id is None or (ended is not None and ended.fate != "planned")):
        new = closest(asset, made)
        if new is None:
            return Redo(state="apart", run_id=run_id, assets=tuple(each.id for each in made))
        return Redo(state="made", run_id=run_id, assets=(new.id,))
    if ended is not None and ended.fate == "done":
        return Redo(state="failed", run_id=run_id, reason=NOTHING_MADE)
    return Redo(state="to come", run_id=run_id)
