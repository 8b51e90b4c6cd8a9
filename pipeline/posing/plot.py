"""Draws coverage as a map seen from above: where photos were taken, the requested angles, and what can be shown.

The centre is straight above, the bold circle is the horizon; azimuth 0 (the front) is at the bottom, 90 deg right.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.core.arrays import F64
from pipeline.core.domain import AngleDecision, direction
from pipeline.core.png import encode_small_png
from pipeline.core.text import Anchor, Box, box_px, draw_text, length_px
from pipeline.posing.coverage import CoverageParams, Photographed, angles_deg, arc_offset_deg

SIDE_PX, MARGIN_PX, LEGEND_PX = 900, 90, 40
LOWEST_DEG = -30.0
CELL_PX = 4
COLOURS = {"captured": (22, 122, 62), "rendered": (24, 92, 190), "refused": (196, 40, 40)}
PAPER, INK, FAINT, PHOTO = (255, 255, 255), (40, 40, 40), (205, 205, 205), (120, 120, 120)
SHADES = {"captured": (205, 236, 214), "rendered": (219, 231, 250)}
SMALL_PX, NORMAL_PX = 14, 17
PLACES: tuple[tuple[float, float, Anchor], ...] = (
    (14, 0, "lm"),
    (-14, 0, "rm"),
    (0, -12, "md"),
    (0, 12, "ma"),
    (14, 20, "lm"),
    (14, -20, "lm"),
)  # of a label beside its angle, px


def coverage_plot(decisions: Sequence[AngleDecision], posed: Photographed | None, params: CoverageParams) -> bytes:
    """The map as PNG; without `posed` (SfM held) it shows only the requested angles."""
    image = Image.new("RGB", (SIDE_PX, SIDE_PX + LEGEND_PX * 2), PAPER)
    if posed is not None and posed.photos:
        image.paste(_shaded(posed, params), (0, 0))
    draw = ImageDraw.Draw(image)
    _draw_grid(draw)
    for towards in [] if posed is None else posed.directions:
        x, y = _place(towards)
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=PHOTO)
    labels: list[Box] = []
    for decision in decisions:
        _draw_angle(draw, decision, labels)
    _draw_legend(draw, decisions, posed)
    return encode_small_png(np.asarray(image), level=6)


def _place(towards: F64) -> tuple[float, float]:
    """Pixel position of a direction [3]: the distance from the centre is linear in the elevation, to LOWEST_DEG."""
    elevation = np.degrees(np.arcsin(np.clip(towards[2], -1.0, 1.0)))
    radius = _radius_px(max(float(elevation), LOWEST_DEG))
    across = max(float(np.hypot(towards[0], towards[1])), 1e-9)
    return SIDE_PX / 2 + radius * towards[0] / across, SIDE_PX / 2 - radius * towards[1] / across


def _radius_px(elevation_deg: float) -> float:
    return (90.0 - elevation_deg) / (90.0 - LOWEST_DEG) * (SIDE_PX / 2 - MARGIN_PX)


def _shaded(posed: Photographed, params: CoverageParams) -> Image.Image:
    """The map's background: green where a photo is used, blue where the splat may be rendered."""
    cells = SIDE_PX // CELL_PX
    y, x = np.mgrid[0:cells, 0:cells] * CELL_PX + CELL_PX / 2 - SIDE_PX / 2
    radius = np.hypot(x, y)
    elevation = np.radians(90.0 - radius / (SIDE_PX / 2 - MARGIN_PX) * (90.0 - LOWEST_DEG))
    over = np.maximum(radius, 1e-9)
    grid = np.stack([np.cos(elevation) * x / over, -np.cos(elevation) * y / over, np.sin(elevation)], axis=-1)
    colour: NDArray[np.uint8] = np.full((cells, cells, 3), 255, dtype=np.uint8)
    inside = radius <= SIDE_PX / 2 - MARGIN_PX
    rendered = np.zeros_like(inside)
    rendered[inside] = _renderable(posed, grid[inside], params)
    colour[rendered] = SHADES["rendered"]
    captured = np.zeros((cells, cells), dtype=bool)
    for towards in posed.directions:
        captured |= angles_deg(grid, towards) <= params.tolerance_deg
    colour[inside & captured] = SHADES["captured"]
    return Image.fromarray(colour).resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR)


