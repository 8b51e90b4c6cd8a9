"""Poses photos, and poses them again by their order when sides of the product were mistaken for each other."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.records import PhotoFacts
from pipeline.posing.halves import halves
from pipeline.posing.sfm.colmap import PoseResult, pose
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.request import PoseParams
from pipeline.posing.sides.alike import PhotoFiles
from pipeline.posing.sides.repeats import Doubt, RepeatedSides, doubt, neighbours

ENOUGH_BY_ORDER = 0.7


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
    meets one of the other. Raises RepeatedSides where the order does not decide it.
    """
    posed = pose(photos, masks, focal_px, params, scratch)
    if posed.model is None:
        return Resolved(posed, by_order=False)
    files = {photo.photo: PhotoFiles(photo.path, None if masks is None else masks[photo.photo]) for photo in photos}
    found = _doubt(posed, order, files)
    if found is None:
        return Resolved(posed, by_order=False)
    if params.rig != "turntable" or found.turn_deg is None:
        raise RepeatedSides(found)
    pairs = neighbours(order, found.turn_deg)
    again = pose(photos, masks, focal_px, params, scratch / "by-order", pairs=pairs)
    enough = again.model is not None and len(again.model.images) >= ENOUGH_BY_ORDER * len(photos)
    if not enough or _doubt(again, order, files) is not None:
        raise RepeatedSides(found)
    return Resolved(again, by_order=True)


def _doubt(posed: PoseResult, order: Sequence[str], files: Mapping[str, PhotoFiles]) -> Doubt | None:
    """The first doubt about a half of the product: each half is a walk of its own around it."""
    parts = [] if posed.model is None else halves(posed.model, posed.answer.joined)
    return next((found for part in parts if (found := doubt(part, order, files)) is not None), None)
