"""Drawn products that are hard to cut out, each with its true matte: shapes, colours, sizes and places at random.

`draw(kind, seed)` draws one of `KINDS` on a graded backdrop with a shadow and grain, `WIDTH` x `HEIGHT` px.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

WIDTH, HEIGHT, FINE = 900, 700, 2  # drawn `FINE` times larger, so that the mattes have soft edges
COLOURS = ((150, 40, 50), (60, 90, 150), (60, 120, 90), (170, 110, 60), (30, 30, 33), (110, 110, 112), (200, 150, 40))


@dataclass(frozen=True)
class Hard:
    """A photo [h, w, 3] and its true matte [h, w], uint8."""

    rgb: np.ndarray
    alpha: np.ndarray


class Studio:
    """A canvas with a backdrop; `random` makes each seed another picture."""

    def __init__(self, seed, top=(236, 235, 232), bottom=(205, 204, 201)):
        self.random = np.random.default_rng(seed)
        down = np.linspace(0, 1, HEIGHT * FINE)[:, None, None]
        level = np.array(top) * (1 - down) + np.array(bottom) * down
        self.image = np.broadcast_to(level, (HEIGHT * FINE, WIDTH * FINE, 3)).astype(np.float32).copy()
        self.mask = self.empty()

    def empty(self):
        return np.zeros((HEIGHT * FINE, WIDTH * FINE), np.uint8)

    def shadow(self, strength=0.35, right=60, down=25, blur=40.0):
        """Darken the backdrop by the mask, moved by `right` and `down` px and blurred."""
        moved = np.roll(np.roll(self.mask, down * FINE, 0), right * FINE, 1)
        soft = cv2.GaussianBlur(moved, (0, 0), max(0.5, blur * FINE / 3)).astype(np.float32) / 255
        self.image *= (1 - strength * soft)[..., None]

    def paint(self, colour, mask=None, shaded=True):
        mask = self.mask if mask is None else mask
        light = np.linspace(1.12, 0.8, WIDTH * FINE)[None, :, None] if shaded else 1.0
        share = (mask.astype(np.float32) / 255)[..., None]
        self.image = self.image * (1 - share) + np.float32(colour) * light * share

    def colour(self):
        return COLOURS[self.random.integers(len(COLOURS))]

    def body(self):
        """Add a bottle, a box, a jar or a bowl of random size near the middle to the mask."""
        random, shape = self.random, self.random.integers(4)
        x, y = random.integers(380, 520), random.integers(330, 400)
        half, tall = random.integers(80, 170), random.integers(130, 230)
        if shape == 0:
            _box(self.mask, x - half, y - tall + 100, x + half, y + tall)
            _box(self.mask, x - half // 3, y - tall, x + half // 3, y)
        elif shape == 1:
            _box(self.mask, x - half, y - tall, x + half, y + tall)
        elif shape == 2:
            cv2.ellipse(self.mask, _at(x, y), _at(half, tall), 0, 0, 360, 255, -1)
        else:
            cv2.ellipse(self.mask, _at(x, y), _at(half + 40, half + 20), 0, 0, 180, 255, -1)
            _box(self.mask, x - half // 2, y, x + half // 2, y + half + 40)
        return x, y, half, tall

    def done(self, grain=1.5):
        small = cv2.resize(self.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        rgb = small + self.random.normal(0, grain, small.shape)
        alpha = cv2.resize(self.mask, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        return Hard(np.clip(np.round(rgb), 0, 255).astype(np.uint8), alpha)


def _at(x, y):
    return int(x * FINE), int(y * FINE)


def _box(mask, left, top, right, bottom, width=-1):
    cv2.rectangle(mask, _at(left, top), _at(right, bottom), 255, width if width < 0 else width * FINE)


def plain(studio):
    studio.body()
    studio.shadow()
    studio.paint(studio.colour())


def hard_shadow(studio):
    studio.body()
    right = int(studio.random.integers(60, 140)) * int(studio.random.choice([-1, 1]))
    studio.shadow(
        studio.random.uniform(0.55, 0.85), right, int(studio.random.integers(0, 30)), studio.random.uniform(3, 12)
    )
    studio.paint(COLOURS[studio.random.integers(4)])


def clear_glass(studio):
    x, y, half, tall = studio.body()
    studio.shadow(studio.random.uniform(0.1, 0.3))
    width = int(studio.random.integers(5, 12)) * FINE
    rim = cv2.morphologyEx(studio.mask, cv2.MORPH_GRADIENT, np.ones((width, width), np.uint8))
    studio.paint((120, 125, 124), rim & studio.mask, shaded=False)
    studio.image[studio.mask > 0] *= 0.985
    cv2.line(studio.image, _at(x - half // 2, y + 20), _at(x - half // 2, y + tall // 2), (252, 252, 252), 10 * FINE)


def necklace(studio):
    open_end, across = studio.random.uniform(2.2, 2.9), studio.random.integers(200, 330)
    tall = studio.random.integers(300, 480)
    turn = np.linspace(-open_end, open_end, 400)
    chain = np.stack([450 + across * np.sin(turn), 90 + tall * (1 - np.cos(turn)) / 2], axis=1)
    cv2.polylines(studio.mask, [np.int32(chain * FINE)], False, 255, 2 * FINE)
    cv2.circle(studio.mask, _at(450, 92 + tall), int(studio.random.integers(12, 26)) * FINE, 255, -1)
    studio.shadow(0.2, 8, 8, 6)
    studio.paint((190, 150, 60) if studio.random.random() < 0.5 else (90, 90, 95))


def ring(studio):
    radius, width = studio.random.integers(90, 260), studio.random.integers(5, 60)
    cv2.circle(studio.mask, _at(450, 350), int(radius) * FINE, 255, int(width) * FINE)
    studio.shadow(0.3)
    studio.paint(studio.colour())


def slats(studio):
    left, right = studio.random.integers(200, 300), studio.random.integers(600, 700)
    _box(studio.mask, left, 120, right, 600, 26)
    for x in np.arange(left + 50, right - 20, studio.random.integers(40, 90)):
        cv2.line(studio.mask, _at(x, 120), _at(x, 600), 255, 14 * FINE)
    studio.shadow(0.3)
    studio.paint(studio.colour())


def touches_bottom(studio):
    _box(studio.mask, studio.random.integers(200, 350), studio.random.integers(150, 350), 620, HEIGHT + 20)
    studio.shadow()
    studio.paint(studio.colour())


def touches_left_and_right(studio):
    _box(studio.mask, -10, studio.random.integers(150, 250), WIDTH + 10, studio.random.integers(450, 560))
    studio.paint(studio.colour())


def touches_left(studio):
    _box(studio.mask, -10, 200, studio.random.integers(400, 600), studio.random.integers(450, 560))
    studio.shadow()
    studio.paint(studio.colour())


def fills_the_frame(studio):
    studio.mask[:] = 255
    studio.paint(studio.colour())


def empty_backdrop(studio):
    """Nothing."""


def two_products(studio):
    _box(studio.mask, studio.random.integers(100, 150), 220, studio.random.integers(320, 390), 580)
    first = studio.mask.copy()
    cv2.circle(studio.mask, _at(650, 430), int(studio.random.integers(120, 160)) * FINE, 255, -1)
    studio.shadow()
    studio.paint(studio.colour(), first)
    studio.paint(studio.colour(), studio.mask & ~first)


def earring(studio):
    place = _at(studio.random.integers(350, 550), studio.random.integers(300, 420))
    cv2.circle(studio.mask, place, int(studio.random.integers(7, 16)) * FINE, 255, -1)
    studio.shadow(0.3, 4, 3, 4)
    studio.paint(studio.colour())


def label_in_backdrop_colour(studio):
    x, y, half, tall = studio.body()
    studio.shadow()
    studio.paint(COLOURS[studio.random.integers(4)])
    label = studio.empty()
    _box(label, x - half * 0.9, y, x + half * 0.9, y + tall * 0.5)
    level = studio.random.integers(214, 236)
    studio.paint((level, level - 1, level - 4), label & cv2.erode(studio.mask, np.ones((9, 9), np.uint8)), shaded=False)


def studio_edge(studio):
    _box(studio.mask, studio.random.integers(250, 330), 200, studio.random.integers(560, 650), 600)
    studio.paint(COLOURS[studio.random.integers(4)])
    studio.image[600 * FINE :] *= studio.random.uniform(0.7, 0.9)
    side = studio.empty()
    _box(side, 0, 0, studio.random.integers(30, 90), HEIGHT)
    studio.paint((40, 40, 42), side, shaded=False)


def white_on_white(studio):
    studio.body()
    studio.shadow(studio.random.uniform(0.1, 0.25))
    studio.paint((246, 246, 245))


def black_on_black(studio):
    x, y, half, tall = studio.body()
    studio.paint((30, 30, 31))
    cv2.line(studio.image, _at(x - half // 2, y), _at(x - half // 2, y + tall // 2), (80, 80, 82), 5 * FINE)


def green_on_green(studio):
    studio.body()
    studio.shadow()
    studio.paint((70, 150, 75))


def chart_beside(studio):
    studio.body()
    studio.shadow()
    chart = studio.empty()
    left = studio.random.choice([20, 720])
    _box(chart, left, 20, left + 150, 120)
    studio.paint(studio.colour())
    studio.paint((20, 20, 20), chart & ~studio.mask, shaded=False)
    for index, colour in enumerate(COLOURS):
        patch = studio.empty()
        _box(patch, left + 8 + 20 * index, 40, left + 24 + 20 * index, 90)
        studio.paint(colour, patch & ~studio.mask, shaded=False)


def crumbs(studio):
    studio.body()
    studio.shadow()
    studio.paint(studio.colour())
    fallen = studio.empty()
    for _ in range(60):
        place = _at(studio.random.integers(20, WIDTH - 20), studio.random.integers(20, HEIGHT - 20))
        cv2.circle(fallen, place, int(studio.random.integers(1, 4)) * FINE, 255, -1)
    studio.paint((70, 60, 50), fallen & ~studio.mask, shaded=False)


WHITE, BLACK, GREEN = ((250, 250, 250), (244, 244, 244)), ((22, 22, 23), (14, 14, 15)), ((60, 160, 70), (50, 140, 60))
BACKDROPS = {"white_on_white": WHITE, "black_on_black": BLACK, "green_on_green": GREEN}
KINDS: dict[str, Callable[[Studio], None]] = {
    kind.__name__: kind
    for kind in (
        plain, hard_shadow, clear_glass, necklace, ring, slats, touches_bottom, touches_left_and_right, touches_left,
        fills_the_frame, empty_backdrop, two_products, earring, label_in_backdrop_colour, studio_edge, white_on_white,
        black_on_black, green_on_green, chart_beside, crumbs,
    )
}  # fmt: skip


def draw(kind: str, seed: int) -> Hard:
    studio = Studio(seed, *BACKDROPS.get(kind, ()))
    KINDS[kind](studio)
    return studio.done()
