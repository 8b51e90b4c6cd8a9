"""Composite tiles of Gaussians front to back, and the gradient of that, as numba kernels.

alpha = min(0.99, o exp(-q)), q = (a dx^2 + 2 b dx dy + c dy^2) / 2, nothing below 1/255; colour = sum_i T_i alpha_i
c_i, T_i = prod_{j<i} (1 - alpha_j) (Kerbl et al. 2023). A tile stops when every pixel of it lets less than `T_STOP`
through; what is left out weighs less than that.

The state of a tile lies in one flat local buffer, so that the compiler sees that the pixel loops never alias and turns
them into vectors: a row of a tile is one 512-bit vector. The gradient walks front to back as well, with what remains
behind each Gaussian kept as one scalar a pixel (colour, alpha and depth weighed by their incoming gradients): nothing
is stored in the forward pass but the picture itself.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from pipeline.splatting import threads  # noqa: F401  (before the first kernel)
from pipeline.splatting.tiles import TILE

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

PIXELS = TILE * TILE
T_STOP = np.float32(1e-4)
ALPHA_MAX = np.float32(0.99)
CHECK_EVERY = 8
_ONE, _ZERO, _HALF = np.float32(1.0), np.float32(0.0), np.float32(0.5)
_EIGHTH, _SIX = np.float32(0.125), np.float32(6.0)
# exp(-x) on [0, 0.71], minimax, relative error 9e-8; exp(-q) is its eighth power at q / 8
_E1, _E2, _E3, _E4, _E5 = (
    np.float32(-0.999994747),
    np.float32(0.499896125),
    np.float32(-0.166006041),
    np.float32(0.0398036057),
    np.float32(-0.00585617204),
)
# Where a tile's planes start in its flat buffer. Unsigned, as every index below: numba lets a signed one wrap around,
# and the compiler then no longer proves that loads and stores are apart, and makes no vectors.
_U = np.uint64
_ROW = _U(TILE)
_T, _R, _G, _B, _D, _X, _Y = (_U(k * PIXELS) for k in range(7))
FORWARD_PLANES = 7
_REST, _BX, _BY, _GR, _GG, _GB, _GA, _GD = (_U(k * PIXELS) for k in range(1, 9))
BACKWARD_PLANES = 9


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _exp_minus(q: np.float32) -> np.float32:
    """exp(-q) for q in [0, 5.6]; finite, but meaningless, up to 6; callers cut there."""
    x = q * _EIGHTH
    e = _ONE + x * (_E1 + x * (_E2 + x * (_E3 + x * (_E4 + x * _E5))))
    e = e * e
    e = e * e
    return e * e


@numba.njit(cache=True, error_model="numpy")
def _alive_rows(s: F32, first: int, last: int) -> tuple[int, int]:
    """The rows [first, last) outside of which no pixel of the tile lets `T_STOP` through any more."""
    low, high = last, first
    for row in range(first, last):
        most = _ZERO
        start = _U(row * TILE)
        for i in range(_ROW):
            most = max(most, s[start + i])
        if most > T_STOP:
            low, high = min(low, row), row + 1
    return low, high


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _rows(record: F32, x: int, y: int, first: int, last: int) -> tuple[int, int]:
    """Rows [low, high) of the tile at (x, y) where this Gaussian reaches alpha 1/255 within the tile's columns."""
    a, b, c, cut = record[2], record[3], record[4], record[10]
    det = a * c - b * b
    height = math.sqrt(
        np.float32(2.0) * cut * a / det
    )  # of the whole ellipse, at offset -b / a * height from its centre
    left, right = np.float32(x) + _HALF - record[0], np.float32(x + TILE) - _HALF - record[0]
    lean = -b / a * height
    down = up = height
    if not left <= lean <= right:
        d = min(max(lean, left), right)
        down = (-b * d + math.sqrt(max(b * b * d * d - c * (a * d * d - np.float32(2.0) * cut), _ZERO))) / c
    if not left <= -lean <= right:
        d = min(max(-lean, left), right)
        up = (b * d + math.sqrt(max(b * b * d * d - c * (a * d * d - np.float32(2.0) * cut), _ZERO))) / c
    low = math.floor(record[1] - up - _HALF - np.float32(y) + np.float32(0.99))
    high = math.floor(record[1] + down - _HALF - np.float32(y) + np.float32(1.01))
    start = max(first, int(max(low, -1.0)))
    return start, max(start, min(last, int(min(high, TILE + 1.0))))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _open_tile(s: F32, px: np.uint64, py: np.uint64, x: int, y: int, width: int, height: int) -> None:
    """Start a tile: full transmittance inside the picture, none outside, and every pixel's centre."""
    for row in range(TILE):
        for column in range(TILE):
            p = _U(row * TILE + column)
            s[p] = _ONE if (x + column < width and y + row < height) else _ZERO
            s[px + p] = np.float32(column) + _HALF
            s[py + p] = np.float32(row) + _HALF


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _blend(s: F32, g: F32, x: float, y: float, low: int, high: int) -> None:
    """Lay one Gaussian over rows [low, high) of a tile."""
    mx, my = g[0] - x, g[1] - y
    a, b, c, o, cut = _HALF * g[2], g[3], _HALF * g[4], g[5], g[10]
    red, green, blue, depth = g[6], g[7], g[8], g[9]
    for row in range(_U(low), _U(high)):
        for i in range(_ROW):
            p = row * _ROW + i
            dx, dy = s[_X + p] - mx, s[_Y + p] - my
            q = dx * (a * dx + b * dy) + c * dy * dy
            alpha = min(ALPHA_MAX, o * _exp_minus(min(q, _SIX)))
            alpha = alpha if q <= cut else _ZERO
            w = alpha * s[p]
            s[p] -= w
            s[_R + p] += w * red
            s[_G + p] += w * green
            s[_B + p] += w * blue
            s[_D + p] += w * depth


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _composite(s: F32, pairs: I32, records: F32, x: int, y: int) -> int:
    """Composite a tile's Gaussians into its buffer; return how many were needed."""
    first, last = 0, TILE
    for k in range(pairs.size):
        if k % CHECK_EVERY == 0:
            first, last = _alive_rows(s, first, last)
            if first >= last:
                return k
        record = records[pairs[k]]
        low, high = _rows(record, x, y, first, last)
        _blend(s, record, np.float32(x), np.float32(y), low, high)
    return pairs.size


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def rasterize(
    records: F32, pairs: I32, starts: I64, dealt: I32, bounds: I64, width: int, height: int, picture: F32, used: I32
) -> None:
    """Fill `picture` [5, H, W]: premultiplied r, g, b, alpha, depth weighed by alpha; and `used` [tiles]."""
    tiles_x = (width + TILE - 1) // TILE
    for worker in numba.prange(bounds.size - 1):
        s = np.empty(FORWARD_PLANES * PIXELS, np.float32)
        for t in range(bounds[worker], bounds[worker + 1]):
            tile = dealt[t]
            x, y = (tile % tiles_x) * TILE, (tile // tiles_x) * TILE
            s[_R:_X] = _ZERO
            _open_tile(s, _X, _Y, x, y, width, height)
            used[tile] = _composite(s, pairs[starts[tile] : starts[tile + 1]], records, x, y)
            columns = min(TILE, width - x)
            for row in range(min(TILE, height - y)):
                for plane, source in enumerate((_R, _G, _B, _T, _D)):
                    for column in range(columns):
                        value = s[source + _U(row * TILE + column)]
                        picture[plane, y + row, x + column] = _ONE - value if plane == 3 else value


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _unblend(s: F32, g: F32, x: float, y: float, low: int, high: int, total: F32) -> None:
    """Add one Gaussian's gradients over rows [low, high) of a tile to `total` [10], and move the tile behind it."""
    mx, my = g[0] - x, g[1] - y
    a, b, c, o, cut = _HALF * g[2], g[3], _HALF * g[4], g[5], g[10]
    red, green, blue, depth = g[6], g[7], g[8], g[9]
    h0 = h1 = h2 = h3 = h4 = h5 = c0 = c1 = c2 = c3 = _ZERO
    start = _U(low * TILE)
    for i in range(_U((high - low) * TILE)):
        p = start + i
        dx, dy = s[_BX + p] - mx, s[_BY + p] - my
        q = dx * (a * dx + b * dy) + c * dy * dy
        raw = o * _exp_minus(min(q, _SIX))
        alpha = min(ALPHA_MAX, raw)
        alpha = alpha if q <= cut else _ZERO
        through = s[p]
        w = alpha * through
        value = red * s[_GR + p] + green * s[_GG + p] + blue * s[_GB + p] + depth * s[_GD + p] + s[_GA + p]
        rest = s[_REST + p] - w * value
        h = w * value - alpha * rest / (_ONE - alpha)
        h = h if raw < ALPHA_MAX else _ZERO
        s[p] = through - w
        s[_REST + p] = rest
        hx, hy = h * dx, h * dy
        h0 += h
        h1 += hx
        h2 += hy
        h3 += hx * dx
        h4 += hx * dy
        h5 += hy * dy
        c0 += w * s[_GR + p]
        c1 += w * s[_GG + p]
        c2 += w * s[_GB + p]
        c3 += w * s[_GD + p]
    total[0] += h0
    total[1] += h1
    total[2] += h2
    total[3] += h3
    total[4] += h4
    total[5] += h5
    total[6] += c0
    total[7] += c1
    total[8] += c2
    total[9] += c3


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _gradient_tile(s: F32, pairs: I32, records: F32, x: int, y: int, sums: F32) -> None:
    """Add to `sums` [N, 10] the gradients of the Gaussians of a tile whose buffer holds incoming gradients and rest."""
    first, last = 0, TILE
    for k in range(pairs.size):
        if k % CHECK_EVERY == 0:
            first, last = _alive_rows(s, first, last)
        record = records[pairs[k]]
        low, high = _rows(record, x, y, first, last)
        _unblend(s, record, np.float32(x), np.float32(y), low, high, sums[pairs[k]])


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def rasterize_gradient(
    records: F32, pairs: I32, starts: I64, dealt: I32, bounds: I64, picture: F32, used: I32, incoming: F32, sums: F32
) -> None:
    """Add to `sums` [workers, N, 10] each worker's share of the gradients; `incoming` [5, H, W] is dL/dpicture."""
    height, width = picture.shape[1], picture.shape[2]
    tiles_x = (width + TILE - 1) // TILE
    for worker in numba.prange(bounds.size - 1):
        s = np.empty(BACKWARD_PLANES * PIXELS, np.float32)
        for t in range(bounds[worker], bounds[worker + 1]):
            tile = dealt[t]
            if used[tile] == 0:
                continue
            x, y = (tile % tiles_x) * TILE, (tile // tiles_x) * TILE
            s[:] = _ZERO
            _open_tile(s, _BX, _BY, x, y, width, height)
            columns = min(TILE, width - x)
            for row in range(min(TILE, height - y)):
                for plane, target in enumerate((_GR, _GG, _GB, _GA, _GD)):
                    for column in range(columns):
                        p = _U(row * TILE + column)
                        value = incoming[plane, y + row, x + column]
                        s[target + p] = value
                        s[_REST + p] += value * picture[plane, y + row, x + column]
            stop = starts[tile] + used[tile]
            _gradient_tile(s, pairs[starts[tile] : stop], records, x, y, sums[worker])
