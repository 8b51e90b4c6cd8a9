"""Composite tiles of Gaussians front to back, and compute the gradient, as numba kernels.

alpha = min(0.99, o exp(-q)), q = (a dx^2 + 2 b dx dy + c dy^2) / 2, 0 if below 1/255; colour = sum_i T_i alpha_i c_i,
T_i = prod_{j<i} (1 - alpha_j) (Kerbl et al. 2023). A tile stops when the transmittance of each of its pixels is below
`T_STOP`, which bounds the weight of the omitted Gaussians.

The state of a tile is one flat local buffer, one block of 4 x 4 pixels after another: a block of a plane is one vector
(`lanes`), and a Gaussian visits only the blocks that it reaches. Splats of a fit are small: working on whole rows of a
tile would take 1.5 times as many pixels. The gradient also runs front to back. All that remains behind each Gaussian is
kept as one scalar per pixel (colour, alpha and depth weighted by their incoming gradients), so the forward pass stores
only the picture itself and the blocks visited.
"""

import numba
import numpy as np

from pipeline.core.arrays import F32, I32, I64, U16
from pipeline.splatting.lanes import (
    LANES,
    Lanes,
    bits,
    broadcast,
    empty_aligned,
    exp2,
    lane_sums,
    load,
    lowest_bit,
    minimum,
    prefetch,
    select,
    store,
)
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel
from pipeline.splatting.raster.projection import ALPHA_MIN, RECORD, SUMS
from pipeline.splatting.raster.tiles import AHEAD, BLOCK, TILE

PIXELS = TILE * TILE
T_STOP = np.float32(1e-4)
ALPHA_MAX = np.float32(0.99)
CHECK_EVERY = 16
_ONE, _ZERO, _HALF = np.float32(1.0), np.float32(0.0), np.float32(0.5)
# alpha = 2^t, t = log2(o) - q / log(2), and q / log(2) from conics scaled by this: exp2 is the cheapest exponential
_PER_LOG_2, _HALF_PER_LOG_2 = np.float32(1.0 / np.log(2.0)), np.float32(0.5 / np.log(2.0))
_LEAST_POWER = np.float32(np.log2(ALPHA_MIN))
# Where a tile's planes start in its flat buffer; a plane holds its blocks one after the other.
_U = np.uint64
_LANES = _U(LANES)
_T, _R, _G, _B, _D, _X, _Y = (_U(k * PIXELS) for k in range(7))
FORWARD_PLANES = 7
_REST, _BX, _BY, _GR, _GG, _GB, _GA, _GD, _SHOWN = (_U(k * PIXELS) for k in range(1, 10))
BACKWARD_PLANES = 10