def _renderable(posed: Photographed, grid: F64, params: CoverageParams) -> NDArray[np.bool_]:
    """Which directions [N, 3] the splat may be rendered from, [N]."""
    first, second = np.triu_indices(len(posed.photos), k=1)
    width_deg = angles_deg(posed.directions[first], posed.directions[second])
    near = width_deg <= params.max_gap_deg
    renderable = np.zeros(len(grid), dtype=bool)
    for i, j, width in zip(first[near].tolist(), second[near].tolist(), width_deg[near].tolist(), strict=True):
        middle = posed.directions[i] + posed.directions[j]
        reach = np.cos(np.radians(width / 2 + params.max_offset_deg + 0.1))  # farther away, no point of the arc is near
        candidates = np.flatnonzero(~renderable & (grid @ middle >= reach * np.linalg.norm(middle)))
        flat = grid[candidates]
        ends = np.broadcast_to(posed.directions[i], flat.shape), np.broadcast_to(posed.directions[j], flat.shape)
        renderable[candidates] = arc_offset_deg(*ends, flat) <= params.max_offset_deg
    return renderable


def _draw_grid(draw: ImageDraw.ImageDraw) -> None:
    middle = SIDE_PX / 2
    for elevation in (60, 30, 0, -30):
        radius = _radius_px(elevation)
        box = (middle - radius, middle - radius, middle + radius, middle + radius)
        draw.ellipse(box, outline=INK if elevation == 0 else FAINT, width=2 if elevation == 0 else 1)
        draw_text(draw, (middle + 4, middle - radius), f"{elevation}°", SMALL_PX, fill=PHOTO)
    for azimuth in range(0, 360, 30):
        x, y = _place(direction(azimuth, LOWEST_DEG))
        draw.line((middle, middle, x, y), fill=FAINT)
        label = "front 0°" if azimuth == 0 else f"{azimuth}°"
        x, y = middle + (x - middle) * 1.09, middle + (y - middle) * 1.07
        draw_text(draw, (x, y), label, SMALL_PX, fill=INK, anchor="mm")


def _draw_angle(draw: ImageDraw.ImageDraw, decision: AngleDecision, labels: list[Box]) -> None:
    """Draw a ring (captured), square (rendered) or cross (refused), and the angle's name where it covers no other."""
    x, y = _place(direction(decision.angle.azimuth_deg, decision.angle.elevation_deg))
    colour, size = COLOURS[decision.source], 9
    if decision.source == "captured":
        draw.ellipse((x - size, y - size, x + size, y + size), outline=colour, width=3)
    elif decision.source == "rendered":
        draw.rectangle((x - size, y - size, x + size, y + size), outline=colour, width=3)
    else:
        draw.line((x - size, y - size, x + size, y + size), fill=colour, width=3)
        draw.line((x - size, y + size, x + size, y - size), fill=colour, width=3)
    boxes = []
    for dx, dy, anchor in PLACES:
        box = box_px((x + dx, y + dy), decision.angle.name, NORMAL_PX, anchor)
        covered = sum(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in labels)
        outside = box[0] < 0 or box[2] > SIDE_PX
        boxes.append((covered + 10 * outside, x + dx, y + dy, anchor, box))
    _, left, top, anchor, box = min(boxes, key=lambda candidate: candidate[0])
    labels.append(box)
    draw_text(draw, (left, top), decision.angle.name, NORMAL_PX, fill=colour, anchor=anchor, halo=PAPER)


def _draw_legend(draw: ImageDraw.ImageDraw, decisions: Sequence[AngleDecision], posed: Photographed | None) -> None:
    photos = "the photos could not be posed" if posed is None else f"{len(posed.photos)} photos (dots)"
    legend = f"{photos}; shaded: green served by a photo, blue drawn by the splat"
    draw_text(draw, (20, SIDE_PX), legend, NORMAL_PX, fill=INK)
    x = 20.0
    for source, mark in (("captured", "ring"), ("rendered", "square"), ("refused", "cross")):
        text = f"{sum(decision.source == source for decision in decisions)} {source} ({mark})"
        draw_text(draw, (x, SIDE_PX + LEGEND_PX - 4), text, NORMAL_PX, fill=COLOURS[source])
        x += length_px(text, NORMAL_PX) + 40
