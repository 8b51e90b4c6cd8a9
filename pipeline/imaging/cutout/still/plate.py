"""The backdrop behind the product of a camera that stood still, grown from the picture's edge inwards.

Neighbouring pixels show the backdrop in nearly the same photos, because the product's outline is smooth in each. So the
photos in which a pixel's neighbours show the backdrop tell which of its colours is the backdrop's, whatever it looks
like and however seldom it is seen.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Mask

WINDOW_PX = 2  # neighbours up to this far count
AGREEING_SHARE = 0.75  # of the photos whose neighbours show the backdrop must agree on the pixel's colour
EDGE_LEVELS = (
    14.0  # a larger difference to the neighbours is an edge: the backdrop's only if the product hides both sides
)
HIDDEN_SHARE = 0.6  # of the photos that hide the neighbours must hide the pixel too, across an edge


@dataclass(frozen=True)
class Plate:
    """`colour` [h, w, 3], 0 to 255, of the backdrop where it was `seen` [h, w]; elsewhere it is always hidden."""

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
def _apart(first: F32, second: F32) -> float:
    return max(abs(first[0] - second[0]), abs(first[1] - second[1]), abs(first[2] - second[2]))


@njit(cache=True, nogil=True)
def _around(colour: F32, shows: NDArray[np.bool_], seen: Mask, y: int, x: int, showing: F32, mean: F32) -> None:
    """What the seen neighbours of a pixel have in common: the share that each frame shows, [n], and the colour, [3]."""
    height, width = seen.shape
    showing[:], mean[:] = 0.0, 0.0
    neighbours = 0
    for v in range(max(0, y - WINDOW_PX), min(height, y + WINDOW_PX + 1)):
        for u in range(max(0, x - WINDOW_PX), min(width, x + WINDOW_PX + 1)):
            if seen[v, u]:
                neighbours += 1
                mean += colour[v, u]
                showing += shows[:, v, u]
    showing /= neighbours
    mean /= neighbours


@njit(cache=True, nogil=True)
def _median(values: F32, visible: NDArray[np.bool_], own: F32) -> None:
    """The median colour [3] of the visible frames [n, 3]."""
    for c in range(3):
        own[c] = np.median(values[:, c][visible])


@njit(cache=True, nogil=True)
def _score(values: F32, visible: NDArray[np.bool_], own: F32, edge: float, reach: float) -> float:
    """How surely a pixel of the frames' `values` [n, 3] shows the backdrop of colour `own`, 0 to 1; -1: it does not.

    `visible` [n]: where the neighbours show it. `edge`: difference to their colour, in levels.
    """
    agreeing, hidden = 0, 0
    for i in range(len(values)):
        near = _apart(values[i], own) < reach
        agreeing += visible[i] and near
        hidden += not visible[i] and not near
    share = agreeing / visible.sum()
    others = len(values) - visible.sum()
    coherent = others - hidden <= max(2.0, 0.5 * others)
    crossed = edge <= EDGE_LEVELS or (others >= 2 and hidden >= HIDDEN_SHARE * others)
    return share - edge / 255.0 if share >= AGREEING_SHARE and coherent and crossed else -1.0


@njit(cache=True, nogil=True)
def _offer(
    queue: list[tuple[float, int, int, float, float, float]],
    frames: F32,
    colour: F32,
    shows: NDArray[np.bool_],
    seen: Mask,
    y: int,
    x: int,
    reach: F32,
    at_least: int,
) -> None:
    """Queue a pixel, with its colour, if it shows the backdrop in enough frames."""
    showing, mean, own = np.empty(len(frames), np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    _around(colour, shows, seen, y, x, showing, mean)
    visible = showing > 0.5
    if visible.sum() < at_least:
        return
    _median(frames[:, y, x], visible, own)
    score = _score(frames[:, y, x], visible, own, _apart(own, mean), reach[y, x])
    if score >= 0:
        heapq.heappush(queue, (-score, y, x, own[0], own[1], own[2]))


@njit("void(f4[:,:,:,::1], f4[:,:,::1], b1[:,:,::1], b1[:,::1], f4[:,::1], i8)", cache=True, nogil=True)
def _grow(frames: F32, colour: F32, shows: NDArray[np.bool_], seen: Mask, reach: F32, at_least: int) -> None:
    """Add pixels to `seen` best first; sets their `colour` [h, w, 3] and the frames that show it, `shows` [n, h, w]."""
    height, width = seen.shape
    beside = ((-1, 0), (1, 0), (0, -1), (0, 1))
    queue = [(np.float64(0.0), 0, 0, np.float32(0.0), np.float32(0.0), np.float32(0.0))]
    queue.pop()
    for y in range(height):
        for x in range(width):
            for dy, dx in beside:
                v, u = y + dy, x + dx
                if seen[y, x] and 0 <= v < height and 0 <= u < width and not seen[v, u]:
                    _offer(queue, frames, colour, shows, seen, v, u, reach, at_least)
    while len(queue) > 0:
        _, y, x, r, g, b = heapq.heappop(queue)
        if seen[y, x]:
            continue
        seen[y, x] = True
        colour[y, x, 0], colour[y, x, 1], colour[y, x, 2] = r, g, b
        for i in range(len(frames)):
            shows[i, y, x] = _apart(frames[i, y, x], colour[y, x]) < reach[y, x]
        for dy, dx in beside:
            v, u = y + dy, x + dx
            if 0 <= v < height and 0 <= u < width and not seen[v, u]:
                _offer(queue, frames, colour, shows, seen, v, u, reach, at_least)
