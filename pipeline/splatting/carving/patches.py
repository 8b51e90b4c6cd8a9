"""What plane sweeps compare: photos warped by depth, and the correlation of small windows."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.core.domain import Camera
from pipeline.splatting.photos import Level, PreparedPhoto, resized

NEIGHBOURS = 4


def reduced(level: Level, side_px: int) -> Level:
    """Scale a photo down to `side_px` on its long side."""
    camera = level.camera
    factor = min(1.0, side_px / max(camera.width_px, camera.height_px))
    return resized(level.planes, camera, *(max(1, round(v * factor)) for v in (camera.width_px, camera.height_px)))


def grey_of(level: Level) -> F32:
    """Return the luma over a mid-grey backdrop, [H, W]."""
    r, g, b, alpha = level.planes
    grey: F32 = (0.299 * r + 0.587 * g + 0.114 * b + 0.5 * (1 - alpha)).astype(np.float32)
    return grey


def nearest(photos: list[PreparedPhoto], axis: F64, count: int = NEIGHBOURS) -> list[int]:
    """Return the indices of the photos whose optical axes are nearest to `axis` [3]."""
    axes = np.stack([photo.cam_from_world[2, :3] for photo in photos])
    return [int(i) for i in np.argsort(-(axes @ axis), kind="stable")[:count]]


def neighbours(photos: list[PreparedPhoto], which: int) -> list[int]:
    """Return the indices of the photos nearest in direction to photo `which`."""
    near = nearest(photos, photos[which].cam_from_world[2, :3], len(photos))
    return [i for i in near if i != which][:NEIGHBOURS]


def _matrix(c: Camera) -> F64:
    """Return K [3, 3] for pixel centres at whole numbers, OpenCV's convention."""
    return np.array([[c.fx_px, 0, c.cx_px - 0.5], [0, c.fy_px, c.cy_px - 0.5], [0, 0, 1]])


def plane_warp(camera: Camera, cam_from_world: F64, other: Camera, other_from_world: F64) -> tuple[F64, F64]:
    """Return M [3, 3], t [3]: the plane at depth z maps a camera's pixels to the other's by M + t (0, 0, 1) / z."""
    across = other_from_world @ np.linalg.inv(cam_from_world)
    k = _matrix(other)
    back = np.linalg.inv(_matrix(camera))
    return k @ across[:3, :3] @ back, k @ across[:3, 3]


@dataclass(frozen=True)
class Patches:
    """A grey picture [H, W] with mean and standard deviation in the window around each pixel."""

    grey: F32
    mean: F32
    deviation: F32
    window_px: int

    @classmethod
    def of(cls, grey: F32, window_px: int) -> Self:
        """Measure every window."""
        mean = _box(grey, window_px)
        deviation: F32 = np.sqrt(np.maximum(_box(grey * grey, window_px) - mean * mean, 1e-7))
        return cls(grey, mean, deviation, window_px)

    def correlation(self, other: Self) -> F32:
        """Return the normalised cross-correlation of the windows, [H, W], -1 to 1."""
        together = _box(self.grey * other.grey, self.window_px)
        correlation: F32 = (together - self.mean * other.mean) / (self.deviation * other.deviation)
        return correlation

    def agreement(self, others: list[Self]) -> F32:
        """Return the mean correlation with the best two, [H, W]: the surface may be hidden from the rest."""
        best, second = np.full_like(self.grey, -1), np.full_like(self.grey, -1)
        for other in others:
            correlation = self.correlation(other)
            second = np.maximum(second, np.minimum(best, correlation))
            best = np.maximum(best, correlation)
        return 0.5 * (best + second)


def _box(picture: F32, window_px: int) -> F32:
    mean: F32 = cv2.boxFilter(picture, -1, (window_px, window_px), borderType=cv2.BORDER_REFLECT)
    return mean


@dataclass(frozen=True)
class Warp:
    """A photo, grey [H', W'], seen from a reference camera.

    Its homogeneous px are `base` [3, h, w] + `shift` [3] / depth.
    """

    grey: F32
    base: F32
    shift: F32

    @classmethod
    def between(cls, camera: Camera, cam_from_world: F64, photo: PreparedPhoto, level: Level) -> Self:
        """Prepare `photo` at `level` for the pixels of a reference camera."""
        m, t = (v.astype(np.float32) for v in plane_warp(camera, cam_from_world, level.camera, photo.cam_from_world))
        y, x = np.mgrid[0 : camera.height_px, 0 : camera.width_px].astype(np.float32)
        return cls(grey_of(level), np.stack([m[k, 0] * x + m[k, 1] * y + m[k, 2] for k in range(3)]), t)

    def at(self, depth: F32) -> F32:
        """Return what the photo shows of each reference pixel at `depth` [h, w]; mid grey beyond its border."""
        inverse = np.float32(1.0) / depth
        w = self.base[2] + self.shift[2] * inverse
        x, y = ((self.base[k] + self.shift[k] * inverse) / w for k in (0, 1))
        seen: F32 = cv2.remap(self.grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0.5)
        return seen
