"""The T-shirt's textures: heather jersey, contrast ribs, seams, prints on chest and back, sleeve marks."""

import itertools

import cv2
import numpy as np

from samples.ink import Brush, Colour, Picture, ink, noise
from samples.tee import (
    HALF_CHEST_M,
    NECK_DROP_M,
    NECK_HALF_M,
    NECK_TOP_M,
    PANEL_M,
    SHOULDER,
    SLEEVE_DEG,
    sleeve_corners,
)

PX_PER_MM = 2.5
WIDTH, HEIGHT = round(PANEL_M[0] * 1000 * PX_PER_MM), round(PANEL_M[1] * 1000 * PX_PER_MM)
CREAM: Colour = (238, 228, 206)
SUN: Colour = (226, 128, 62)
RUST: Colour = (178, 72, 48)
NAVY: Colour = (26, 36, 56)
SLATE: Colour = (82, 112, 140)


def brush() -> Brush:
    """A brush in the garment's coordinates, in mm: x from the middle, y up from the hem."""
    return Brush(WIDTH, HEIGHT, PX_PER_MM, -PANEL_M[0] * 500, -40.0)


def jersey(colour: Colour, seed: int, contrast: float = 1.0) -> Picture:
    """Heather jersey [H, W, 3]: light and dark fibres of irregular length over faint knit columns."""
    fibres = noise(HEIGHT, WIDTH, (0.9, 3.2), seed) * 0.55 + noise(HEIGHT, WIDTH, (2.2, 1.2), seed + 1) * 0.35
    flecks = np.clip(noise(HEIGHT, WIDTH, (1.1, 4.5), seed + 2) - 1.5, 0, 2) - np.clip(
        noise(HEIGHT, WIDTH, (1.2, 4.0), seed + 3) - 1.6, 0, 2
    )
    cloud = noise(HEIGHT, WIDTH, (60, 60), seed + 4)
    tone = 1 + contrast * (0.085 * fibres + 0.22 * flecks + 0.015 * cloud)
    picture = np.array(colour, dtype=np.float32) / 255 * tone[..., None]
    picture += contrast * 0.03 * np.clip(fibres, 0, None)[..., None] * np.array([1.0, 0.9, 0.7], dtype=np.float32)
    return np.clip(picture, 0.01, 0.95).astype(np.float32)


def _grid_mm() -> tuple[Picture, Picture]:
    x = (np.arange(WIDTH, dtype=np.float32) + 0.5) / PX_PER_MM - PANEL_M[0] * 500
    y = PANEL_M[1] * 1000 - 40 - (np.arange(HEIGHT, dtype=np.float32) + 0.5) / PX_PER_MM
    grid_x, grid_y = np.meshgrid(x, y)
    return grid_x, grid_y


