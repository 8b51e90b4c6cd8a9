"""Plane sweeps, which find surface that mattes cannot show: inside a cup, in a fold, where the hull bulges into a gap.

Planes parallel to a photo move through the hull; where its neighbours, warped by a plane, match the photo, there is
surface (Collins 1996, "A Space-Sweep Approach to True Multi-Image Matching"). Matches are scored by normalised
cross-correlation in a small window, so that lighting fixed to the camera does not matter. A depth is accepted if a
neighbour's own sweep agrees with it.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64, I64
from pipeline.splatting.carving.patches import Patches, grey_of, neighbours, plane_warp, reduced
from pipeline.splatting.photos import Level, PreparedPhoto, pixels_of

SIDE_PX = 192  # long side of the photos swept: enough texture, at a cost independent of the fit's photos
_PLANES, _WINDOW_PX = 64, 5
_CORRELATION = 0.75  # mean of the two best neighbours: the surface may be hidden from two of the four
_TEXTURE = 0.012  # standard deviation in the window, of 1; below it, every depth matches
_SLACK = 0.012  # share of the box within which two sweeps agree


@dataclass(frozen=True)
class DepthMap:
    """The surface found in one photo: `depth` [H, W], camera-space z in world units, valid where `known` [H, W]."""

    photo: PreparedPhoto
    level: Level
    depth: F64
    known: NDArray[np.bool_]

    def points(self) -> F64:
        """Back-project every pixel into the world, [H, W, 3]."""
        c, pose = self.level.camera, self.photo.cam_from_world
        y, x = np.mgrid[0.5 : c.height_px, 0.5 : c.width_px]
        rays = np.stack([(x - c.cx_px) / c.fx_px, (y - c.cy_px) / c.fy_px, np.ones_like(x)], -1)
        points: F64 = (rays * self.depth[..., None] - pose[:3, 3]) @ pose[:3, :3]
        return points

    def beyond(self, points: F64) -> F64:
        """Return how far behind each of `points` [..., 3] this photo's surface lies, world units; NaN where unknown."""
        pose = self.photo.cam_from_world
        x, y, inside = pixels_of(points, self.level.camera, pose)
        own = points @ pose[2, :3] + pose[2, 3]
        return np.where(inside & self.known[y, x], self.depth[y, x] - own, np.nan)

    def restricted(self, known: NDArray[np.bool_]) -> Self:
        """Return the same map, valid only where `known` [H, W] too."""
        return type(self)(self.photo, self.level, self.depth, self.known & known)


@dataclass(frozen=True)
class Sweep:
    """The depth maps of all photos, and the distance `slack` (world units) within which two of them agree."""

    maps: tuple[DepthMap, ...]
    slack: float

    def see_through(self, points: F64) -> I64:
        """Count the photos that see surface behind each of `points` [N, 3], minus those that see surface there."""
        votes = np.zeros(len(points), np.int64)
        for depth_map in self.maps:
            beyond = depth_map.beyond(points)
            votes += (beyond > 2 * self.slack).astype(np.int64) - (np.abs(beyond) < self.slack)
        return votes

    def points(self) -> tuple[F64, F64]:
        """Return the surface points of all maps [N, 3], and their directions towards the camera [N, 3] (its axis)."""
        known = [(m.points()[m.known], -m.photo.cam_from_world[2, :3]) for m in self.maps]
        directions = [np.broadcast_to(axis, points.shape) for points, axis in known]
        return np.concatenate([points for points, _ in known]), np.concatenate(directions)


def sweep(photos: list[PreparedPhoto], box: tuple[F64, F64]) -> Sweep:
    """Sweep every photo through `box` (two corners, world units) against the photos nearest in direction."""
    levels = [reduced(photo.full, SIDE_PX) for photo in photos]
    greys = [grey_of(level) for level in levels]
    near = [neighbours(photos, i) for i in range(len(photos))]
    slack = _SLACK * float((box[1] - box[0]).max())
    maps = []
    for i, (photo, level) in enumerate(zip(photos, levels, strict=True)):
        others = [(greys[j], *_warp(photo, level, photos[j], levels[j])) for j in near[i]]
        maps.append(DepthMap(photo, level, *_depth_and_known(greys[i], level, others, _plane_depths(box, photo))))
    agreed = []
    for i, depth_map in enumerate(maps):
        points = depth_map.points()
        confirmed = np.zeros(depth_map.known.shape, np.bool_)
        for j in near[i]:
            confirmed |= np.abs(maps[j].beyond(points)) < slack
        agreed.append(depth_map.restricted(confirmed))
    return Sweep(tuple(agreed), slack)


def _plane_depths(box: tuple[F64, F64], photo: PreparedPhoto) -> F64:
    """Return the planes' depths, near to far, evenly spaced in disparity."""
    corners = np.array([[box[i][0], box[j][1], box[k][2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    z = np.maximum(corners @ photo.cam_from_world[2, :3] + photo.cam_from_world[2, 3], 1e-3)
    return 1.0 / np.linspace(1.0 / z.min(), 1.0 / z.max(), _PLANES)


def _warp(photo: PreparedPhoto, level: Level, other: PreparedPhoto, other_level: Level) -> tuple[F64, F64]:
    return plane_warp(level.camera, photo.cam_from_world, other_level.camera, other.cam_from_world)


def _agreement(own: Patches, others: list[tuple[F32, F64, F64]], depths: F64) -> F32:
    """Return the photo's agreement with its neighbours at each plane, [planes, H, W]."""
    height, width = own.grey.shape
    agreement = np.empty((len(depths), height, width), np.float32)
    for n, z in enumerate(depths):
        warped = []
        for other, m, t in others:
            plane = m + np.outer(t, (0.0, 0.0, 1.0 / z))
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            warped.append(cv2.warpPerspective(other, plane, (width, height), flags=flags, borderValue=0.5))
        agreement[n] = own.agreement([Patches.of(w.astype(np.float32, copy=False), _WINDOW_PX) for w in warped])
    return agreement


def _depth_and_known(
    grey: F32, level: Level, others: list[tuple[F32, F64, F64]], depths: F64
) -> tuple[F64, NDArray[np.bool_]]:
    """Return the photo's depth [H, W], refined between planes by a parabola, and where it is reliable [H, W]."""
    own = Patches.of(grey, _WINDOW_PX)
    correlation = _agreement(own, others, depths)
    at = correlation.argmax(axis=0)
    within = np.clip(at, 1, len(depths) - 2)
    before, peak, after = (
        np.take_along_axis(correlation, (within + o)[None], 0)[0].astype(np.float64) for o in (-1, 0, 1)
    )
    bend = np.minimum(before - 2 * peak + after, -1e-6)
    inverse = np.interp(within + np.clip(0.5 * (before - after) / bend, -0.5, 0.5), np.arange(len(depths)), 1 / depths)
    opaque = level.planes[3] > 0.9
    known = opaque & (at == within) & (peak > _CORRELATION) & (own.deviation > _TEXTURE)
    return 1.0 / inverse, known
