"""Poses photos, and poses them again when sides of the product were mistaken for each other or folded.

Sides that look alike are told apart by the order of the photos; a fold may open with more features.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.records import PhotoFacts
from pipeline.posing.halves import halves
from pipeline.posing.sfm.colmap import PoseResult, pose
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.recipes import DENSE, ROUGH
from pipeline.posing.sfm.request import PoseParams
from pipeline.posing.sides.alike import PhotoFiles
from pipeline.posing.sides.folds import Fold, Folded, fold_in
from pipeline.posing.sides.repeats import Doubt, RepeatedSides, doubt, neighbours

ENOUGH_BY_ORDER = 0.7  # of all photos
ENOUGH_UNFOLDED = 0.9  # of the photos that were registered before


@dataclass(frozen=True)
class Resolved:
    """The poses; `by_order`: only photos that follow each other were matched, because sides look alike."""

    posed: PoseResult
    by_order: bool


def shooting_order(facts: Sequence[PhotoFacts]) -> list[str]:
    """The photos in the order in which they were taken: by EXIF time if all have one, else by the numbers in names."""
    times = {fact.photo: fact.captured_at for fact in facts if fact.captured_at is not None}
    names = by_number([fact.photo for fact in facts])
    return names if len(times) < len(names) else sorted(names, key=lambda photo: times[photo].timestamp())


def by_number(names: Iterable[str]) -> list[str]:
    """Names sorted as people count: P2 before P10."""
    return sorted(names, key=lambda name: [(part.isdigit(), part.zfill(20)) for part in re.split(r"(\d+)", name)])


def resolved_poses(
    photos: Sequence[PhotoFile],
    masks: Mapping[str, Path] | None,
    focal_px: Mapping[str, float | None],
    params: PoseParams,
    scratch: Path,
    *,
    order: Sequence[str],
) -> Resolved:
    """Estimate the poses as `pose` does; `order`: all photos (stems) in the order in which they were taken.

    On a turntable the order decides between sides that look alike: with only neighbours matched, no photo of one side
    meets one of the other. Raises RepeatedSides where the order does not decide it, Folded for a fold that stays.
    """
    posed = pose(photos, masks, focal_px, params, scratch)
    if posed.model is None:
        return Resolved(posed, by_order=False)
    files = {photo.photo: PhotoFiles(photo.path, None if masks is None else masks[photo.photo]) for photo in photos}
    found = _doubt(posed, order, files)
    if found is None:
        fold = _fold(posed, order, files)
        if fold is None:
            return Resolved(posed, by_order=False)
        again = pose(photos, masks, focal_px, _finer(params), scratch / "finer", recipes=ROUGH)
        return Resolved(_unfolded(again, fold, order, files), by_order=False)
    if params.rig != "turntable" or found.turn_deg is None:
        raise RepeatedSides(found)
    pairs = neighbours(order, found.turn_deg)
    again = pose(photos, masks, focal_px, params, scratch / "by-order", pairs=pairs)
    enough = again.model is not None and len(again.model.images) >= ENOUGH_BY_ORDER * len(photos)
    if not enough or _doubt(again, order, files) is not None or _fold(again, order, files) is not None:
        raise RepeatedSides(found)
    return Resolved(again, by_order=True)


def _finer(params: PoseParams) -> PoseParams:
    """The settings with more features from larger photos: a fold has too few features that both sides show."""
    side_px, count = DENSE.side_px(params), DENSE.count(params)
    return params.model_copy(update={"max_side_px": min(side_px, 8192), "max_features": min(count, 65536)})


def _unfolded(again: PoseResult, fold: Fold, order: Sequence[str], files: Mapping[str, PhotoFiles]) -> PoseResult:
    """The second poses of a shoot that was folded. Raises Folded when they have a side too few, or are wrong too."""
    registered = 0 if again.model is None else len(again.model.images)
    whole = registered >= ENOUGH_UNFOLDED * sum(map(len, fold.parts))
    if not whole or _doubt(again, order, files) is not None or _fold(again, order, files) is not None:
        raise Folded(fold)
    return again


def _fold(posed: PoseResult, order: Sequence[str], files: Mapping[str, PhotoFiles]) -> Fold | None:
    """The first fold of a half of the product."""
    parts = [] if posed.model is None else halves(posed.model, posed.answer.joined)
    return next((fold for part in parts if (fold := fold_in(part, posed.silhouettes, order, files)) is not None), None)


def _doubt(posed: PoseResult, order: Sequence[str], files: Mapping[str, PhotoFiles]) -> Doubt | None:
    """The first doubt about a half of the product: each half is a walk of its own around it."""
    parts = [] if posed.model is None else halves(posed.model, posed.answer.joined)
    return next((found for part in parts if (found := doubt(part, order, files)) is not None), None)
