"""Faults of a picture drawn from a splat, found by what the nearest photos show: spikes, inventions, streaks, smudges.

Everything is measured in small copies. Depth is the splat's own; that it is off by a few per cent of the product's
radius is allowed for wherever two pictures are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, I64, Alpha, Mask, Rgb, Rgba
from pipeline.core.domain import View
from pipeline.core.measured import RenderFaults
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.seen import Depth, depth_of

SIDE_PX = 384  # long side of the copies
HULL_CELLS = 64  # along each side of the cube that holds the product
HULL_REACH = 1.3  # half that cube's side, product radii
MISSES = 1  # mattes that may be wrong about a point
VISIBLE = 0.25  # alpha from which a pixel beside the product is seen
SOLID = 0.9
FAINT, DENSE = 0.1, 0.9  # alpha between which an outline is soft
DEPTH_SLACK = 0.12  # product radii by which a point may lie behind the surface that a photo shows
WINDOW_PX = 9  # of a photo's copy, in which a point's colours may be found
STRANGE_DE = 10.0  # CIE76 outside the range of the photos' colours
BLUR_PX = 1.0  # of the picture before its colours are compared: photos are noisy, splats are not
SOFT_PX = 5.0  # of the fit: a splat's outline fades over two to four
NO_COLOUR = np.float32(1e4)  # farther from every CIELAB value than any other; its square is still a number
SPECK_PX = 2  # what is narrower, in the copies, is no fault


@dataclass(frozen=True)
class Shot:
    """A photo's cut-out, reduced: straight-alpha RGBA [h, w, 4] as shot, its view, and the splat's depth there."""

    rgba: Rgba
    view: View
    depth: Depth

    @cached_property
    def matte(self) -> Mask:
        """Where the photo shows product, one px wider than the matte."""
        return np.asarray(cv2.dilate((self.rgba[..., 3] >= 128).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)

    @cached_property
    def range(self) -> tuple[F32, F32]:
        """The least and the greatest CIELAB values near each px, [h, w, 3] each, of the product's px alone."""
        lab, inside = lab_of(self.rgba[..., :3]), (self.rgba[..., 3:] >= 250)
        window = np.ones((WINDOW_PX, WINDOW_PX), np.uint8)
        return (
            np.asarray(cv2.erode(np.where(inside, lab, NO_COLOUR).astype(np.float32), window), np.float32),
            np.asarray(cv2.dilate(np.where(inside, lab, -NO_COLOUR).astype(np.float32), window), np.float32),
        )

    def find(self, points: F64) -> tuple[I64, I64, Mask, F64]:
        """Column and row of points [n, 3] of the world in the copy, whether they are inside it, and their depth."""
        pose, camera = self.view.pose, self.view.camera
        there = points @ pose[:3, :3].T + pose[:3, 3]
        depth = np.where(there[:, 2] > 1e-6, there[:, 2], np.inf)
        flat = there[:, :2] / depth[:, None]
        flat = flat * (1 + camera.k1 * (flat**2).sum(axis=1, keepdims=True))
        height, width = self.rgba.shape[:2]
        scale = np.array([width / camera.width_px, height / camera.height_px])
        px = np.floor((flat * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px)) * scale)
        inside = np.isfinite(depth) & (px >= 0).all(axis=1) & (px[:, 0] < width) & (px[:, 1] < height)
        x, y = np.where(inside[:, None], px, 0).astype(np.int64).T
        return x, y, inside, depth


def shot_of(cutout: Rgba, view: View, splat: Splat) -> Shot:
    """A photo as it is compared."""
    return Shot(reduced(cutout), view, depth_of(splat, view))


