"""How far the redoes are that people asked for."""

from collections.abc import Iterable, Sequence
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.review.replacing import made_again, wish_of
from pipeline.catalog.review_tables import ReviewRow
from pipeline.catalog.run_tables import RunShootRow
from pipeline.catalog.tables import AssetRow
from pipeline.core.domain import Frozen

NOTHING_MADE = "it made nothing that no check or person rejected"


class Redo(Frozen):
    """How far a redo is.

    `state`: `to come`; `made`, and one of `assets` replaces the asset once it is published; `apart`, where all `assets`
    are for other channels; `failed`, for `reason`. After the last two the asset waits for a person again. `run_id`: the
    run that makes it; None where nobody said which.
    """

    state: Literal["to come", "made", "apart", "failed"]
    run_id: str | None = None
    reason: str = ""
    assets: tuple[str, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether a person must decide on the asset that was sent back."""
        return self.state in {"apart", "failed"}


def redoes_of(session: Session, reviews: Iterable[ReviewRow]) -> dict[int, Redo]:
    """How far the redoes among these decisions are, by the decision's id."""
    asked = [review for review in reviews if review.decision == "redo"]
    if not asked:
        return {}
    runs = {str(review.settings["run_id"]) for review in asked if "run_id" in review.settings}
    query = select(RunShootRow).where(RunShootRow.run_id.in_(runs))
    ended = {(row.run_id, row.sku): row for row in session.scalars(query)} if runs else {}
    made = made_again(session, (_sku(review) for review in asked))
    found = {}
    for review in asked:
        run_id = str(review.settings["run_id"]) if "run_id" in review.settings else None
        assets = [asset for asset in made.get((_sku(review), wish_of(review)), ()) if asset.id != review.asset_id]
        found[review.id] = _progress(review, run_id, ended.get((run_id or "", _sku(review))), assets)
    return found


def _progress(review: ReviewRow, run_id: str | None, ended: RunShootRow | None, assets: Sequence[AssetRow]) -> Redo:
    if ended is not None and ended.fate in {"failed", "held", "refused"}:
        return Redo(state="failed", run_id=run_id, reason=ended.reason)
    if assets and (run_id is None or (ended is not None and ended.fate != "planned")):
        channel = review.asset_id.rpartition("/")[2]
        state: Literal["made", "apart"] = "made" if any(asset.channel == channel for asset in assets) else "apart"
        return Redo(state=state, run_id=run_id, assets=tuple(asset.id for asset in assets))
    if ended is not None and ended.fate == "done":
        return Redo(state="failed", run_id=run_id, reason=NOTHING_MADE)
    return Redo(state="to come", run_id=run_id)


def _sku(review: ReviewRow) -> str:
    return review.asset_id.partition("/")[0]
