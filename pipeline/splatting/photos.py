"""Posed photos prepared for a fit: cropped to the product, at three sizes, as premultiplied float32 planes."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64, I64, Rgba
from pipeline.core.domain import Camera
from pipeline.core.errors import BadInput

_GRID = 4  # crops are multiples of this, so that half and quarter sizes are exact


@dataclass(frozen=True)
class PosedPhoto:
    """A photo and its pose.

    `rgba` [H, W, 4] uint8, sRGB, straight alpha, of `camera`'s size; `camera` without distortion; `cam_from_world`
    [4, 4]. Raises BadInput if `rgba` has another shape or dtype.
    """

    name: str
    rgba: Rgba
    camera: Camera
    cam_from_world: F64

    def __post_init__(self) -> None:
        expected = (self.camera.height_px, self.camera.width_px, 4)
        if self.rgba.shape != expected or self.rgba.dtype != np.uint8:
            raise BadInput(
                f"photo {self.name} is {self.rgba.dtype} {self.rgba.shape}, but its camera expects uint8 {expected}"
            )


@dataclass(frozen=True)
class Level:
    """A photo at one size: planes [4, h, w] float32, premultiplied RGBA, 0 to 1, and its camera."""

    planes: F32
    camera: Camera


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo at all its sizes, smallest first."""

    name: str
    cam_from_world: F64
    levels: tuple[Level, ...]

    @property
    def full(self) -> Level:
        """The largest size."""
        return self.levels[-1]


def projected(points: F64, camera: Camera, cam_from_world: F64) -> tuple[F64, F64]:
    """Project `points` [..., 3] into an undistorted picture: px [..., 2], and depth [...] in world units.

    A point behind the camera has infinite depth and a meaningless px.
    """
    p = points @ cam_from_world[:3, :3].T + cam_from_world[:3, 3]
    depth = np.where(p[..., 2] > 1e-6, p[..., 2], np.inf)
    px = p[..., :2] / depth[..., None] * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px)
    return px, depth


def pixels_of(points: F64, camera: Camera, cam_from_world: F64) -> tuple[I64, I64, NDArray[np.bool_]]:
    """Return columns and rows [...] of `points` [..., 3], and whether each is in front of the camera and inside.

    Outside, column and row are clamped to the picture, so that they remain valid indices.
    """
    px, depth = projected(points, camera, cam_from_world)
    x, y = (np.floor(px[..., axis]).astype(np.int64) for axis in (0, 1))
    inside = np.isfinite(depth) & (x >= 0) & (x < camera.width_px) & (y >= 0) & (y < camera.height_px)
    return np.clip(x, 0, camera.width_px - 1), np.clip(y, 0, camera.height_px - 1), inside


def resized(planes: F32, camera: Camera, width_px: int, height_px: int) -> Level:
    """Average premultiplied planes [4, H, W] down to another size, and scale the camera exactly."""
    sx, sy = width_px / camera.width_px, height_px / camera.height_px
    image = cv2.resize(
        np.ascontiguousarray(planes.transpose(1, 2, 0)), (width_px, height_px), interpolation=cv2.INTER_AREA
    )
    lens = {
        "fx_px": camera.fx_px * sx,
        "cx_px": camera.cx_px * sx,
        "fy_px": camera.fy_px * sy,
        "cy_px": camera.cy_px * sy,
    }
    small = camera.model_copy(update={"width_px": width_px, "height_px": height_px, **lens})
    return Level(np.ascontiguousarray(image.transpose(2, 0, 1)), small)


def at_most(photo: PosedPhoto, side_px: int) -> Level:
    """The photo with a long side of `side_px`, or as it is if it is smaller."""
    factor = min(1.0, side_px / max(photo.camera.width_px, photo.camera.height_px))
    width, height = (max(1, round(v * factor)) for v in (photo.camera.width_px, photo.camera.height_px))
    return resized(premultiplied(photo.rgba), photo.camera, width, height)


def premultiplied(rgba: Rgba) -> F32:
    """Convert straight-alpha uint8 [H, W, 4] to premultiplied float32 planes [4, H, W], 0 to 1."""
    planes = rgba.astype(np.float32).transpose(2, 0, 1) / np.float32(255.0)
    planes[:3] *= planes[3]
    return np.ascontiguousarray(planes)


def cropped(level: Level, margin: float) -> Level:
    """Crop to the alpha's bounding box plus `margin` of its size; return `level` itself if nothing is opaque."""
    _, height, width = level.planes.shape
    rows, columns = (np.flatnonzero((level.planes[3] > 0.02).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return level
    pad = 8 + round(margin * max(rows[-1] - rows[0], columns[-1] - columns[0]))
    x0, x1 = _span(columns, pad, width)
    y0, y1 = _span(rows, pad, height)
    camera = level.camera.model_copy(
        update={
            "width_px": x1 - x0, "height_px": y1 - y0,
            "cx_px": level.camera.cx_px - x0, "cy_px": level.camera.cy_px - y0,
        }
    )  # fmt: skip
    return Level(np.ascontiguousarray(level.planes[:, y0:y1, x0:x1]), camera)


def _span(filled: I64, pad: int, size: int) -> tuple[int, int]:
    start, stop = max(0, int(filled[0]) - pad), min(size, int(filled[-1]) + 1 + pad)
    stop -= (stop - start) % _GRID
    return start, max(stop, start + 1)


def prepare(photo: PosedPhoto, side_px: int, *, crop: bool) -> PreparedPhoto:
    """Scale the photo to `side_px` on its long side (never up), crop it to the product, and halve it twice."""
    full = at_most(photo, side_px)
    full = cropped(full, 0.06) if crop else full
    levels = [full]
    while len(levels) < 3 and min(levels[0].camera.width_px, levels[0].camera.height_px) >= 96:
        camera = levels[0].camera
        levels.insert(0, resized(levels[0].planes, camera, camera.width_px // 2, camera.height_px // 2))
    return PreparedPhoto(photo.name, photo.cam_from_world, tuple(levels))
