"""Tells product from backdrop in posed photos, by colour and in space at once.

What stands on the table within a box around the product's points is a grid of cells. A cell goes when the photos show
backdrop there; the cells that stay, seen by every photo, give better colours of product and backdrop, and the next
round carves with those. In the manner of Campbell et al.: Automatic 3D object segmentation in multiple views using
volumetric graph-cuts, 2007, with a vote of the photos in place of the graph cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64, Mask, Pixels, Rgb
from pipeline.core.domain import Camera
from pipeline.posing.hull import project_px
from pipeline.posing.scene.ground import Plate, plane_axes
from pipeline.posing.scene.table import Table

CELLS = (40, 56, 72)  # along the longest side of the box, per round
BINS = 32  # of each channel of Lab in a colour histogram
SURE = 3.0  # most that one photo's colour says, in natural logarithms of odds
CARVED = 0.0  # mean log odds below which a cell is backdrop
APPROVED = 0.35  # most that one photo says for a cell
TRUST, SHADED = 0.6, 0.2  # shares of the table's pixels that look as other photos say, or darker
SHADES = 5
OTHERS = 0.3  # weight of the other photos' surroundings among one photo's
DARKEST, SHADE_NOISE = 0.3, 6.0  # the least light in a shadow, and how far its colour may be off, in levels
FLOOR = 2e-5


@dataclass(frozen=True)
class Shot:
    """A posed photo at work size. `cam_from_world` [4, 4]; `lab` [h, w, 3] uint8 of OpenCV; `camera`: at this size.

    `points_px` [N, 2]: where the product's points are in it, seen or hidden by the product. `behind`: the table as it
    would look without the product.
    """

    camera: Camera
    cam_from_world: F64
    lab: Rgb
    points_px: F64
    behind: Plate

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in px."""
        return self.lab.shape[0], self.lab.shape[1]


@dataclass(frozen=True)
class Box:
    """A box on the table: `corner` [3], its `axes` [3, 3] as rows (the last is up) and its `size` [3] along them."""

    corner: F64
    axes: F64
    size: F64

    @property
    def middle(self) -> F64:
        """The middle of the box, [3]."""
        return self.corner + self.size / 2 @ self.axes

    def grid(self, cells: int) -> tuple[F64, float]:
        """Centres [N, 3] of the box's cells, `cells` along its longest side, and the length of a cell."""
        step = float(self.size.max()) / cells
        counts = np.maximum(1, np.ceil(self.size / step)).astype(int)
        places = [(np.arange(count) + 0.5) * step for count in counts]
        local = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1).reshape(-1, 3)
        return self.corner + local @ self.axes, step


def box_around(points: F64, table: Table, margin: float) -> Box:
    """The box on the table that contains the points [N, 3], wider by `margin` of its width and height."""
    axes = np.stack([*plane_axes(table.up), table.up])
    local = points @ axes.T
    low, high = np.percentile(local, [0.5, 99.5], axis=0)
    wide = margin * max(float((high - low)[:2].max()), float(high[2] - table.height) / 2)
    low[:2], high[:2] = low[:2] - wide, high[:2] + wide
    low[2], high[2] = table.height, table.height + (1 + margin / 2) * (high[2] - table.height)
    return Box(low @ axes, axes, high - low)


def silhouettes(shots: Mapping[str, Shot], box: Box, points: F64) -> tuple[dict[str, Mask], dict[str, F32]]:
    """What each photo shows of the product, [h, w] bool, and its log odds by colour, [h, w].

    `points`: [N, 3], on the product; no photo's colours carve the cells around them.
    """
    from scipy.spatial import cKDTree

    outlines = {name: _outline(shot, box) for name, shot in shots.items()}
    product = sum((_histogram(shot.lab, _discs(shot, 2)) for shot in shots.values()), np.zeros((BINS,) * 3, np.float32))
    outside = {name: _histogram(shot.lab, ~outlines[name] | _border(shot)) for name, shot in shots.items()}
    others = sum(outside.values(), np.zeros((BINS,) * 3, np.float32)) * (OTHERS / len(shots))
    odds = {name: _first_odds(shot, product, outside[name] + others, outlines[name]) for name, shot in shots.items()}
    found: dict[str, Mask] = {}
    solid = cKDTree(points)
    for cells in CELLS:
        grid, step = box.grid(cells)
        near = solid.query(grid, distance_upper_bound=step)[0] < step
        kept = grid[_kept(shots, odds, grid) | near]
        found = {name: drawn(shot.camera, shot.cam_from_world, kept, step, shot.shape) for name, shot in shots.items()}
        inner = {name: cv2.erode(found[name].astype(np.uint8), _reach(shot)) > 0 for name, shot in shots.items()}
        own = {name: _histogram(shot.lab, inner[name] & (odds[name] > 1)) for name, shot in shots.items()}
        every = sum(own.values(), np.zeros((BINS,) * 3, np.float32))
        odds = {name: _odds(shots, every + len(own) * own[name], name, found, outlines[name]) for name in shots}
    return found, odds


