"""The mug's textures: speckled stoneware glaze and a harbour scene that differs at every azimuth."""

from collections.abc import Callable
from functools import partial

import numpy as np

from samples.ink import Brush, Colour, Picture, ink, noise
from samples.mug import HEIGHT_M, RADIUS_M

PX_PER_MM = 11.0
AROUND_MM, TALL_MM = 2 * np.pi * RADIUS_M * 1000, HEIGHT_M * 1000
WIDTH, OUTSIDE_PX = round(AROUND_MM * PX_PER_MM), round(TALL_MM * PX_PER_MM)
INSIDE_PX = round(OUTSIDE_PX * 0.4 / 0.6)
TEAL: Colour = (46, 98, 104)
OAT: Colour = (222, 206, 176)
CREAM: Colour = (240, 230, 208)
MUSTARD: Colour = (222, 164, 58)
CORAL: Colour = (208, 88, 66)
INK: Colour = (18, 40, 52)


def glaze(height: int, width: int, colour: Colour, seed: int) -> Picture:
    """Speckled glaze [H, W, 3]: iron spots of several sizes, pale spots, gradual pooling of the colour."""
    pooled = 1 + 0.04 * noise(height, width, (90, 60), seed) + 0.03 * noise(height, width, (4, 4), seed + 1)
    picture = np.array(colour, dtype=np.float32) / 255 * pooled[..., None]
    for scale, level, tone, strength, step in (
        (2.6, 2.05, INK, 0.8, 2),
        (4.5, 2.15, (96, 62, 38), 0.8, 3),
        (3.4, 2.05, CREAM, 0.62, 4),
        (7.0, 2.5, INK, 0.85, 5),
    ):
        spots = np.clip((noise(height, width, (scale, scale), seed + step) - level) * 4, 0, 1)
        picture = ink(picture, tone, spots, strength)
    return np.clip(picture, 0.01, 0.95).astype(np.float32)


