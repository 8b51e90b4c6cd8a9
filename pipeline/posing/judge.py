"""Checks that enough photos were registered; if not, says why and what to shoot, in a photographer's terms."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.core.colmap.model import SparseModel
from pipeline.core.domain import azimuth_elevation_deg
from pipeline.core.errors import Held
from pipeline.posing.frame import Rig, product_rotation, upright
from pipeline.posing.gaps import largest_gap
from pipeline.posing.product import ProductFrame
from pipeline.posing.sfm.colmap import PoseResult
from pipeline.posing.sfm.request import PoseReport
from pipeline.posing.sides.resolve import Resolved

MAX_NAMES = 3


def report_of(resolved: Resolved, frame: ProductFrame, photos: Sequence[str]) -> PoseReport:
    """The report on a finished SfM run. `photos`: the names of all photos, registered or not."""
    posed = resolved.posed
    registered = {view.photo for view in frame.views}
    return PoseReport(
        photos=len(photos),
        registered=len(registered),
        not_registered=tuple(photo for photo in photos if photo not in registered),
        strays=posed.strays,
        reprojection_error_px=round(frame.model.reprojection_error_px, 4),
        points=len(frame.model.points.positions),
        apart=posed.answer.apart,
        joined=posed.answer.joined,
        attempts=tuple(f"{attempt.name}: {attempt.registered} photos" for attempt in posed.answer.attempts),
        rings=frame.rings,
        ring_residual_deg=None if frame.ring_residual_deg is None else round(frame.ring_residual_deg, 3),
        up=frame.up,
        by_order=resolved.by_order,
        largest_gap_deg=round(largest_gap([view.azimuth_deg for view in frame.views]).width_deg, 2),
        seconds=round(posed.answer.seconds, 3),
        peak_memory_mb=round(posed.answer.peak_memory_mb, 1),
    )


def require_registered(
    posed: PoseResult, photos: Sequence[str], rig: Rig, front: str, *, min_registered: int, min_fraction: float
) -> SparseModel:
    """Return the model if enough of `photos` are registered in it.

    Raises Held otherwise, naming the largest gap and the number of photos to shoot; or the photos of which nothing was
    cut out, if it was for them that too few are left.
    """
    needed = max(min_registered, math.ceil(min_fraction * len(photos)))
    model = posed.model
    if model is not None and len(model.images) >= needed:
        return model
    count = 0 if model is None else len(model.images)
    registered = set() if model is None else {image.photo for image in model.images}
    empty = [Path(photo.name).stem for photo in posed.unusable]
    missing = [photo for photo in photos if photo not in registered and photo not in empty]
    what = f"{count} of {len(photos)} photos registered, {needed} are needed"
    what += f"; not registered: {_listed(missing)}" if missing and model is not None else ""
    what += f"; beside their ring: {_listed(list(posed.strays))}" if posed.strays else ""
    what += f"; nothing was cut out of {len(empty)} (see cutout): {_listed(empty)}" if empty else ""
    if empty and (count + len(empty) >= needed or len(empty) >= len(missing)):
        raise Held(
            what,
            code="sfm-cutouts-empty",
            remedy=f"Put mattes of these photos, made by hand, into mattes/ (mattes/{empty[0]}.png), or name another"
            " engine for cutout",
        )
    if model is None or count < 3:
        raise Held(
            what,
            code="sfm-no-poses",
            remedy="Shoot at least 24 sharp photos, no more than 15° apart, with the product filling half the frame; "
            "put a few small removable stickers on a product without any pattern",
        )
    if posed.answer.apart:
        raise _apart(posed, [image.photo for image in model.images], f"{count} of {len(photos)}")
    gap, remedy = _largest_gap(model, rig, front)
    raise Held(f"{what}; {gap}", code="sfm-too-few-poses", remedy=remedy)


def _apart(posed: PoseResult, registered: Sequence[str], share: str) -> Held:
    """The error for photos that form several models; names photos of each."""
    models = [sorted(registered), *posed.answer.apart]
    return Held(
        f"{share} photos registered; the photos form {len(models)} models that share no detail: "
        + ", and ".join(f"{len(photos)} ({_listed(photos)})" for photos in models),
        code="sfm-apart",
        remedy="If the product was turned over or moved between them, make a shoot of each part; if not, shoot a few "
        "photos that show both sides, at most 15° apart",
    )


def _largest_gap(model: SparseModel, rig: Rig, front: str) -> tuple[str, str]:
    """Describe the largest gap (azimuths from the front photo, neighbouring photos); returns (what, remedy)."""
    fit = upright([image.cam_from_world for image in model.images], rig)
    towards = {image.photo: image.centre - fit.foot for image in model.images}
    rotation = product_rotation(fit.up, towards.get(front, next(iter(towards.values()))))
    azimuths = {photo: azimuth_elevation_deg(rotation @ vector)[0] for photo, vector in towards.items()}
    gap = largest_gap(list(azimuths.values()))
    before, after = (
        min(azimuths, key=lambda photo: abs(_turn_deg(azimuths[photo], edge))) for edge in (gap.from_deg, gap.to_deg)
    )
    where = f"the gap is {gap.label}" if front in towards else f"the gap is {gap.width_deg:.0f}° wide"
    return f"{where}, between {before} and {after}", f"Shoot {gap.photos_to_shoot} more there, then run again"


def _turn_deg(first: float, second: float) -> float:
    """Signed angle from `second` to `first` in degrees, -180 to 180."""
    return float(np.mod(first - second + 180.0, 360.0) - 180.0)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