def _outline(shot: Shot, box: Box) -> Mask:
    """Where the photo sees the box, [h, w] bool."""
    corners = (
        box.corner + np.stack(np.meshgrid(*([0, s] for s in box.size), indexing="ij"), -1).reshape(-1, 3) @ box.axes
    )
    pixels, depth = project_px(shot.camera, shot.cam_from_world, corners)
    inside = np.zeros(shot.shape, np.uint8)
    if (depth <= 0).any():
        return inside == 0
    hull = cv2.convexHull(np.clip(pixels, -1e4, 1e4).astype(np.float32)).round().astype(np.int32)
    cv2.fillConvexPoly(inside, hull, 1)
    return inside > 0


def _discs(shot: Shot, radius_px: int) -> Mask:
    """The surroundings of the product's points in the photo, [h, w] bool."""
    discs = np.zeros(shot.shape, np.uint8)
    for column, row in shot.points_px.astype(int).tolist():
        cv2.circle(discs, (column, row), radius_px, 1, -1)
    return discs > 0


def _histogram(lab: Rgb, where: Mask) -> F32:
    """Smoothed histogram [BINS, BINS, BINS] of the colours there; its sum is the number of pixels."""
    from scipy.ndimage import gaussian_filter

    bins = (lab[where].astype(np.int32) * BINS) // 256
    flat = np.bincount((bins[:, 0] * BINS + bins[:, 1]) * BINS + bins[:, 2], minlength=BINS**3)
    return np.asarray(gaussian_filter(flat.reshape(BINS, BINS, BINS).astype(np.float32), 0.8, truncate=2.5), np.float32)


def _shaded(lab: Rgb, where: Mask) -> F32:
    """Histogram of the colours there in shadow of several depths; its sum is the number of pixels."""
    colours = lab[where].astype(np.float32) - (0, 128, 128)
    depths = np.linspace(DARKEST, 0.9, SHADES)
    total = np.zeros((BINS,) * 3, np.float32)
    for light in depths:
        darker = (light * colours + (0, 128, 128)).round().astype(np.uint8)[None]
        total += _histogram(darker, np.ones(darker.shape[:2], bool)) / SHADES
    return total


