"""Refine swept depths pixel by pixel, in ever finer sweeps around the depth found so far.

Planes find depth to about their distance, and only where a window of the photo is nearly parallel to them. Here every
pixel has its own depth, by which its neighbours are warped; a pixel without one starts from those around it, so that
depth spreads from pass to pass (as in PatchMatch stereo, Bleyer et al. 2011, without its slanted windows). Each pass
keeps what the maps of two neighbours confirm.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32
from pipeline.splatting.carving.patches import Patches, Warp, neighbours, reduced
from pipeline.splatting.carving.patches import grey_of as grey
from pipeline.splatting.carving.sweep import DepthMap, Sweep
from pipeline.splatting.photos import Level, PreparedPhoto

WINDOW_PX = 7
CORRELATION = 0.6  # less than the coarse sweep's, because few depths compete
TEXTURE = 0.006  # standard deviation in the window, of 1
CONFIRMED_BY = 2
_SMOOTHINGS_PX = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Pass:
    """`steps` depths, evenly spaced up to `reach` nearer and farther than the depth so far.

    `side_px`: long side of the photos. `reach`, and the distance `slack` within which maps agree, are shares of the
    box.
    """

    side_px: int
    reach: float
    steps: int
    slack: float


PASSES = (Pass(192, 0.062, 17, 0.0103), Pass(192, 0.026, 11, 0.0062), Pass(384, 0.0103, 9, 0.0041))


@dataclass(frozen=True)
class Found:
    """Per pixel [h, w]: the best `depth`, its `agreement`, and whether it is `inside` the range searched."""

    depth: F32
    agreement: F32
    inside: NDArray[np.bool_]


def best_depth(own: Patches | None, warps: list[Warp], around: F32, reach: float, steps: int) -> Found:
    """Search the depths within `reach` (world units) of `around` [h, w] for that at which the photos agree best.

    `own`: what the reference camera itself shows; a camera that took no photo compares the first warped photo with the
    others. Depth is refined between steps by a parabola.
    """
    offsets = np.linspace(-reach, reach, steps).astype(np.float32)
    agreement = np.empty((steps, *around.shape), np.float32)
    for n, offset in enumerate(offsets):
        seen = [Patches.of(warp.at(around + offset), WINDOW_PX) for warp in warps]
        agreement[n] = own.agreement(seen) if own else seen[0].agreement(seen[1:])
    at = agreement.argmax(axis=0)
    within = np.clip(at, 1, steps - 2)
    before, peak, after = (np.take_along_axis(agreement, (within + o)[None], 0)[0] for o in (-1, 0, 1))
    bend = np.minimum(before - 2 * peak + after, np.float32(-1e-6))
    step = offsets[1] - offsets[0]
    depth = around + offsets[within] + step * np.clip(np.float32(0.5) * (before - after) / bend, -0.5, 0.5)
    return Found(depth.astype(np.float32), peak, at == within)


def refine(swept: Sweep, photos: list[PreparedPhoto], size: float, passes: tuple[Pass, ...] = PASSES) -> Sweep:
    """Refine the depth maps of all photos; `size` is the long side of the box that was swept, world units."""
    for one in passes:
        swept = _refined(swept, photos, one, size)
    return swept


def _refined(swept: Sweep, photos: list[PreparedPhoto], one: Pass, size: float) -> Sweep:
    levels = [reduced(photo.full, one.side_px) for photo in photos]
    near = [neighbours(photos, i) for i in range(len(photos))]
    maps = []
    for i, (photo, level) in enumerate(zip(photos, levels, strict=True)):
        own = Patches.of(grey(level), WINDOW_PX)
        warps = [Warp.between(level.camera, photo.cam_from_world, photos[j], levels[j]) for j in near[i]]
        found = best_depth(own, warps, _spread(swept.maps[i], level), one.reach * size, one.steps)
        known = (level.planes[3] > 0.9) & found.inside & (found.agreement > CORRELATION) & (own.deviation > TEXTURE)
        maps.append(DepthMap(photo, level, found.depth.astype(np.float64), known))
    slack = one.slack * size
    return Sweep(tuple(confirmed(maps, near, slack, min(CONFIRMED_BY, len(photos) - 1))), slack)


def confirmed(maps: list[DepthMap], near: list[list[int]], slack: float, by: int) -> list[DepthMap]:
    """Restrict each map to the pixels that at least `by` of its neighbours' maps confirm within `slack`."""
    kept = []
    for depth_map, others in zip(maps, near, strict=True):
        points = depth_map.points()
        votes = np.sum([np.abs(maps[j].beyond(points)) < slack for j in others], axis=0)
        kept.append(depth_map.restricted(votes >= by))
    return kept


def _spread(depth_map: DepthMap, level: Level) -> F32:
    """Return the depth of every pixel of `level`: that of the known pixels around it, nearest first."""
    weight = depth_map.known.astype(np.float32)
    value = np.where(depth_map.known, 1.0 / depth_map.depth, 0.0).astype(np.float32)
    inverse, got = np.zeros_like(value), np.zeros(value.shape, np.bool_)
    for sigma in _SMOOTHINGS_PX:
        around, share = cv2.GaussianBlur(value, (0, 0), sigma), cv2.GaussianBlur(weight, (0, 0), sigma)
        new = ~got & (share > 0.02)
        inverse[new] = around[new] / share[new]
        got |= new
    inverse[~got] = np.median(inverse[got]) if got.any() else 1.0 / float(np.median(depth_map.depth))
    size = (level.camera.width_px, level.camera.height_px)
    depth: F32 = cv2.resize(cv2.medianBlur(1 / inverse, 5), size, interpolation=cv2.INTER_LINEAR)
    return depth
