"""Draws simulated nights: how long they take by the number of GPUs, and what is busy during some of them."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from benchmarks.night_result import Outcome, hours
from pipeline.core.text import draw_text

WIDTH_PX, CURVE_PX, STRIP_PX = 1200, 560, 170
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 90, 230, 56, 56
PAPER, INK, FAINT = (255, 255, 255), (40, 40, 40), (222, 222, 222)
COLOURS = ((24, 92, 190), (196, 40, 40), (22, 122, 62), (150, 90, 10))
BUSY, WAITING = (120, 160, 220), (196, 40, 40)
HOURS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
SMALL_PX, NORMAL_PX = 15, 19


def plot(nights: Sequence[Outcome], shown: Sequence[Outcome]) -> Image.Image:
    """The curves of all nights, and below a strip for each of those to be shown in full."""
    image = Image.new("RGB", (WIDTH_PX, CURVE_PX + len(shown) * STRIP_PX + 10), PAPER)
    draw = ImageDraw.Draw(image)
    _Curves(draw, [night for night in nights if night.gpus]).draw()
    for number, night in enumerate(shown):
        _strip(draw, night, CURVE_PX + number * STRIP_PX)
    return image


class _Curves:
    """Length of the night over the number of GPUs, both logarithmic, a curve per number of shoots and of nodes."""

    def __init__(self, canvas: ImageDraw.ImageDraw, nights: Sequence[Outcome]) -> None:
        self.canvas, self.nights = canvas, nights
        lengths = [night.makespan_seconds / 3600 for night in nights]
        self.gpus = sorted({night.gpus for night in nights})
        self.low = max(value for value in HOURS if value <= min(lengths))
        self.high = min(value for value in HOURS if value >= max(lengths))

    def at(self, gpus: float, length_hours: float) -> tuple[float, float]:
        """The place of a point, px."""
        across = math.log(gpus / self.gpus[0]) / math.log(self.gpus[-1] / self.gpus[0])
        up = math.log(length_hours / self.low) / math.log(self.high / self.low)
        bottom = CURVE_PX - BOTTOM_PX
        return LEFT_PX + across * (WIDTH_PX - LEFT_PX - RIGHT_PX), bottom - up * (bottom - TOP_PX)

    def draw(self) -> None:
        """Draw grid, curves and what limits each night."""
        draw_text(
            self.canvas, (LEFT_PX, 14), "Length of a simulated night, hours, by number of GPUs", NORMAL_PX, fill=INK
        )
        for value in HOURS:
            if self.low <= value <= self.high:
                self._grid_line(self.at(self.gpus[0], value), self.at(self.gpus[-1], value))
                draw_text(
                    self.canvas,
                    (LEFT_PX - 8, self.at(self.gpus[0], value)[1]),
                    f"{value:g}",
                    SMALL_PX,
                    fill=INK,
                    anchor="rm",
                )
        for gpus in self.gpus:
            self._grid_line(self.at(gpus, self.low), self.at(gpus, self.high))
            draw_text(
                self.canvas,
                (self.at(gpus, self.low)[0], CURVE_PX - BOTTOM_PX + 8),
                str(gpus),
                SMALL_PX,
                fill=INK,
                anchor="ma",
            )
        series = sorted({(night.shoots, night.cpu_nodes) for night in self.nights})
        for (shoots, nodes), colour in zip(series, COLOURS, strict=False):
            self._curve([night for night in self.nights if (night.shoots, night.cpu_nodes) == (shoots, nodes)], colour)

    def _grid_line(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        self.canvas.line([begin, end], fill=FAINT, width=1)

    def _curve(self, nights: Sequence[Outcome], colour: tuple[int, int, int]) -> None:
        points = [self.at(night.gpus, night.makespan_seconds / 3600) for night in nights]
        self.canvas.line(points, fill=colour, width=3)
        for (x, y), night in zip(points, nights, strict=True):
            self.canvas.ellipse((x - 5, y - 5, x + 5, y + 5), fill=colour)
            draw_text(self.canvas, (x + 8, y - 6), night.limit, SMALL_PX, fill=colour, anchor="ld", halo=PAPER)
        x, y = points[-1]
        last = nights[-1]
        text = f"{last.shoots:,} shoots, {last.cpu_nodes} nodes"
        draw_text(self.canvas, (x + 12, y + 12), text, SMALL_PX, fill=colour, anchor="lm")


def _strip(draw: ImageDraw.ImageDraw, night: Outcome, top: float) -> None:
    """Over one night: the share of GPUs and of cores that pods have, and above them the pods that wait for a node."""
    left, right = LEFT_PX, WIDTH_PX - RIGHT_PX
    title = f"{night.shoots:,} shoots, {night.gpus} GPUs, {night.cpu_nodes} nodes: {hours(night.makespan_seconds)} h"
    draw_text(draw, (left, top + 4), title, NORMAL_PX, fill=INK)
    most = max((row[3] for row in night.trace), default=0)
    rows = (("GPUs", 1, night.gpus), ("cores", 2, night.cores), ("waiting", 3, most))
    for row, (name, place, whole) in enumerate(rows):
        base, height = top + 70 + row * 42, 34
        draw.rectangle((left, base - height, right, base), outline=FAINT)
        columns: dict[int, list[float]] = {}
        for sample in night.trace:
            x = left + (right - left) * sample[0] / night.makespan_seconds
            if x <= right:
                columns.setdefault(int(x), []).append(float(sample[place]))
        level = 0.0
        for x in range(left, right):
            if x in columns:
                level = sum(columns[x]) / len(columns[x])
            if whole and level:
                draw.line((x, base - height * level / whole, x, base), fill=WAITING if name == "waiting" else BUSY)
        draw_text(draw, (left - 8, base - height / 2), name, SMALL_PX, fill=INK, anchor="rm")
        told = f"at most {most:,} pods" if name == "waiting" else f"of {whole:g}"
        draw_text(draw, (right + 10, base - height / 2), told, SMALL_PX, fill=INK, anchor="lm")