def _share(histogram: F32, lab: Pixels | F32) -> F32:
    """The share of a histogram's pixels that have each pixel's colour, [h, w]."""
    bins = np.clip(lab.astype(np.int32) * BINS // 256, 0, BINS - 1)
    return np.asarray(
        histogram[bins[..., 0], bins[..., 1], bins[..., 2]] / max(float(histogram.sum()), 1.0), np.float32
    )


def _table_share(shot: Shot) -> F32:
    """The share of the table's pixels that would have each pixel's colour, [h, w], in a histogram's bins.

    As other photos show the table there, or darker: on a turntable the shadow moves over the table.
    """
    behind, own = shot.behind, shot.lab.astype(np.float32)
    spread = np.maximum(behind.deviation, 1.0)
    width = 256 / BINS
    as_seen = width**3 / (15.75 * spread**3) * np.exp(-np.square(own - behind.lab).sum(axis=2) / (2 * spread**2))
    black = np.array([0, 128, 128], np.float32)
    light = behind.lab - black
    dimmed = own[..., 0] / np.maximum(light[..., 0], 1.0)  # the shadow that explains L
    across = np.square(own - black - np.clip(dimmed, DARKEST, 1.0)[..., None] * light).sum(axis=2)
    narrow = np.minimum(spread, SHADE_NOISE)
    length = np.maximum((1 - DARKEST) * light[..., 0], width)
    shaded = width / length * width**2 / (6.28 * narrow**2) * np.exp(-across / (2 * narrow**2))
    return np.asarray(TRUST * as_seen + SHADED * shaded, np.float32)


def _log_odds(shot: Shot, product: F32, backdrop: F32) -> F32:
    """Log odds [h, w] that a pixel is product by its colour, given the colours of product, surroundings and table."""
    behind = shot.behind
    (likely, elsewhere), (like_product, like_table) = (
        (_share(product, lab), _share(backdrop, lab)) for lab in (shot.lab, behind.lab)
    )
    known = behind.known & ~(behind.under & (like_product > like_table))  # the foot itself is seen there, not the table
    backed = np.where(known, (1 - TRUST - SHADED) * elsewhere + _table_share(shot), elsewhere)
    odds = np.clip(np.log((likely + FLOOR) / (backed + FLOOR)), -SURE, SURE)
    return np.asarray(cv2.GaussianBlur(odds.astype(np.float32), (0, 0), 1.0), np.float32)


def _border(shot: Shot) -> Mask:
    """A strip along the picture's edges, [h, w] bool: where a box fills the picture, only they show backdrop."""
    width = max(1, max(shot.shape) // 40)
    strip = np.ones(shot.shape, bool)
    strip[width:-width, width:-width] = False
    return strip & ~_discs(shot, 4 * width)


def _first_odds(shot: Shot, product: F32, backdrop: F32, outline: Mask) -> F32:
    """Log odds from the colours around all photos' product points and those outside the boxes."""
    odds = _log_odds(shot, product, backdrop)
    odds = np.where(_discs(shot, 2), np.maximum(odds, 1.0), odds)
    return np.where(outline, odds, -SURE).astype(np.float32)


def _odds(shots: Mapping[str, Shot], product: F32, name: str, found: Mapping[str, Mask], outline: Mask) -> F32:
    """Log odds from the colours inside all silhouettes found so far and outside this one."""
    shot = shots[name]
    solid = found[name].astype(np.uint8)
    outer, near = cv2.dilate(solid, _reach(shot)) == 0, cv2.dilate(solid, _reach(shot), iterations=5) > 0
    everywhere, beside = _histogram(shot.lab, outer), _histogram(shot.lab, outer & near)
    beside = (1 - SHADED) * beside + SHADED * _shaded(shot.lab, outer & near)
    odds = _log_odds(shot, product, everywhere + beside * (everywhere.sum() / max(float(beside.sum()), 1.0)))
    odds = np.where(_discs(shot, 2), np.maximum(odds, 1.0), odds)
    return np.where(outline, odds, -SURE).astype(np.float32)


def _reach(shot: Shot) -> Pixels:
    """A disc as wide as silhouettes are uncertain."""
    return np.asarray(
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(2, max(shot.shape) // 130) + 1,) * 2), np.uint8
    )


def _kept(shots: Mapping[str, Shot], odds: Mapping[str, F32], grid: F64) -> NDArray[np.bool_]:
    """Whether the photos that see each cell [N, 3] show product there, [N] bool."""
    total, seen = np.zeros(len(grid), np.float32), np.zeros(len(grid), np.int32)
    worst = np.full((2, len(grid)), np.inf, np.float32)
    for name, shot in shots.items():
        pixels, depth = project_px(shot.camera, shot.cam_from_world, grid)
        height, width = odds[name].shape
        columns, rows = np.floor(pixels).astype(np.int32).T
        visible = (depth > 0) & (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        said = np.minimum(odds[name][rows[visible], columns[visible]], APPROVED)
        total[visible] += said
        seen += visible
        both = np.sort(np.stack([*worst[:, visible], said]), axis=0)
        worst[:, visible] = both[:2]
    mean = total / np.maximum(seen, 1)
    return (seen >= max(2, 0.3 * len(shots))) & (mean > CARVED) & (worst[1] > -0.9 * SURE)


def drawn(camera: Camera, cam_from_world: F64, cells: F64, step: float, shape: tuple[int, ...]) -> Mask:
    """The silhouette [h, w] of cells [N, 3] of the length `step`, in a picture of the camera's size."""
    inside = np.zeros(shape, np.uint8)
    if not len(cells):
        return inside > 0
    pixels, depth = project_px(camera, cam_from_world, cells)
    columns, rows = np.floor(pixels).astype(np.int32).T
    visible = (depth > 0) & (columns >= 0) & (columns < inside.shape[1]) & (rows >= 0) & (rows < inside.shape[0])
    inside[rows[visible], columns[visible]] = 1
    radius = max(1, round(0.6 * step * camera.fx_px / max(float(np.median(depth)), 1e-9)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    return cv2.morphologyEx(inside, cv2.MORPH_CLOSE, disc) > 0