class Harbour:
    """Draws the scene in millimetres: x along the wall from azimuth 0, wrapped; y above the table."""

    def __init__(self) -> None:
        """Create one brush per ink."""
        self.inks: dict[Colour, Brush] = {c: Brush(WIDTH, OUTSIDE_PX, PX_PER_MM) for c in (CREAM, MUSTARD, CORAL, INK)}

    def wrapped(self, azimuth_deg: float, paint: Callable[[float], None]) -> None:
        """Paint a motif at an azimuth, and again across the seam if it would be cut there."""
        x = azimuth_deg / 360 * AROUND_MM
        for shift in (-AROUND_MM, 0.0, AROUND_MM):
            if -70 < x + shift < AROUND_MM + 70:
                paint(x + shift)

    def lighthouse(self, x: float) -> None:
        """A banded lighthouse on a rock, its beam to the left."""
        cream, coral, dark, gold = (self.inks[c] for c in (CREAM, CORAL, INK, MUSTARD))
        gold.polygon([(x, 76), (x - 26, 86), (x - 26, 74)])
        dark.polygon([(x - 14, 22), (x - 9, 32), (x - 2, 30), (x + 6, 35), (x + 15, 22)])
        cream.polygon([(x - 5.5, 32), (x + 5.5, 32), (x + 3.4, 70), (x - 3.4, 70)])
        for y in (38, 50, 62):
            coral.polygon(
                [
                    (x - 5.2 + (y - 32) * 0.055, y),
                    (x + 5.2 - (y - 32) * 0.055, y),
                    (x + 4.8 - (y - 32) * 0.055, y + 6),
                    (x - 4.8 + (y - 32) * 0.055, y + 6),
                ]
            )
        dark.polygon([(x - 5, 70), (x + 5, 70), (x + 5, 71.6), (x - 5, 71.6)])
        cream.polygon([(x - 2.6, 71.6), (x + 2.6, 71.6), (x + 2.6, 79), (x - 2.6, 79)])
        coral.polygon([(x - 4, 79), (x + 4, 79), (x, 84)])

    def boat(self, x: float, size: float = 1.0, flip: int = 1) -> None:
        """A sailing boat."""
        s = size
        self.inks[INK].polygon(
            [(x - 11 * s * flip, 30), (x + 12 * s * flip, 30), (x + 8 * s * flip, 24), (x - 8 * s * flip, 24)]
        )
        self.inks[CREAM].polygon([(x, 31), (x, 31 + 30 * s), (x + 13 * s * flip, 33)])
        self.inks[MUSTARD].polygon([(x - 1.4 * flip, 33), (x - 1.4 * flip, 31 + 24 * s), (x - 9 * s * flip, 33)])
        self.inks[INK].line([(x - 0.6 * flip, 30), (x - 0.6 * flip, 33 + 32 * s)], 0.9)

    def whale(self, x: float) -> None:
        """A spouting whale."""
        t = np.linspace(0, np.pi, 30)
        back = [(x + 17 * np.cos(a), 30 + 17 * np.sin(a) * (1 - 0.35 * np.cos(a))) for a in t]
        self.inks[INK].polygon(back)
        self.inks[INK].polygon([(x - 15, 31), (x - 25, 45), (x - 19, 46), (x - 15, 41), (x - 12, 48), (x - 9, 46)])
        self.inks[CREAM].disc(x + 9, 36, 1.2)
        for k in (-1, 0, 1):
            self.inks[CREAM].line([(x + 4, 47), (x + 4 + 3 * k, 55), (x + 4 + 7 * k, 57 - abs(k) * 2)], 1.0)

    def compass(self, x: float) -> None:
        """A compass rose."""
        cream = self.inks[CREAM]
        cream.disc(x, 52, 15, ring_mm=1.0)
        cream.disc(x, 52, 12.2, ring_mm=0.5)
        for k in range(8):
            a, long = k * np.pi / 4, 13.6 if k % 2 == 0 else 8.4
            brush = self.inks[MUSTARD if k % 2 == 0 else CORAL]
            rays = ((a, long), (a - 0.45, 3.4), (0.0, 0.0), (a + 0.45, 3.4))
            brush.polygon([(x + r * np.sin(b), 52 + r * np.cos(b)) for b, r in rays])
        cream.text(x, 72, "N", 6, 0.3)
        cream.text(x, 31, "54 N 3 W", 4.4, 0.1, 0.05)

    def anchor(self, x: float) -> None:
        """An anchor with its ring."""
        c = self.inks[CREAM]
        c.disc(x, 72, 3.2, ring_mm=1.3)
        c.line([(x, 69), (x, 42)], 2.0)
        c.line([(x - 6, 63), (x + 6, 63)], 1.8)
        t = np.linspace(np.pi, 2 * np.pi, 24)
        c.line([(x + 10.5 * np.cos(a), 51 + 10 * np.sin(a)) for a in t], 2.0)
        for s in (-1, 1):
            c.polygon([(x + 10.5 * s, 56), (x + 7.5 * s, 50), (x + 13.5 * s, 50)])

    def label(self, x: float, y: float, text: str, size: float, colour: Colour) -> None:
        """A line of lettering."""
        self.inks[colour].text(x, y, text, size, 0.28, 0.04)

    def fish(self, x: float, y: float, s: float, colour: Colour) -> None:
        """A small fish."""
        t = np.linspace(0, 2 * np.pi, 24)
        self.inks[colour].polygon([(x + 6 * s * np.cos(a), y + 2.7 * s * np.sin(a)) for a in t])
        self.inks[colour].polygon([(x - 5 * s, y), (x - 9 * s, y + 3 * s), (x - 9 * s, y - 3 * s)])
        self.inks[INK].disc(x + 3.4 * s, y + 0.6 * s, 0.7 * s)

    def sky_and_sea(self) -> None:
        """Waves, gulls, stars and dots all the way round, none of them periodic."""
        rng = np.random.default_rng(5)
        x = np.linspace(-6, AROUND_MM + 6, 720)  # extends past both ends, so that the lines meet at the seam
        turn = 2 * np.pi * x / AROUND_MM
        for colour, height, seed in ((MUSTARD, 20.0, 1), (CREAM, 14.5, 2), (CORAL, 9.5, 3)):
            phase = np.random.default_rng(seed).uniform(0, 6.28, 3)
            y = (
                height
                + 1.7 * np.sin(17 * turn + phase[0])
                + 0.9 * np.sin(29 * turn + phase[1])
                + 0.8 * np.sin(5 * turn + phase[2])
            )
            self.inks[colour].line(list(zip(x.tolist(), y.tolist(), strict=True)), 1.5)
        for px, py, r in rng.uniform([0, 84, 0.35], [AROUND_MM, 92, 1.1], (70, 3)):
            self.inks[MUSTARD if r > 0.7 else CREAM].disc(float(px), float(py), float(r))
        for px, py in rng.uniform([0, 60], [AROUND_MM, 82], (16, 2)):
            self.inks[CREAM].line(
                [(px - 3.4, py + 1.2), (px - 1.5, py + 2), (px, py), (px + 1.5, py + 2), (px + 3.4, py + 1.2)], 0.7
            )

    def draw(self, base: Picture) -> Picture:
        """Draw the whole scene over a glaze."""
        self.sky_and_sea()
        self.wrapped(0, self.lighthouse)
        self.wrapped(44, lambda x: self.inks[CREAM].text(x, 62, "HARBOUR", 8.6, 0.3, 0.02))
        self.wrapped(44, lambda x: self.inks[MUSTARD].text(x, 53, "COFFEE ROASTERS", 4.1, 0.1, 0.04))
        self.wrapped(36, lambda x: self.boat(x, 0.45))
        self.wrapped(60, lambda x: self.fish(x, 38, 0.9, CORAL))
        self.wrapped(123, lambda x: self.boat(x, 1.05))
        self.wrapped(174, self.whale)
        self.wrapped(222, self.compass)
        for text, y, size, colour in (
            ("SMALL", 66, 7.6, CREAM),
            ("BATCH", 57, 7.6, CREAM),
            ("No. 27", 48, 6.5, CORAL),
        ):
            self.wrapped(262, partial(self.label, y=y, text=text, size=size, colour=colour))
        for k, (a, y) in enumerate(((250, 32), (258, 37), (267, 32), (276, 37))):
            self.wrapped(a, partial(self.fish, y=y, s=0.55 + 0.08 * k, colour=MUSTARD))
        self.wrapped(298, self.anchor)
        self.wrapped(330, lambda x: self.boat(x, 0.7, -1))
        for colour in (INK, MUSTARD, CORAL, CREAM):
            base = ink(base, colour, self.inks[colour].mask(), 0.95)
        return base


