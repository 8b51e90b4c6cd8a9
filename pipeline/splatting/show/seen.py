"""Where the surface that a photo shows lies in another picture of the product, by the depth of its splat.

Pixel coordinates are continuous, with pixel centres at +0.5. Photos are as shot, with their lens's distortion.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Mask, Rgb
from pipeline.core.domain import View
from pipeline.splatting.ply import Splat
from pipeline.splatting.surface import surface_depth

DEPTH_SIDE_PX = 512  # long side at which depth is drawn: it is smooth, apart from the outline
_STEPS = np.linspace(0.02, 0.98, 9)  # of a box, along each side: where it is looked for
_MOST = 0.5  # of a box's points, without which its place is not known
TOLERANCE = 0.2  # world units, which are product radii: by how much expected depth may vary with the direction


@dataclass(frozen=True)
class Depth:
    """The splat's depth [h, w] along the axis of a view, NaN beside the product, and the view without distortion."""

    values: F32
    view: View

    def at(self, px: F64) -> F64:
        """The depth [...] at points [..., 2] in px of the view; NaN outside the picture and beside the product."""
        height, width = self.values.shape
        camera = self.view.camera
        x = np.floor(px[..., 0] * width / camera.width_px)
        y = np.floor(px[..., 1] * height / camera.height_px)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        column, row = (np.where(inside, value, 0).astype(np.int64) for value in (x, y))
        return np.where(inside, self.values[row, column], np.nan)


class Shown(NamedTuple):
    """Points of a photo in another picture: px [..., 2], and whether each is visible there, [...]."""

    px: F64
    visible: Mask


def depth_of(splat: Splat, view: View) -> Depth:
    """Draw the splat's depth as `view` sees it, its distortion left out."""
    straight = view.model_copy(update={"camera": view.camera.model_copy(update={"k1": 0.0})})
    factor = min(1.0, DEPTH_SIDE_PX / max(straight.camera.width_px, straight.camera.height_px))
    return Depth(surface_depth(splat, straight.camera.scaled(factor), view.pose), straight)


def shown_in(px: F64, photo: View, depth: Depth, other: Depth) -> Shown:
    """Where points [..., 2] in px of a photo, whose depth is `depth`, lie in the picture whose depth is `other`."""
    straight = _undistorted(px, photo)
    camera, pose = depth.view.camera, depth.view.pose
    along = depth.at(straight)
    rays = np.stack(
        [
            (straight[..., 0] - camera.cx_px) / camera.fx_px,
            (straight[..., 1] - camera.cy_px) / camera.fy_px,
            np.ones(straight.shape[:-1]),
        ],
        axis=-1,
    )
    world = (rays * along[..., None] - pose[:3, 3]) @ pose[:3, :3]
    seen, pose = other.view.camera, other.view.pose
    there = world @ pose[:3, :3].T + pose[:3, 3]
    behind = np.where(there[..., 2] > 1e-6, there[..., 2], np.nan)
    at = there[..., :2] / behind[..., None] * (seen.fx_px, seen.fy_px) + (seen.cx_px, seen.cy_px)
    at = np.where(np.isfinite(at), at, -1.0)
    with np.errstate(invalid="ignore"):  # NaN, beside the product, is not visible
        visible = there[..., 2] <= other.at(at) + TOLERANCE
    return Shown(at, visible)


def _undistorted(px: F64, photo: View) -> F64:
    """Points [..., 2] of a photo as shot, in px of the same camera without distortion."""
    camera = photo.camera
    if camera.k1 == 0.0:
        return px
    k = camera.intrinsics
    flat = cv2.undistortPoints(px.reshape(-1, 1, 2), k, np.array([camera.k1, 0, 0, 0]), P=k)
    return np.asarray(flat, np.float64).reshape(px.shape)


class BoxShown(NamedTuple):
    """A photo's box in another picture: the upright box around it (left, top, width, height in px of that picture).

    `visible`: share of its points that the picture shows. `across`, `down`: px of the picture per px of the photo, from
    left to right and from top to bottom of the photo's box. `bend`: [6, 2], see `bent`.
    """

    box: tuple[float, float, float, float]
    visible: float
    across: float
    down: float
    bend: F64


def box_shown(box: tuple[int, int, int, int], photo: View, depth: Depth, other: Depth) -> BoxShown | None:
    """Where a box (left, top, width, height) of a photo lies in another picture; None if less than half is visible."""
    left, top, width, height = box
    u, v = np.meshgrid(_STEPS, _STEPS)
    px, visible = shown_in(np.stack([left + width * u, top + height * v], axis=-1), photo, depth, other)
    if visible.mean() < _MOST:
        return None
    points = px[visible]
    low, high = points.min(axis=0), points.max(axis=0)
    bend = np.asarray(np.linalg.lstsq(_quadratic(u[visible], v[visible]), points, rcond=None)[0], np.float64)
    step = _STEPS[1] - _STEPS[0]
    across = _stride(px[:, 1:] - px[:, :-1], visible[:, 1:] & visible[:, :-1]) / (width * step)
    down = _stride(px[1:] - px[:-1], visible[1:] & visible[:-1]) / (height * step)
    return BoxShown((*low.tolist(), *(high - low).tolist()), float(visible.mean()), across, down, bend)


def bent(picture: Rgb, bend: F64, u: F64, v: F64, ground: int) -> Rgb:
    """What `picture` [H, W, 3] shows at the points (u, v), each [h, w], of a photo's box, over gray `ground`.

    (0, 0) is the box's upper left corner and (1, 1) its lower right one. Depth is too rough for print: letters follow
    the quadratic surface that fits the whole box.
    """
    at = (_quadratic(u, v) @ bend - 0.5).astype(np.float32)
    border = (ground, ground, ground)
    shown = cv2.remap(
        picture, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=border
    )
    return np.asarray(shown, np.uint8)


def _quadratic(u: F64, v: F64) -> F64:
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)


def _stride(steps: F64, known: Mask) -> float:
    """Median length of the steps [..., 2] that are known, 0 without any."""
    return float(np.median(np.linalg.norm(steps[known], axis=-1))) if known.any() else 0.0
