"""Finds strays: photos whose poses deviate from their ring, in which every camera sees the turntable's axis alike.

A photo connected to its neighbours by only a few points, for example at the edge of a gap, can be several degrees off
while COLMAP reports a reprojection error of half a pixel. The other cameras of its ring reveal this.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import SparseModel
from pipeline.posing.frame import Rig, Upright, upright

STRAY_DEG = 1.0
STRAY_TIMES_MEDIAN = 8.0
"""Measured deviations: 0.05 deg in the median and at most 0.5 for correct poses, 1.2 and more for strays; 1 deg in the
median and at most 4 medians on a turntable that turns unevenly."""
BESIDE_RING_DEG = 10.0
"""A camera further than this from every ring was placed there on purpose, for example to shoot from above."""
RING_SIZE = 4
"""In smaller rings the median camera says nothing about a single one."""


def strays(model: SparseModel, rig: Rig) -> dict[str, float]:
    """Find the strays: photo -> its deviation from its ring in degrees. Empty for `handheld` rigs.

    The deviation is the larger of two angles: between the directions in which the photo and the ring's median camera
    see the axis, and between those in which they see its foot.
    """
    if rig == "handheld" or len(model.images) <= RING_SIZE:
        return {}
    poses = [image.cam_from_world for image in model.images]
    fit = upright(poses, rig)
    rings = [fit.rings == ring for ring in range(fit.rings.max() + 1)]
    deviation = np.full(len(poses), np.nan)
    for ring in rings:
        if ring.sum() >= RING_SIZE:
            from_ring = _deviation_deg(np.stack(poses), fit, ring)
            members = ring | ((fit.rings < 0) & (from_ring < BESIDE_RING_DEG))
            deviation[members] = np.fmin(deviation[members], from_ring[members])
    if np.isnan(deviation).all():
        return {}
    limit = max(STRAY_DEG, STRAY_TIMES_MEDIAN * float(np.nanmedian(deviation)))
    return {model.images[i].photo: round(float(deviation[i]), 2) for i in np.flatnonzero(deviation > limit)}


def _deviation_deg(poses: F64, fit: Upright, ring: NDArray[np.bool_]) -> F64:
    """Deviation [N] in degrees of each camera (poses [N, 4, 4]) from the median camera of `ring` ([N] bool)."""
    axis = poses[:, :3, :3] @ fit.up
    foot = poses[:, :3, :3] @ fit.foot + poses[:, :3, 3]
    middle = np.median(axis[ring], axis=0)
    cosine = axis @ middle / np.linalg.norm(middle)
    distance = float(np.median(np.linalg.norm(foot[ring], axis=1)))
    aside = np.linalg.norm(foot - np.median(foot[ring], axis=0), axis=1) / distance
    return np.asarray(np.degrees(np.maximum(np.arccos(np.clip(cosine, -1.0, 1.0)), aside)))