def reduced(rgba: Rgba) -> Rgba:
    """A picture [H, W, 4] at a long side of at most `SIDE_PX`; colours are those of its half opaque px."""
    height, width = rgba.shape[:2]
    factor = min(1.0, SIDE_PX / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    colour, alpha = np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    shown = np.where(alpha >= 128, np.uint8(255), np.uint8(0))
    part, weight, small = (
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        for plane in (cv2.bitwise_and(colour, colour, mask=shown), shown, alpha)
    )
    rgb = part * (np.float32(255) / np.maximum(weight, 1).astype(np.float32))[..., None]
    return np.dstack([np.clip(rgb, 0, 255), small]).round().astype(np.uint8)


def lab_of(rgb: Rgb) -> F32:
    """CIELAB [h, w, 3] of sRGB [h, w, 3]."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab), np.float32)


def faults_of(picture: Rgba, depth: Depth, shots: Sequence[Shot], smudged: float | None = None) -> RenderFaults:
    """Measure the faults of a picture [H, W, 4], whose depth is `depth`. `shots`: the nearest photos.

    `smudged`: `smudged_share` of the outline as the splat draws it, which the picture's own may hide.
    """
    small = reduced(picture)
    alpha = small[..., 3].astype(np.float32) / 255
    solid = alpha >= SOLID
    area = max(1, int(solid.sum()))
    beyond = (alpha >= VISIBLE) & ~outline_in(depth.view, shots, small.shape[:2])
    unseen, strange = _compared(small, solid, depth, shots)
    return RenderFaults(
        beyond=round(_wide(beyond) / area, 5),
        unseen=round(_wide(unseen) / area, 5),
        strange=round(_wide(strange) / area, 5),
        smudged=smudged,
    )


def outline_in(view: View, shots: Sequence[Shot], size: tuple[int, int]) -> Mask:
    """Where in a picture of `view` [h, w] the outlines of the photos leave room for a product."""
    axis = (np.arange(HULL_CELLS) + 0.5) / HULL_CELLS * 2 * HULL_REACH - HULL_REACH
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    misses = np.zeros(len(points), np.int64)
    for shot in shots:
        x, y, inside, _ = shot.find(points)
        misses += inside & ~shot.matte[y, x]
        left = misses <= MISSES
        points, misses = points[left], misses[left]
    blank = Shot(np.zeros((*size, 4), np.uint8), view, Depth(np.zeros(size, np.float32), view))
    x, y, inside, distance = blank.find(points)
    room = np.zeros(size, np.uint8)
    room[y[inside], x[inside]] = 1
    cell_px = 2 * HULL_REACH / HULL_CELLS * view.camera.fx_px * size[1] / view.camera.width_px
    reach = 2 * int(np.ceil(cell_px / float(np.median(distance)))) + 1 if len(distance) else 1
    return np.asarray(cv2.dilate(room, np.ones((reach, reach), np.uint8)) > 0)


def _compared(small: Rgba, solid: Mask, depth: Depth, shots: Sequence[Shot]) -> tuple[Mask, Mask]:
    """Where no photo sees the surface that the picture shows, and where all that see it show other colours."""
    rows, columns = np.nonzero(solid)
    height, width = small.shape[:2]
    camera, pose = depth.view.camera, depth.view.pose
    px = (np.stack([columns, rows], axis=-1) + 0.5) * (camera.width_px / width, camera.height_px / height)
    along = depth.at(px)
    known = np.isfinite(along)
    rows, columns, px, along = rows[known], columns[known], px[known], along[known]
    rays = np.column_stack([(px - (camera.cx_px, camera.cy_px)) / (camera.fx_px, camera.fy_px), np.ones(len(px))])
    points = (rays * along[:, None] - pose[:3, 3]) @ pose[:3, :3]
    lab = lab_of(cv2.GaussianBlur(small[..., :3], (0, 0), BLUR_PX))[rows, columns]
    seen, apart = np.zeros(len(points), np.bool_), np.full(len(points), np.inf, np.float32)
    for shot in shots:
        x, y, inside, far = shot.find(points)
        scale = np.array(shot.depth.values.shape[::-1]) / np.array(shot.rgba.shape[1::-1])
        front = shot.depth.values[tuple((np.stack([y, x]) * scale[::-1, None]).astype(np.int64))]
        shows = inside & shot.matte[y, x] & (far <= np.where(np.isfinite(front), front, -np.inf) + DEPTH_SLACK)
        seen |= shows
        least, most = (values[y, x] for values in shot.range)
        off = np.linalg.norm(np.maximum(0, np.maximum(least - lab, lab - most)), axis=1)
        apart = np.where(shows, np.minimum(apart, off), apart)
    unseen, strange = np.zeros((2, height, width), np.bool_)
    unseen[rows, columns], strange[rows, columns] = ~seen, seen & (apart > STRANGE_DE)
    return unseen, strange


def _wide(mask: Mask) -> int:
    """The number of px of a mask, without what is narrower than `SPECK_PX`."""
    window = np.ones((SPECK_PX, SPECK_PX), np.uint8)
    return int(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, window).sum())


def smudged_share(alpha: Alpha, fitted: float) -> float:
    """The share of an outline that is softer than `SOFT_PX` of the fit. `fitted`: px of the fit per px of `alpha`."""
    size = max(1, round(alpha.shape[1] * fitted)), max(1, round(alpha.shape[0] * fitted))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    soft = ((small > 255 * FAINT) & (small < 255 * DENSE)).astype(np.uint8)
    solid = (small >= 128).astype(np.uint8)
    length = int((solid - cv2.erode(solid, np.ones((3, 3), np.uint8))).sum())
    inside = cv2.distanceTransform(np.pad(soft, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    ridge = inside >= cv2.dilate(inside, np.ones((3, 3), np.uint8))
    return float((ridge & (2 * inside > SOFT_PX)).sum() / max(1, length))
