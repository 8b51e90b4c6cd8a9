"""The backdrop behind the product of a camera that stood still, grown from the picture's edge inwards.

Neighbouring pixels show the backdrop in nearly the same photos, because the product's outline is smooth in each of them.
So the photos in which a pixel's neighbours show the backdrop tell which of its colours is the backdrop's, whatever
the backdrop looks like and however seldom it is seen. The kernel is the only place where that is decided.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Mask

WINDOW_PX = 2  # neighbours up to this far count
AGREEING_SHARE = 0.75  # of the photos whose neighbours show the backdrop must agree on the pixel's colour
EDGE_LEVELS = 14.0  # a larger difference to the neighbours is an edge: the backdrop's only if the product hides both sides
HIDDEN_SHARE = 0.6  # of the photos that hide the neighbours must hide the pixel too, across an edge


@dataclass(frozen=True)
class Plate:
    """`colour` [h, w, 3], 0 to 255, of the backdrop where it was `seen` [h, w]; elsewhere the product always hides it."""

    colour: F32
    seen: Mask


def grow_plate(frames: F32, outside: Mask, reach: F32) -> Plate:
    """Grow the backdrop from `outside` [h, w], where all frames [n, h, w, 3] show it, as far as it is seen.

    `reach` [h, w]: up to this difference, in levels, two photos show the same.
    """
    colour = np.median(frames, axis=0).astype(np.float32)
    seen = outside.copy()
    shows = np.asarray(np.abs(frames - colour).max(axis=3) < reach)
    shows[:, ~seen] = False
    at_least = max(2, round(0.08 * len(frames)))
    _grow(np.ascontiguousarray(frames), colour, shows, seen, reach, at_least)
    return Plate(colour, seen)


@njit(cache=True, nogil=True)
def _candidate(
    frames: F32, colour: F32, shows: NDArray[np.bool_], seen: Mask, y: int, x: int, reach: F32, at_least: int
) -> tuple[float, float, float, float]:
    """Score of a pixel as backdrop (below 0: it is not), and its colour."""
    count, height, width, _ = frames.shape
    showing = np.zeros(count)
    around = np.zeros(3)
    neighbours = 0
    for v in range(max(0, y - WINDOW_PX), min(height, y + WINDOW_PX + 1)):
        for u in range(max(0, x - WINDOW_PX), min(width, x + WINDOW_PX + 1)):
            if seen[v, u]:
                neighbours += 1
                around += colour[v, u]
                for i in range(count):
                    showing[i] += shows[i, v, u]
    showing /= neighbours
    around /= neighbours
    visible = showing > 0.5
    total = visible.sum()
    if total < at_least:
        return -1.0, 0.0, 0.0, 0.0
    own = np.empty(3)
    values = np.empty(total)
    for c in range(3):
        k = 0
        for i in range(count):
            if visible[i]:
                values[k] = frames[i, y, x, c]
                k += 1
        own[c] = np.median(values)
    agreeing, hidden = 0, 0
    for i in range(count):
        away = max(
            abs(frames[i, y, x, 0] - own[0]), abs(frames[i, y, x, 1] - own[1]), abs(frames[i, y, x, 2] - own[2])
        )
        agreeing += visible[i] and away < reach[y, x]
        hidden += not visible[i] and away >= reach[y, x]
    edge = max(abs(own[0] - around[0]), abs(own[1] - around[1]), abs(own[2] - around[2]))
    share = agreeing / total
    if share < AGREEING_SHARE:
        return -1.0, 0.0, 0.0, 0.0
    others = count - total
    if others - hidden > max(2.0, 0.5 * others):
        return -1.0, 0.0, 0.0, 0.0
    if edge > EDGE_LEVELS and (others < 2 or hidden < HIDDEN_SHARE * others):
        return -1.0, 0.0, 0.0, 0.0
    return share - edge / 255.0, own[0], own[1], own[2]


@njit("void(f4[:,:,:,::1], f4[:,:,::1], b1[:,:,::1], b1[:,::1], f4[:,::1], i8)", cache=True, nogil=True)
def _grow(
    frames: F32, colour: F32, shows: NDArray[np.bool_], seen: Mask, reach: F32, at_least: int
) -> None:
    """Add pixels to `seen` best first; sets their `colour` [h, w, 3] and the frames that show it, `shows` [n, h, w]."""
    count, height, width, _ = frames.shape
    queue = [(0.0, -1, -1, 0.0, 0.0, 0.0)]
    queue.pop()
    for y in range(height):
        for x in range(width):
            if seen[y, x] or not (
                (y > 0 and seen[y - 1, x])
                or (y < height - 1 and seen[y + 1, x])
                or (x > 0 and seen[y, x - 1])
                or (x < width - 1 and seen[y, x + 1])
            ):
                continue
            score, r, g, b = _candidate(frames, colour, shows, seen, y, x, reach, at_least)
            if score >= 0:
                heapq.heappush(queue, (-score, y, x, r, g, b))
    while len(queue) > 0:
        _, y, x, r, g, b = heapq.heappop(queue)
        if seen[y, x]:
            continue
        seen[y, x] = True
        colour[y, x, 0], colour[y, x, 1], colour[y, x, 2] = r, g, b
        for i in range(count):
            away = max(abs(frames[i, y, x, 0] - r), abs(frames[i, y, x, 1] - g), abs(frames[i, y, x, 2] - b))
            shows[i, y, x] = away < reach[y, x]
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < height and 0 <= u < width and not seen[v, u]:
                score, r2, g2, b2 = _candidate(frames, colour, shows, seen, v, u, reach, at_least)
                if score >= 0:
                    heapq.heappush(queue, (-score, v, u, r2, g2, b2))
