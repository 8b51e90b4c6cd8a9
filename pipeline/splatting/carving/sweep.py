"""Surface that mattes cannot show, found by plane sweep: inside a cup, in a fold, where the hull bulges into a gap.

Planes parallel to a photo move through the hull; where its neighbours, seen through such a plane, look like the photo,
there is surface (Collins 1996, "A Space-Sweep Approach to True Multi-Image Matching"). Likeness is normalised
cross-correlation in a small window, so that light which stays with the camera does not matter. A depth counts when a
neighbour's own sweep finds the same place.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64, I64
from pipeline.splatting.photos import Level, Training, pixels_of, resized

SIDE_PX = 192  # of the photos swept, long side: texture enough, and the cost does not grow with the fit's photos
_PLANES, _NEIGHBOURS, _WINDOW_PX = 64, 4, 5
_LIKENESS = 0.75  # correlation, mean of the two best neighbours: two of the four may be hidden from the place
_TEXTURE = 0.012  # standard deviation in the window, of 1; below, everything looks like everything
_SLACK = 0.012  # of the box: two sweeps that agree as well as this found the same place


@dataclass(frozen=True)
class DepthMap:
    """What a sweep found in one photo: `depth` [H, W], camera-space z in world units, where `known` [H, W]."""

    photo: Training
    level: Level
    depth: F64
    known: NDArray[np.bool_]

    def points(self) -> F64:
        """Every pixel's place [H, W, 3] in the world."""
        c, pose = self.level.camera, self.photo.cam_from_world
        y, x = np.mgrid[0.5 : c.height_px, 0.5 : c.width_px]
        rays = np.stack([(x - c.cx_px) / c.fx_px, (y - c.cy_px) / c.fy_px, np.ones_like(x)], -1)
        points: F64 = (rays * self.depth[..., None] - pose[:3, 3]) @ pose[:3, :3]
        return points

    def beyond(self, points: F64) -> F64:
        """How far behind each of `points` [..., 3] this photo found surface, world units; NaN where it knows none."""
        pose = self.photo.cam_from_world
        x, y, inside = pixels_of(points, self.level.camera, pose)
        own = points @ pose[2, :3] + pose[2, 3]
        return np.where(inside & self.known[y, x], self.depth[y, x] - own, np.nan)

    def only(self, known: NDArray[np.bool_]) -> Self:
        """The same map, trusting fewer pixels."""
        return type(self)(self.photo, self.level, self.depth, self.known & known)


@dataclass(frozen=True)
class Sweep:
    """The maps of all photos, and the distance `slack` (world units) within which they speak of the same place."""

    maps: tuple[DepthMap, ...]
    slack: float

    def passed(self, points: F64) -> I64:
        """How many photos look through each of `points` [N, 3] to surface behind, less those that see surface there."""
        votes = np.zeros(len(points), np.int64)
        for found in self.maps:
            beyond = found.beyond(points)
            votes += (beyond > 2 * self.slack).astype(np.int64) - (np.abs(beyond) < self.slack)
        return votes

    def points(self) -> tuple[F64, F64]:
        """The places found [N, 3], and for each the direction [N, 3] to look at it from (its photo's axis)."""
        known = [(m.points()[m.known], -m.photo.cam_from_world[2, :3]) for m in self.maps]
        towards = [np.broadcast_to(axis, places.shape) for places, axis in known]
        return np.concatenate([places for places, _ in known]), np.concatenate(towards)


def sweep(photos: list[Training], box: tuple[F64, F64]) -> Sweep:
    """Sweep every photo through `box` (two corners, world units) against the photos that look most nearly its way."""
    levels = [_small(photo.full) for photo in photos]
    greys = [_grey(level) for level in levels]
    near = [_neighbours(photos, i) for i in range(len(photos))]
    slack = _SLACK * float((box[1] - box[0]).max())
    maps = []
    for i, (photo, level) in enumerate(zip(photos, levels, strict=True)):
        others = [(greys[j], *_through(photo, level, photos[j], levels[j])) for j in near[i]]
        maps.append(DepthMap(photo, level, *_depths(greys[i], level, others, _depths_of(box, photo))))
    agreed = []
    for i, found in enumerate(maps):
        places = found.points()
        alike = np.zeros(found.known.shape, np.bool_)
        for j in near[i]:
            alike |= np.abs(maps[j].beyond(places)) < slack
        agreed.append(found.only(alike))
    return Sweep(tuple(agreed), slack)


