"""Pictures of a table without its product: the table stands still in the world, so other photos show what is behind."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Mask, Rgb
from pipeline.core.domain import Camera
from pipeline.posing.hull import project_px
from pipeline.posing.scene.table import Table

CELLS = 288  # of the picture from above, along each side
MAX_PHOTOS = 40  # that the picture from above is made of
REACH = 3.2  # of the picture from above, in radii of the product
MIN_SEEN = 3
SAME_SIDE = 0.25  # cosine below which a camera looks at a place past the product
NOISE = 5.0  # least deviation of a colour, in levels of Lab


@dataclass(frozen=True)
class Plate:
    """What a photo would show of the table without the product. `lab` [h, w, 3], `deviation` [h, w], in levels.

    `known` [h, w] bool: where enough photos have seen the table. `under` [h, w] bool: at or under the product's foot,
    where they may have seen the product instead.
    """

    lab: F32
    deviation: F32
    known: Mask
    under: Mask


def plates(
    labs: Sequence[Rgb], cameras: Sequence[Camera], poses: Sequence[F64], table: Table, product: F64
) -> list[Plate]:
    """The table around the product as each photo would show it without the product.

    `labs`: [h, w, 3] uint8 of OpenCV; `product`: [N, 3], points of the product. What it stands on is never seen.
    """
    axes = plane_axes(table.up)
    centre = (product.min(axis=0) + product.max(axis=0)) / 2
    reach = REACH * float(np.percentile(np.linalg.norm(product - centre, axis=1), 98))
    places = (np.arange(CELLS) + 0.5) / CELLS * 2 * reach - reach
    across, along = np.meshgrid(places, places)
    foot = centre + (table.height - centre @ table.up) * table.up
    grid = foot + across[..., None] * axes[0] + along[..., None] * axes[1]
    chosen = np.unique(np.linspace(0, len(labs) - 1, min(len(labs), MAX_PHOTOS)).round().astype(int))
    samples = np.stack([_from_above(labs[i], cameras[i], poses[i], grid, foot, table.up) for i in chosen])
    lab, deviation, known = _typical(samples)
    under = _footprint(np.stack([(product - foot) @ axis for axis in axes], axis=-1), reach)
    found = []
    for own, camera, pose in zip(labs, cameras, poses, strict=True):
        hit, meets = ground_hits(camera, pose, own.shape[:2], table)
        at = np.stack([(hit - foot) @ axis for axis in axes], axis=-1)
        at = ((at + reach) / (2 * reach) * CELLS - 0.5).astype(np.float32)
        inside = meets & (at >= 0).all(axis=-1) & (at <= CELLS - 1).all(axis=-1)
        at = np.where(inside[..., None], at, -1).astype(np.float32)
        seen = cv2.remap(lab, at, None, cv2.INTER_LINEAR)
        spread = cv2.remap(deviation, at, None, cv2.INTER_LINEAR)
        sure = inside & (cv2.remap(known.astype(np.float32), at, None, cv2.INTER_LINEAR) > 0.99)
        below = cv2.remap(under.astype(np.float32), at, None, cv2.INTER_LINEAR) > 0
        shift = np.median((own - seen)[sure], axis=0) if sure.any() else np.zeros(3)
        found.append(Plate(np.asarray(seen + shift, np.float32), np.asarray(spread, np.float32), sure, below))
    return found


def _footprint(places: F64, reach: float) -> Mask:
    """The convex hull of places [N, 2] on the table, with a margin, in the picture from above [CELLS, CELLS]."""
    inside = np.zeros((CELLS, CELLS), np.uint8)
    hull = cv2.convexHull(((places + reach) / (2 * reach) * CELLS).astype(np.float32)).round().astype(np.int32)
    cv2.fillConvexPoly(inside, hull, 1)
    margin = max(2, round(0.08 * float(np.sqrt(inside.sum()))))
    return cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1,) * 2)) > 0


def plane_axes(up: F64) -> tuple[F64, F64]:
    """Two unit vectors [3] across `up`, at right angles."""
    first = np.cross(up, np.eye(3)[int(np.abs(up).argmin())])
    first /= np.linalg.norm(first)
    return first, np.cross(up, first)


def ground_hits(camera: Camera, pose: F64, shape: tuple[int, ...], table: Table) -> tuple[F64, Mask]:
    """Where the line of sight of each pixel meets the table, [h, w, 3], and whether it does, [h, w]."""
    columns, rows = np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5)
    flat = np.stack([(columns - camera.cx_px) / camera.fx_px, (rows - camera.cy_px) / camera.fy_px], axis=-1)
    ideal = flat
    for _ in range(4):  # inverts the radial distortion
        ideal = flat / (1 + camera.k1 * (ideal**2).sum(axis=-1, keepdims=True))
    rays = np.concatenate([ideal, np.ones_like(ideal[..., :1])], axis=-1) @ pose[:3, :3]
    origin = -pose[:3, :3].T @ pose[:3, 3]
    slope = rays @ table.up
    reach = (table.height - origin @ table.up) / np.where(np.abs(slope) < 1e-9, 1e-9, slope)
    return origin + reach[..., None] * rays, reach > 0


def _from_above(lab: Rgb, camera: Camera, pose: F64, grid: F64, foot: F64, up: F64) -> F32:
    """Colours at places on the table [n, n, 3]; NaN where it does not see them or looks past the product."""
    pixels, depth = project_px(camera, pose, grid.reshape(-1, 3))
    at = (pixels - 0.5).reshape(*grid.shape[:2], 2).astype(np.float32)
    source = lab.astype(np.float32)
    nowhere = (np.nan,) * 3
    seen = cv2.remap(source, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=nowhere)
    towards = -pose[:3, :3].T @ pose[:3, 3] - foot
    towards = towards - (towards @ up) * up  # along the table
    out = grid - foot
    cosine = (out @ towards) / np.maximum(np.linalg.norm(out, axis=-1) * np.linalg.norm(towards), 1e-12)
    hidden = (cosine < SAME_SIDE) | (depth <= 0).reshape(grid.shape[:2])
    seen[hidden] = np.nan
    return np.asarray(seen, np.float32)


def _typical(samples: F32) -> tuple[F32, F32, Mask]:
    """Median colour [n, n, 3] of samples [K, n, n, 3], its robust deviation [n, n], and where it is known [n, n]."""
    count = np.isfinite(samples[..., 0]).sum(axis=0)
    enough = count >= MIN_SEEN
    some = samples[:, enough]  # [K, M, 3]
    lab, deviation = np.zeros((*count.shape, 3), np.float32), np.zeros(count.shape, np.float32)
    middle = np.nanmedian(some, axis=0)
    lab[enough] = middle
    off = np.linalg.norm(some - middle, axis=2)
    deviation[enough] = np.maximum(NOISE, 0.86 * np.nanmedian(off, axis=0))  # three channels: median of chi(3) is 1.54
    return lab, deviation, enough