def pictures() -> tuple[Picture, Picture]:
    """The textures [H, W, 3] of body and handle. Row 0 is v = 1: the bottom of the inside on top, the foot below."""
    outside = Harbour().draw(glaze(OUTSIDE_PX, WIDTH, TEAL, 300))
    height_mm = TALL_MM * (1 - (np.arange(OUTSIDE_PX) + 0.5) / OUTSIDE_PX)
    ragged = noise(1, WIDTH, (1, 14), 330)[0] * 0.35
    foot = np.clip((4.2 + ragged[None] - height_mm[:, None]) * 4, 0, 1)
    lip = np.clip((height_mm[:, None] - (TALL_MM - 2.2) + ragged[None]) * 2, 0, 1)
    bare = glaze(OUTSIDE_PX, WIDTH, (176, 134, 96), 340)
    outside = outside * (1 - foot[..., None]) + bare * foot[..., None]
    outside = ink(outside, (104, 68, 44), np.asarray(lip, dtype=np.float32), 0.85)
    inside = glaze(INSIDE_PX, WIDTH, OAT, 360)
    edge = np.clip(1 - np.arange(INSIDE_PX)[::-1] / (2.4 * PX_PER_MM), 0, 1)[:, None] * np.ones(WIDTH)
    inside = ink(inside, (104, 68, 44), np.asarray(edge, dtype=np.float32), 0.8)
    return np.concatenate([inside, outside]).astype(np.float32), glaze(1100, 320, TEAL, 380)
