"""Sort projected Gaussians by depth and list, for each tile of the picture, those that touch it; numba kernels.

Tiles are `TILE` px squares. A Gaussian is listed in a tile when its alpha can reach 1/255 inside (the minimum of its
quadratic over the tile's rectangle is found exactly), not merely when its bounding box overlaps: needles would fill
lists. Lists are in depth order, ties by index. Tiles are dealt to workers by size, largest first, so that nothing
depends on timing.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from pipeline.splatting import threads  # noqa: F401  (before the first kernel)

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
TILE = 16
_RADIX_BITS = 11
_RADIX = 1 << _RADIX_BITS


@numba.njit(cache=True, error_model="numpy")
def depth_order(records: F32, boxes: I32) -> I32:
    """Indices of the drawn Gaussians, nearest first: a stable radix sort of the depths' bits (depths are positive)."""
    n = records.shape[0]
    index = np.empty(n, np.int32)
    count = 0
    for i in range(n):
        if boxes[i, 2] > boxes[i, 0]:
            index[count] = i
            count += 1
    index = index[:count]
    depth = np.empty(count, np.float32)
    for k in range(count):
        depth[k] = records[index[k], 9]
    keys = depth.view(np.uint32)
    other, other_keys = np.empty_like(index), np.empty_like(keys)
    for shift in (0, _RADIX_BITS, 2 * _RADIX_BITS):
        starts = np.zeros(_RADIX + 1, np.int64)
        for k in range(count):
            starts[((keys[k] >> np.uint32(shift)) & np.uint32(_RADIX - 1)) + 1] += 1
        for b in range(_RADIX):
            starts[b + 1] += starts[b]
        for k in range(count):
            bucket = (keys[k] >> np.uint32(shift)) & np.uint32(_RADIX - 1)
            other[starts[bucket]], other_keys[starts[bucket]] = index[k], keys[k]
            starts[bucket] += 1
        index, other, keys, other_keys = other, index, other_keys, keys
    return index


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _edge_minimum(fixed: float, a: float, b: float, c: float, low: float, high: float) -> float:
    """Minimum of 0.5 (a d^2 + 2 b d s + c s^2) over s in [low, high], d fixed."""
    s = min(max(-b * fixed / c, low), high)
    return 0.5 * (a * fixed * fixed + 2.0 * b * fixed * s + c * s * s)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def touches(record: F32, x: float, y: float) -> bool:
    """Whether the Gaussian reaches alpha 1/255 at a pixel centre of the tile whose corner is (x, y)."""
    x0, x1 = x + 0.5 - record[0], x + TILE - 0.5 - record[0]
    y0, y1 = y + 0.5 - record[1], y + TILE - 0.5 - record[1]
    inside_x, inside_y = x0 <= 0.0 <= x1, y0 <= 0.0 <= y1
    if inside_x and inside_y:
        return True
    a, b, c = record[2], record[3], record[4]
    least = np.inf
    if not inside_x:
        least = min(least, _edge_minimum(x0 if x0 > 0.0 else x1, a, b, c, y0, y1))
    if not inside_y:
        least = min(least, _edge_minimum(y0 if y0 > 0.0 else y1, c, b, a, x0, x1))
    return least <= record[10]


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def count_tiles(order: I32, records: F32, boxes: I32, tiles_x: int, tiles_y: int, workers: int) -> I32:
    """How many Gaussians touch each tile, [tiles_y * tiles_x]; each worker owns the tile rows congruent to it."""
    counts = np.zeros(tiles_x * tiles_y, np.int32)
    for worker in numba.prange(workers):
        for k in range(order.size):
            i = order[k]
            first = boxes[i, 1] // TILE
            for ty in range(first + (worker - first) % workers, (boxes[i, 3] + TILE - 1) // TILE, workers):
                for tx in range(boxes[i, 0] // TILE, (boxes[i, 2] + TILE - 1) // TILE):
                    if touches(records[i], tx * TILE, ty * TILE):
                        counts[ty * tiles_x + tx] += 1
    return counts


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def fill_tiles(order: I32, records: F32, boxes: I32, tiles_x: int, starts: NDArray[np.int64], workers: int) -> I32:
    """The lists themselves: Gaussian indices, tile after tile, nearest first; `starts` [tiles + 1] bounds them."""
    pairs = np.empty(starts[-1], np.int32)
    cursor = starts[:-1].copy()
    for worker in numba.prange(workers):
        for k in range(order.size):
            i = order[k]
            first = boxes[i, 1] // TILE
            for ty in range(first + (worker - first) % workers, (boxes[i, 3] + TILE - 1) // TILE, workers):
                for tx in range(boxes[i, 0] // TILE, (boxes[i, 2] + TILE - 1) // TILE):
                    if touches(records[i], tx * TILE, ty * TILE):
                        tile = ty * tiles_x + tx
                        pairs[cursor[tile]] = i
                        cursor[tile] += 1
    return pairs


@numba.njit(cache=True, error_model="numpy")
def deal_tiles(counts: I32, workers: int) -> tuple[I32, NDArray[np.int64]]:
    """Tiles of each worker, [tiles] with bounds [workers + 1]: largest first, to whoever has least so far."""
    by_size = np.argsort(-counts.astype(np.int64), kind="mergesort")
    load, owner = np.zeros(workers, np.int64), np.empty(counts.size, np.int32)
    for tile in by_size:
        least = np.argmin(load)
        owner[tile] = least
        load[least] += counts[tile] + 4  # an empty tile still costs its pixels
    bounds = np.zeros(workers + 1, np.int64)
    dealt = np.empty(counts.size, np.int32)
    at = 0
    for w in range(workers):
        for t in range(counts.size):
            if owner[t] == w:
                dealt[at] = t
                at += 1
        bounds[w + 1] = at
    return dealt, bounds
