"""Photos that SfM registered beside their place: on a turntable every camera of a ring sees the axis alike.

A photo tied to its neighbours by a handful of points (one at the edge of a gap, say) can be several degrees off while
COLMAP reports half a pixel of reprojection error. The ring knows better.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import SparseModel
from pipeline.posing.frame import Rig, Upright, upright

STRAY_DEG = 1.0
STRAY_TIMES_MEDIAN = 8.0
"""Measured: photos in place miss their ring by a median of 0.05 deg and at most 0.5, strays by 1.2 and more; a rig that
turns unevenly has a median of 1 deg and no photo beyond 4 medians."""
BESIDE_RING_DEG = 10.0
"""A camera further than this from every ring was put there on purpose: a shot from above, say."""
RING_SIZE = 4
"""Fewer cameras than this cannot outvote one."""


def strays(model: SparseModel, rig: Rig) -> dict[str, float]:
    """The photos that miss their ring by more than such a rig explains -> by how much, in degrees.

    The miss is the larger of two angles: between the directions in which the photo and its ring's median camera see
    the axis, and between those in which they see its foot, at the ring's distance. Empty for `handheld` rigs.
    """
    if rig == "handheld" or len(model.images) <= RING_SIZE:
        return {}
    poses = [image.cam_from_world for image in model.images]
    fit = upright(poses, rig)
    rings = [fit.rings == ring for ring in range(fit.rings.max() + 1)]
    missed = np.full(len(poses), np.nan)
    for ring in rings:
        if ring.sum() >= RING_SIZE:
            off = _missed_deg(np.stack(poses), fit, ring)
            mine = ring | ((fit.rings < 0) & (off < BESIDE_RING_DEG))
            missed[mine] = np.fmin(missed[mine], off[mine])
    if np.isnan(missed).all():
        return {}
    limit = max(STRAY_DEG, STRAY_TIMES_MEDIAN * float(np.nanmedian(missed)))
    return {model.images[i].photo: round(float(missed[i]), 2) for i in np.flatnonzero(missed > limit)}


def _missed_deg(poses: F64, fit: Upright, ring: NDArray[np.bool_]) -> F64:
    """By how much each camera [N, 4, 4] misses the median camera of `ring` [N] bool, in degrees [N]."""
    axis = poses[:, :3, :3] @ fit.up
    foot = poses[:, :3, :3] @ fit.foot + poses[:, :3, 3]
    middle = np.median(axis[ring], axis=0)
    cosine = axis @ middle / np.linalg.norm(middle)
    distance = float(np.median(np.linalg.norm(foot[ring], axis=1)))
    aside = np.linalg.norm(foot - np.median(foot[ring], axis=0), axis=1) / distance
    return np.asarray(np.degrees(np.maximum(np.arccos(np.clip(cosine, -1.0, 1.0)), aside)))