def _small(level: Level) -> Level:
    camera = level.camera
    factor = min(1.0, SIDE_PX / max(camera.width_px, camera.height_px))
    return resized(level.planes, camera, *(max(1, round(v * factor)) for v in (camera.width_px, camera.height_px)))


def _grey(level: Level) -> F32:
    """Luma over a mid-grey backdrop [H, W]."""
    r, g, b, alpha = level.planes
    grey: F32 = (0.299 * r + 0.587 * g + 0.114 * b + 0.5 * (1 - alpha)).astype(np.float32)
    return grey


def _neighbours(photos: list[Training], which: int) -> list[int]:
    axes = np.stack([photo.cam_from_world[2, :3] for photo in photos])
    return [int(i) for i in np.argsort(-(axes @ axes[which]), kind="stable") if i != which][:_NEIGHBOURS]


def _matrix(level: Level) -> F64:
    """K [3, 3] for pixel centres at whole numbers, as cv2 counts."""
    c = level.camera
    return np.array([[c.fx_px, 0, c.cx_px - 0.5], [0, c.fy_px, c.cy_px - 0.5], [0, 0, 1]])


def _through(photo: Training, level: Level, other: Training, other_level: Level) -> tuple[F64, F64]:
    """M [3, 3], t [3]: the plane at depth z takes the photo's pixels to the other's by M + t (0, 0, 1) / z."""
    across = other.cam_from_world @ np.linalg.inv(photo.cam_from_world)
    k = _matrix(other_level)
    back = np.linalg.inv(_matrix(level))
    return k @ across[:3, :3] @ back, k @ across[:3, 3]


def _depths_of(box: tuple[F64, F64], photo: Training) -> F64:
    """The planes' depths, near to far, evenly spaced in what they shift a picture by."""
    corners = np.array([[box[i][0], box[j][1], box[k][2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    z = np.maximum(corners @ photo.cam_from_world[2, :3] + photo.cam_from_world[2, 3], 1e-3)
    return 1.0 / np.linspace(1.0 / z.min(), 1.0 / z.max(), _PLANES)


def _box(picture: F32) -> F32:
    mean: F32 = cv2.boxFilter(picture, -1, (_WINDOW_PX, _WINDOW_PX), borderType=cv2.BORDER_REFLECT)
    return mean


def _spread(picture: F32, mean: F32) -> F32:
    """Standard deviation in the window."""
    spread: F32 = np.sqrt(np.maximum(_box(picture * picture) - mean * mean, 1e-7))
    return spread


def _likeness(grey: F32, others: list[tuple[F32, F64, F64]], depths: F64) -> F32:
    """Correlation [planes, H, W] of the photo and its two best neighbours at each plane."""
    height, width = grey.shape
    mean = _box(grey)
    spread = _spread(grey, mean)
    likeness = np.empty((len(depths), height, width), np.float32)
    for n, z in enumerate(depths):
        best, second = np.full_like(grey, -1), np.full_like(grey, -1)
        for other, m, t in others:
            plane = m + np.outer(t, (0.0, 0.0, 1.0 / z))
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            seen = cv2.warpPerspective(other, plane, (width, height), flags=flags, borderValue=0.5)
            its_mean = _box(seen)
            alike = (_box(grey * seen) - mean * its_mean) / (spread * _spread(seen, its_mean))
            second = np.maximum(second, np.minimum(best, alike))
            best = np.maximum(best, alike)
        likeness[n] = 0.5 * (best + second)
    return likeness


def _depths(grey: F32, level: Level, others: list[tuple[F32, F64, F64]], depths: F64) -> tuple[F64, NDArray[np.bool_]]:
    """The photo's depth [H, W], to a fraction of a plane by a parabola, and where it can be trusted."""
    likeness = _likeness(grey, others, depths)
    at = likeness.argmax(axis=0)
    within = np.clip(at, 1, len(depths) - 2)
    before, here, after = (
        np.take_along_axis(likeness, (within + o)[None], 0)[0].astype(np.float64) for o in (-1, 0, 1)
    )
    bend = np.minimum(before - 2 * here + after, -1e-6)
    inverse = np.interp(within + np.clip(0.5 * (before - after) / bend, -0.5, 0.5), np.arange(len(depths)), 1 / depths)
    opaque = level.planes[3] > 0.9
    known = opaque & (at == within) & (here > _LIKENESS) & (_spread(grey, _box(grey)) > _TEXTURE)
    return 1.0 / inverse, known