@numba.njit(cache=True)
def _pixel(row: int, column: int) -> np.uint64:
    """Return the index of a tile's pixel in a plane."""
    block = (row // BLOCK) * (TILE // BLOCK) + column // BLOCK
    return _U(block * LANES + (row % BLOCK) * BLOCK + column % BLOCK)


@numba.njit(cache=True)
def _fetch_record(records: F32, i: int) -> None:
    """Prefetch a record, which may span two cache lines."""
    prefetch(records, _U(i) * _U(RECORD))
    prefetch(records, _U(i) * _U(RECORD) + _U(RECORD - 1))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _alive(s: F32) -> np.uint64:
    """Return the blocks, as bits, with a pixel whose transmittance is above `T_STOP`."""
    alive = _U(0)
    for block in range(_LANES):
        if bits(load(s, block * _LANES) <= T_STOP) != _U(0xFFFF):
            alive |= _U(1) << block
    return alive


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _centres(s: F32, px: np.uint64, py: np.uint64) -> None:
    """Fill the planes `px`, `py` with pixel centres relative to the tile's corner, the same for all tiles."""
    for row in range(TILE):
        for column in range(TILE):
            p = _pixel(row, column)
            s[px + p] = np.float32(column) + _HALF
            s[py + p] = np.float32(row) + _HALF


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _open_tile(s: F32, x: int, y: int, width: int, height: int) -> None:
    """Start a tile: full transmittance inside the picture, none outside."""
    if x + TILE <= width and y + TILE <= height:
        s[:PIXELS] = _ONE
        return
    for row in range(TILE):
        for column in range(TILE):
            s[_pixel(row, column)] = _ONE if (x + column < width and y + row < height) else _ZERO


@numba.njit(cache=True, error_model="numpy")
def _take(source: F32, x: int, y: int, s: F32, plane: np.uint64) -> None:
    """Copy a tile of `source` [H, W] into a plane, one row of a block at a time; zeros outside the picture."""
    height, width = source.shape
    inside = x + TILE <= width and y + TILE <= height
    if not inside:
        s[plane : plane + PIXELS] = _ZERO
    for row in range(min(TILE, height - y)):
        line = source[y + row]
        for column in range(0, TILE, BLOCK):
            p = plane + _pixel(row, column)
            for i in range(BLOCK):
                if inside or x + column + i < width:
                    s[p + _U(i)] = line[_U(x + column + i)]


@numba.njit(cache=True, error_model="numpy")
def _give(s: F32, plane: np.uint64, x: int, y: int, out: F32) -> None:
    """Copy a plane into a tile of `out` [H, W]."""
    height, width = out.shape
    inside = x + TILE <= width and y + TILE <= height
    for row in range(min(TILE, height - y)):
        line = out[y + row]
        for column in range(0, TILE, BLOCK):
            p = plane + _pixel(row, column)
            for i in range(BLOCK):
                if inside or x + column + i < width:
                    line[_U(x + column + i)] = s[p + _U(i)]


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _blend(s: F32, g: F32, x: float, y: float, blocks: np.uint64) -> None:
    """Blend one Gaussian into `blocks` of a tile."""
    mx, my = g[0] - x, g[1] - y
    a, b, c = _HALF_PER_LOG_2 * g[2], _PER_LOG_2 * g[3], _HALF_PER_LOG_2 * g[4]
    power = _PER_LOG_2 * g[10] + _LEAST_POWER  # log2 of the opacity
    red, green, blue, depth = g[6], g[7], g[8], g[9]
    while blocks != 0:
        p = lowest_bit(blocks) * _LANES
        blocks &= blocks - _U(1)
        dx, dy = load(s, _X + p) - mx, load(s, _Y + p) - my
        t = power - (dx * (dx * a + dy * b) + dy * dy * c)
        alpha = select(t >= _LEAST_POWER, minimum(exp2(t), ALPHA_MAX), _ZERO)
        through = load(s, p)
        w = alpha * through
        store(s, p, through - w)
        store(s, _R + p, load(s, _R + p) + w * red)
        store(s, _G + p, load(s, _G + p) + w * green)
        store(s, _B + p, load(s, _B + p) + w * blue)
        store(s, _D + p, load(s, _D + p) + w * depth)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _composite(s: F32, pairs: I32, blocks: U16, records: F32, x: int, y: int) -> int:
    """Composite a tile's Gaussians into its buffer; return how many were needed, and mask `blocks` by those alive."""
    alive = _U(0)
    for k in range(pairs.size):
        if k % CHECK_EVERY == 0:
            alive = _alive(s)
            if alive == 0:
                return k
        _fetch_record(records, pairs[min(k + AHEAD, pairs.size - 1)])
        reached = _U(blocks[k]) & alive
        blocks[k] = reached
        _blend(s, records[pairs[k]], np.float32(x), np.float32(y), reached)
    return pairs.size


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def rasterize(
    records: F32, pairs: I32, blocks: U16, starts: I64, dealt: I32, bounds: I64, width: int, height: int, picture: F32,
    used: I32,
) -> None:  # fmt: skip
    """Fill `picture` [5, H, W]: premultiplied r, g, b, alpha, alpha-weighted depth; and `used` [tiles].

    Clears the bits of `blocks` that were already opaque, so that the gradient skips them.
    """
    tiles_x = (width + TILE - 1) // TILE
    for worker in numba.prange(bounds.size - 1):
        s = empty_aligned(FORWARD_PLANES * PIXELS)
        _centres(s, _X, _Y)
        for t in range(bounds[worker], bounds[worker + 1]):
            tile = dealt[t]
            x, y = (tile % tiles_x) * TILE, (tile // tiles_x) * TILE
            s[_R:_X] = _ZERO
            _open_tile(s, x, y, width, height)
            begin, end = starts[tile], starts[tile + 1]
            used[tile] = _composite(s, pairs[begin:end], blocks[begin:end], records, x, y)
            for p in range(PIXELS):
                s[_U(p)] = _ONE - s[_U(p)]
            for plane, source in enumerate((_R, _G, _B, _T, _D)):
                _give(s, source, x, y, picture[plane])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _unblend(s: F32, g: F32, x: float, y: float, blocks: np.uint64) -> Lanes:
    """Return one Gaussian's gradients over `blocks` of a tile, `SUMS` lanes, and advance the tile behind it."""
    mx, my = g[0] - x, g[1] - y
    a, b, c = _HALF_PER_LOG_2 * g[2], _PER_LOG_2 * g[3], _HALF_PER_LOG_2 * g[4]
    power = _PER_LOG_2 * g[10] + _LEAST_POWER  # log2 of the opacity
    red, green, blue, depth = g[6], g[7], g[8], g[9]
    zero = broadcast(_ZERO)
    h0 = h1 = h2 = h3 = h4 = h5 = c0 = c1 = c2 = c3 = zero
    while blocks != 0:
        p = lowest_bit(blocks) * _LANES
        blocks &= blocks - _U(1)
        dx, dy = load(s, _BX + p) - mx, load(s, _BY + p) - my
        t = power - (dx * (dx * a + dy * b) + dy * dy * c)
        raw = exp2(t)
        alpha = select(t >= _LEAST_POWER, minimum(raw, ALPHA_MAX), zero)
        through = load(s, p)
        w = alpha * through
        gr, gg, gb, gd = load(s, _GR + p), load(s, _GG + p), load(s, _GB + p), load(s, _GD + p)
        own = w * (gr * red + gg * green + gb * blue + gd * depth + load(s, _GA + p))
        rest = load(s, _REST + p) - own
        h = select(raw <= ALPHA_MAX, own - alpha * rest / (_ONE - alpha), zero)
        store(s, p, through - w)
        store(s, _REST + p, rest)
        hx, hy = h * dx, h * dy
        h0, h1, h2 = h0 + h, h1 + hx, h2 + hy
        h3, h4, h5 = h3 + hx * dx, h4 + hx * dy, h5 + hy * dy
        c0, c1, c2, c3 = c0 + w * gr, c1 + w * gg, c2 + w * gb, c3 + w * gd
    return lane_sums((h0, h1, h2, h3, h4, h5, c0, c1, c2, c3))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _open_gradient(s: F32, picture: F32, incoming: F32, x: int, y: int) -> None:
    """Start a tile's gradient: load the incoming gradients, and their sum weighted by the picture."""
    s[_REST:_BX] = _ZERO
    for plane, target in enumerate((_GR, _GG, _GB, _GA, _GD)):
        _take(incoming[plane], x, y, s, target)
        _take(picture[plane], x, y, s, _SHOWN)
        for p in range(0, PIXELS, LANES):
            at = _U(p)
            store(s, _REST + at, load(s, _REST + at) + load(s, target + at) * load(s, _SHOWN + at))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _gradient_tile(s: F32, pairs: I32, blocks: U16, records: F32, x: int, y: int, totals: F32) -> None:
    """Add the gradients of a tile's Gaussians to `totals` [N * SUMS]; `s` contains incoming gradients and remainder."""
    for k in range(pairs.size):
        i = _U(pairs[k])
        ahead = pairs[min(k + AHEAD, pairs.size - 1)]
        _fetch_record(records, ahead)
        prefetch(totals, _U(ahead) * _U(SUMS))
        gradients = _unblend(s, records[i], np.float32(x), np.float32(y), _U(blocks[k]))
        store(totals, i * _U(SUMS), load(totals, i * _U(SUMS)) + gradients)


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def rasterize_gradient(
    records: F32, pairs: I32, blocks: U16, starts: I64, dealt: I32, bounds: I64, picture: F32, used: I32, incoming: F32,
    totals: F32,
) -> None:  # fmt: skip
    """Add to `totals` [workers, N, SUMS] each worker's share of the gradients; `incoming` [5, H, W] is dL/dpicture."""
    height, width = picture.shape[1], picture.shape[2]
    tiles_x = (width + TILE - 1) // TILE
    for worker in numba.prange(bounds.size - 1):
        s, own = empty_aligned(BACKWARD_PLANES * PIXELS), totals[worker].reshape(-1)
        _centres(s, _BX, _BY)
        for t in range(bounds[worker], bounds[worker + 1]):
            tile = dealt[t]
            if used[tile] == 0:
                continue
            x, y = (tile % tiles_x) * TILE, (tile // tiles_x) * TILE
            _open_tile(s, x, y, width, height)
            _open_gradient(s, picture, incoming, x, y)
            begin, end = starts[tile], starts[tile] + used[tile]
            _gradient_tile(s, pairs[begin:end], blocks[begin:end], records, x, y, own)