def trims(base: Picture, side: str) -> Picture:
    """Ribbed collar and cuffs in a contrast colour, twin-needle hem, armhole seams."""
    x, y = _grid_mm()
    drop = NECK_DROP_M[side] * 1000
    angle = np.linspace(np.pi, 2 * np.pi, 400)
    curve = np.stack([NECK_HALF_M * 1000 * np.cos(angle), NECK_TOP_M * 1000 + drop * np.sin(angle)], axis=1)
    near = brush()
    near.line([(float(a), float(b)) for a, b in curve], 1.0)
    distance = cv2.distanceTransform((near.mask() < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / PX_PER_MM
    collar = (distance < 17) & (y > NECK_TOP_M * 1000 - drop - 30)
    top, _ = sleeve_corners()
    turn = np.radians(SLEEVE_DEG)
    cuff_mm = ((np.abs(x) - top[0] * 1000) * np.cos(turn) - (y - top[1] * 1000) * np.sin(turn)) * -1
    cuff = (cuff_mm < 22) & (np.abs(x) > HALF_CHEST_M * 1000) & (y > 385)
    rib = 1 + 0.16 * np.sin(
        2 * np.pi * np.where(collar, np.arctan2(x, 760 - y) * 42, (np.abs(x) * 0.6 + y * 0.8) / 3.0)
    )
    rib = rib * (1 + 0.10 * noise(HEIGHT, WIDTH, (1.0, 2.5), 91))
    cloth = np.array(NAVY, dtype=np.float32) / 255 * rib[..., None] + 0.03
    for area, seam in ((collar, np.abs(distance - 17)), (cuff, np.abs(cuff_mm - 22))):
        base = np.where(area[..., None], cloth, base)
        edge = np.exp(-((seam / 0.9) ** 2)) * (collar | cuff | (seam < 2))
        base = base * (1 - 0.55 * (edge * ((y > 385) & (np.abs(x) > HALF_CHEST_M * 1000)))[..., None])
    dash = (np.sin(2 * np.pi * x / 3.2) > -0.5).astype(np.float32)
    for height in (21.0, 26.0):
        base = ink(base, NAVY, np.exp(-(((y - height) / 0.55) ** 2)) * dash, 0.55)
    base = base * (1 - 0.25 * np.exp(-(((y - 19) / 1.2) ** 2)))[..., None]
    return armhole(base).astype(np.float32)


def armhole(base: Picture) -> Picture:
    """The armhole seam with its stitches, drawn where a set-in sleeve would have it."""
    t = np.linspace(0, 1, 60)
    for s in (-1, 1):
        x = s * 1000 * ((1 - t) ** 2 * (SHOULDER[0] - 0.012) + 2 * t * (1 - t) * 0.188 + t**2 * (HALF_CHEST_M - 0.004))
        y = 1000 * ((1 - t) ** 2 * 0.652 + 2 * t * (1 - t) * 0.46 + t**2 * 0.372)
        line = brush()
        line.line(list(zip(x.tolist(), y.tolist(), strict=True)), 1.1)
        base = base * (1 - 0.45 * line.mask())[..., None]
        stitch = brush()
        path = np.stack([x - s * 3.5, y], axis=1)
        for a, b in zip(path[::2], path[1::2], strict=False):
            stitch.line([tuple(a), tuple(b)], 0.7)
        base = ink(base, CREAM, stitch.mask(), 0.35)
    return base


def _worn(mask: Picture, seed: int) -> Picture:
    """Worn ink: small cracks and pinholes that show the fabric."""
    cracks = noise(HEIGHT, WIDTH, (1.6, 1.6), seed) + 0.6 * noise(HEIGHT, WIDTH, (9, 9), seed + 1)
    return np.asarray(mask * np.clip(1.0 - 1.4 * np.clip(cracks - 1.9, 0, 1), 0, 1), dtype=np.float32)


FAR_RIDGE = [
    *((-132.0, 372.0), (-104.0, 418.0), (-92.0, 404.0), (-58.0, 470.0), (-41.0, 446.0), (-22.0, 462.0)),
    *((16.0, 408.0), (58.0, 452.0), (80.0, 424.0), (98.0, 438.0), (134.0, 372.0)),
]
SNOW = [
    [
        *((-75.0, 437.0), (-58.0, 470.0), (-41.0, 446.0), (-22.0, 462.0), (-12.0, 448.0)),
        *((-24.0, 441.0), (-34.0, 432.0), (-44.0, 441.0), (-56.0, 428.0), (-64.0, 440.0)),
    ],
    [(40.0, 434.0), (58.0, 452.0), (71.0, 436.0), (60.0, 431.0), (52.0, 436.0)],
]


def front_print(base: Picture) -> Picture:
    """A retro mountain badge: a striped sun, two ridges, pines and the club's name."""
    rng = np.random.default_rng(3)
    sun, cream, rust, navy = brush(), brush(), brush(), brush()
    sun.disc(0, 455, 96)
    for i, height in enumerate((398, 412, 428, 446)):
        sun.polygon([(-110, height), (110, height), (110, height + 7 - 1.4 * i), (-110, height + 7 - 1.4 * i)], fill=0)
    rust.polygon(FAR_RIDGE)
    for snow in SNOW:
        cream.polygon(snow)
    near = [(-132.0 + 12 * i, 368 + 22 * float(rng.random()) + 12 * np.sin(i)) for i in range(23)]
    navy.polygon([(-132, 352), *near, (132, 352)])
    for _ in range(34):
        x, tall = float(rng.uniform(-126, 126)), float(rng.uniform(18, 40))
        for k in range(4):
            w, b = tall * (0.30 - 0.06 * k), 356 + tall * 0.22 * k
            navy.polygon([(x - w, b), (x + w, b), (x, b + tall * 0.42)])
    cream.text(0, 330, "NORTH RIDGE", 36, 1.3, 0.02)
    cream.text(0, 302, "TRAIL & TEA CLUB  EST. 1987", 13.5, 0.3, 0.12)
    for i in range(9):
        cream.disc(-104 + 26 * i, 286, 2.6 if i % 3 else 4.4)
    cream.disc(0, 455, 101, ring_mm=2.6)
    for x, y, r in rng.uniform([-95, 480, 0.8], [95, 545, 2.6], (26, 3)):
        if np.hypot(x, y - 455) > 104:
            cream.disc(float(x), float(y), float(r))
    cream.line([(38, 505), (45, 511), (52, 505), (59, 511), (66, 505)], 1.6)
    for layer, colour, seed in ((sun, SUN, 11), (rust, RUST, 13), (navy, NAVY, 15), (cream, CREAM, 17)):
        base = ink(base, colour, _worn(layer.mask(), seed), 0.96)
    return base


def back_print(base: Picture) -> Picture:
    """A framed topographic map with trail and waypoints, and a line of text across the shoulders."""
    height = sum(noise(HEIGHT, WIDTH, (s, s), 40 + i) * s for i, s in enumerate((150, 70, 34)))
    height = np.asarray(height / np.std(height), dtype=np.float32)
    bend = np.abs(np.mod(height * 7 + 0.5, 1) - 0.5) / (7 * np.hypot(*np.gradient(height)) + 1e-6)
    bold = np.abs(np.mod(height * 7 / 5 + 0.5, 1) - 0.5) / (7 / 5 * np.hypot(*np.gradient(height)) + 1e-6)
    lines = np.clip(1.9 - bend, 0, 1) * 0.85 + np.clip(3.6 - bold, 0, 1)
    frame, cream, sun = brush(), brush(), brush()
    frame.polygon([(-130, 200), (130, 200), (130, 500), (-130, 500)])
    window = frame.mask()
    base = ink(base, NAVY, _worn(window, 61), 0.9)
    base = ink(base, CREAM, lines * window, 0.85)
    cream.text(0, 545, "KEEP WALKING", 33, 1.1, 0.04)
    cream.text(0, 180, "54.4609 N   3.0886 W", 15, 0.3, 0.1)
    for a, b in (
        ((-130, 200), (130, 200)),
        ((130, 200), (130, 500)),
        ((130, 500), (-130, 500)),
        ((-130, 500), (-130, 200)),
    ):
        cream.line([a, b], 3.0)
    trail = [(-110, 215), (-84, 250), (-92, 290), (-40, 318), (-24, 362), (24, 380), (38, 426), (86, 440), (104, 486)]
    for a, b in itertools.pairwise(trail):
        for k in range(5):
            t0, t1 = k / 5, (k + 0.6) / 5
            sun.line([(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in (t0, t1)], 4.2)
    for i, (x, y) in enumerate(trail[::2]):
        sun.disc(x, y, 8.5)
        cream.text(x + (20 if i < 3 else -20), y + 4, "ABCDE"[i], 17, 0.7)
    base = ink(base, SUN, _worn(sun.mask(mirrored=True), 63), 1.0)
    return ink(base, CREAM, _worn(cream.mask(mirrored=True), 65), 0.96)


def sleeve_marks(base: Picture, side: str) -> Picture:
    """Bands on one sleeve, diamonds on the other, and a woven tag at the hem: no two sides look alike."""
    turn = np.radians(SLEEVE_DEG)
    along, across = np.array([np.cos(turn), -np.sin(turn)]), np.array([-np.sin(turn), -np.cos(turn)])
    top = sleeve_corners()[0] * 1000
    bands, diamonds = brush(), brush()

    def point(s: float, a: float, c: float) -> tuple[float, float]:
        p = top - along * a + across * c
        return (s * float(p[0]), float(p[1]))

    for a, w in ((38.0, 9.0), (53.0, 5.0), (64.0, 3.0)):
        bands.polygon([point(1, a, -5), point(1, a + w, -5), point(1, a + w, 175), point(1, a, 175)])
    for i in range(7):
        a, c, r = 50.0, 12.0 + 23 * i, 10.0 - 0.8 * (i % 3)
        diamonds.polygon([point(-1, a - r, c), point(-1, a, c + r), point(-1, a + r, c), point(-1, a, c - r)])
        diamonds.disc(*point(-1, a + 24, c + (5 if side == "front" else 0)), 3.2)
    x, _ = _grid_mm()
    sleeve = (np.abs(x) > HALF_CHEST_M * 1000 + 8).astype(np.float32)  # not on the side under the arm
    base = ink(base, SUN, _worn(bands.mask() * sleeve, 71), 0.95)
    base = ink(base, CREAM, _worn(diamonds.mask() * sleeve, 73), 0.95)
    if side == "front":
        tag = brush()
        tag.polygon([(188, 46), (232, 46), (232, 70), (188, 70)])
        base = ink(base, RUST, tag.mask())
        lettering = brush()
        lettering.text(210, 58, "NRTC", 13, 0.4)
        base = ink(base, CREAM, lettering.mask())
    return base


def pictures() -> tuple[Picture, Picture]:
    """The atlases [H, 2 W, 3] of the garment's outside and inside: front panel left, back panel right, row 0 on top."""
    outside, inner = [], []
    for side, seed in (("front", 101), ("back", 201)):
        plain = trims(jersey(SLATE, seed), side)
        drawn = front_print(plain) if side == "front" else back_print(plain)
        outside.append(sleeve_marks(drawn, side))
        inner.append(plain)
    label, lettering = brush(), brush()
    label.polygon([(-28, 622), (28, 622), (28, 656), (-28, 656)])
    lettering.text(0, 644, "NORTH RIDGE", 7.5, 0.25)
    lettering.text(0, 631, "M   100% COTTON", 5, 0.1)
    inner[1] = ink(ink(inner[1], CREAM, label.mask()), NAVY, lettering.mask())
    return np.concatenate(outside, axis=1), np.concatenate(inner, axis=1)
