"""Sort projected Gaussians by depth, and list for each tile of the picture those that touch it; numba kernels.

Tiles are `TILE` px squares of 4 x 4 blocks. A Gaussian is listed in a tile with the blocks where its alpha can reach
1/255, by the exact minimum of its quadratic over each block; a bounding box alone would fill the lists with needles.
Lists are in depth order, ties by index. Tiles are assigned to workers in advance, largest first, so that nothing
depends on timing.
"""

import numba
import numpy as np

from pipeline.core.arrays import F32, I32, I64, U16
from pipeline.splatting.lanes import LANES, bits, broadcast, load, maximum, minimum, prefetch
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel

TILE = 16
AHEAD = 8  # how many Gaussians ahead memory is prefetched
BLOCK = 4  # side of a block, px; a tile has 4 x 4 blocks of 4 x 4 pixels, one vector each
_BLOCK_X = (np.arange(LANES) % 4 * BLOCK + 0.5).astype(np.float32)  # first pixel centre of each block of a tile
_BLOCK_Y = (np.arange(LANES) // 4 * BLOCK + 0.5).astype(np.float32)
_SPAN, _ZERO = np.float32(BLOCK - 1), np.float32(0.0)
_U = np.uint64
_RADIX_BITS = 11
_RADIX = 1 << _RADIX_BITS


@numba.njit(cache=True, error_model="numpy")
def depth_order(records: F32, boxes: I32) -> I32:
    """Return the drawn Gaussians' indices, nearest first, by a stable radix sort of the (positive) depths' bits."""
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
def _blocks_reached(record: F32, x: float, y: float) -> np.uint64:
    """Return, as bits, the blocks of the tile at (x, y) with a pixel where alpha can reach 1/255; one lane per block.

    The minimum of the quadratic over a rectangle is at the Gaussian's centre, if inside, or on an edge that faces it:
    in each case it is the best point of the nearest column or that of the nearest row.
    """
    a, b, c = record[2], record[3], record[4]
    left, top = load(_BLOCK_X, _U(0)) + (x - record[0]), load(_BLOCK_Y, _U(0)) + (y - record[1])
    right, bottom = left + _SPAN, top + _SPAN
    zero = broadcast(_ZERO)
    column, row = maximum(left, minimum(right, zero)), maximum(top, minimum(bottom, zero))
    along = maximum(top, minimum(bottom, column * (-b / c)))
    across = maximum(left, minimum(right, row * (-b / a)))
    by_column = column * (column * a + along * (b + b)) + along * along * c
    by_row = row * (row * c + across * (b + b)) + across * across * a
    return bits(minimum(by_column, by_row) <= record[10] + record[10])


@numba.njit(cache=True, error_model="numpy")
def _tiles_of(box: I32) -> tuple[int, int, int, int]:
    """Return the first and last + 1 column and row of the tiles that a pixel box overlaps."""
    return box[0] // TILE, (box[2] + TILE - 1) // TILE, box[1] // TILE, (box[3] + TILE - 1) // TILE


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def reach_tiles(records: F32, boxes: I32, tiles_x: int, tiles_y: int, workers: int) -> tuple[I32, I64, U16]:
    """Count the Gaussians that touch each tile, [tiles_y * tiles_x], and find the blocks that each reaches.

    Returns counts, `offsets` [N + 1] and blocks. Those of Gaussian i, one per tile of its box, row by row, begin at
    `offsets[i]`. They are computed once, here, in memory order.
    """
    n = records.shape[0]
    offsets = np.zeros(n + 1, np.int64)
    for i in range(n):
        x0, x1, y0, y1 = _tiles_of(boxes[i])
        offsets[i + 1] = offsets[i] + (x1 - x0) * (y1 - y0)
    reached, counts = np.empty(offsets[n], np.uint16), np.zeros((workers, tiles_x * tiles_y), np.int32)
    for worker in numba.prange(workers):
        for i in range(worker * n // workers, (worker + 1) * n // workers):
            at = offsets[i]
            x0, x1, y0, y1 = _tiles_of(boxes[i])
            for ty in range(y0, y1):
                for tx in range(x0, x1):
                    reached[at] = _blocks_reached(records[i], np.float32(tx * TILE), np.float32(ty * TILE))
                    counts[worker, ty * tiles_x + tx] += reached[at] != 0
                    at += 1
    for worker in range(1, workers):
        counts[0] += counts[worker]
    return counts[0], offsets, reached


@numba.njit(cache=True, error_model="numpy", parallel=True)
def fill_tiles(
    order: I32, boxes: I32, offsets: I64, reached: U16, tiles_x: int, starts: I64, workers: int
) -> tuple[I32, U16]:
    """Return the lists, tile after tile, nearest first: Gaussian indices, and the blocks that each reaches.

    `starts` [tiles + 1] bounds the lists; worker w of W fills the tile rows congruent to w modulo W.
    """
    pairs, blocks = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.uint16)
    cursor = starts[:-1].copy()
    for worker in numba.prange(workers):
        for k in range(order.size):
            ahead = order[min(k + AHEAD, order.size - 1)]  # depth order is random in memory
            prefetch(boxes, _U(ahead) * _U(4))
            prefetch(reached, _U(offsets[ahead]))
            i = order[k]
            x0, x1, y0, y1 = _tiles_of(boxes[i])
            for ty in range(y0 + (worker - y0) % workers, y1, workers):
                at = offsets[i] + (ty - y0) * (x1 - x0)
                for tile in range(ty * tiles_x + x0, ty * tiles_x + x1):
                    if reached[at] != 0:
                        pairs[cursor[tile]], blocks[cursor[tile]] = i, reached[at]
                        cursor[tile] += 1
                    at += 1
    return pairs, blocks


@numba.njit(cache=True, error_model="numpy")
def deal_tiles(counts: I32, workers: int) -> tuple[I32, I64]:
    """Assign tiles to workers, largest first, each to the least loaded: tiles by worker, and bounds [workers + 1]."""
    by_size = np.argsort(-counts.astype(np.int64), kind="mergesort")
    work, owner = np.zeros(workers, np.int64), np.empty(counts.size, np.int32)
    for tile in by_size:
        idlest = np.argmin(work)
        owner[tile] = idlest
        work[idlest] += counts[tile] + 4  # an empty tile still costs its pixels
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
