"""The fit's loss and its gradient together, as numba kernels: L1 + SSIM over a random backdrop, and L1 of alpha.

SSIM (Wang et al. 2004): 11 x 11 Gaussian window, sigma 1.5, zeros beyond the border, C1 = 0.01^2, C2 = 0.03^2. The
window is separable and runs over bands of rows that fit into the cache.
"""

import numba
import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel

RADIUS = 5
BAND = 32
MOMENTS = 4
_PAD = 2 * RADIUS
_WINDOW = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / 1.5) ** 2)
_W0, _W1, _W2, _W3, _W4, _W5 = (np.float32(w) for w in (_WINDOW / _WINDOW.sum())[RADIUS:])
C1, C2 = np.float32(0.01**2), np.float32(0.03**2)
_TWO, _ONE, _ZERO = np.float32(2.0), np.float32(1.0), np.float32(0.0)
_U = np.uint64


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _across(source: F32, at: int, out: F32, to: int, width: int) -> None:
    """Blur a padded row: `out[to + x]` from `source[at + x .. at + x + 10]`."""
    s, o = source[at : at + width + 10], out[to : to + width]
    for i in range(width):
        x = _U(i)
        a = _W0 * s[x + _U(5)] + _W1 * (s[x + _U(4)] + s[x + _U(6)]) + _W2 * (s[x + _U(3)] + s[x + _U(7)])
        b = _W3 * (s[x + _U(2)] + s[x + _U(8)]) + _W4 * (s[x + _U(1)] + s[x + _U(9)])
        o[x] = a + b + _W5 * (s[x] + s[x + _U(10)])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _down(source: F32, at: int, width: int, out: F32, to: int) -> None:
    """Blur eleven rows of `width`, from `source[at]` on, into the row at `out[to]`."""
    s, o, w = source[at : at + 11 * width], out[to : to + width], _U(width)
    for i in range(width):
        x = _U(i)
        a = _W0 * s[x + _U(5) * w] + _W1 * (s[x + _U(4) * w] + s[x + _U(6) * w])
        b = _W2 * (s[x + _U(3) * w] + s[x + _U(7) * w]) + _W3 * (s[x + _U(2) * w] + s[x + _U(8) * w])
        o[x] = a + b + _W4 * (s[x + w] + s[x + _U(9) * w]) + _W5 * (s[x] + s[x + _U(10) * w])


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def compose(picture: F32, target: F32, backdrop: F32, gain: F32, bias: F32, shown: F32, expected: F32) -> None:
    """Compose picture [5, H, W], after its photo's gain and bias [3], and target [4, H, W] over `backdrop` [3]."""
    height = picture.shape[1]
    for y in numba.prange(height):
        for c in range(3):
            g, b, d = gain[c], bias[c], backdrop[c]
            p, t, a, ta = picture[c, y], target[c, y], picture[3, y], target[3, y]
            s, w = shown[c, y], expected[c, y]
            for x in range(picture.shape[2]):
                s[x] = g * p[x] + b * a[x] + d * (_ONE - a[x])
            for x in range(picture.shape[2]):
                w[x] = t[x] + d * (_ONE - ta[x])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _moments(shown: F32, expected: F32, padded: F32, width: int) -> None:
    """Write x, y, x^2 + y^2 and x y of a row into the four padded rows of `padded`, all that SSIM needs."""
    step = width + _PAD
    for i in range(width):
        x, y = shown[i], expected[i]
        k = _U(i + RADIUS)
        padded[k] = x
        padded[k + _U(step)] = y
        padded[k + _U(2 * step)] = x * x + y * y
        padded[k + _U(3 * step)] = x * y


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _similarity(m: F32, width: int, d: F32) -> np.float32:
    """Sum the SSIM of a row with blurred moments m [4 * W]; fill d [3 * W] with dSSIM/d(mu_x, E[x^2], E[x y])."""
    total = _ZERO
    w = _U(width)
    for i in range(width):
        x = _U(i)
        mx, my = m[x], m[x + w]
        a1, a2 = _TWO * mx * my + C1, _TWO * (m[x + _U(3) * w] - mx * my) + C2
        b1, b2 = mx * mx + my * my + C1, m[x + _U(2) * w] - mx * mx - my * my + C2
        inverse = _ONE / (b1 * b2)
        s = a1 * a2 * inverse
        total += s
        d[x] = _TWO * (my * (a2 - a1) * inverse + mx * s * (b1 - b2) * inverse)
        d[x + w] = -s * b1 * inverse
        d[x + _U(2) * w] = _TWO * a1 * inverse
    return total


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def similarity(shown: F32, expected: F32, slopes: F32) -> F64:
    """Fill `slopes` [3, H, 3 * W] (channel; per row the three derivatives); return each part's sum of SSIM."""
    height, width = shown.shape[1], shown.shape[2]
    bands = (height + BAND - 1) // BAND
    sums = np.zeros(3 * bands)
    for part in numba.prange(3 * bands):
        c, first = part // bands, (part % bands) * BAND
        last = min(height, first + BAND)
        rows, step = last - first + _PAD, width + _PAD
        padded, line = np.zeros(MOMENTS * step, np.float32), np.empty(MOMENTS * width, np.float32)
        blurred = np.zeros(MOMENTS * rows * width, np.float32)
        for r in range(rows):
            y = first + r - RADIUS
            if 0 <= y < height:
                _moments(shown[c, y], expected[c, y], padded, width)
                for k in range(MOMENTS):
                    _across(padded, k * step, blurred, (k * rows + r) * width, width)
        for y in range(first, last):
            for k in range(MOMENTS):
                _down(blurred, (k * rows + y - first) * width, width, line, k * width)
            sums[part] += _similarity(line, width, slopes[c, y])
    return sums


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _pixel_gradient(shown: F32, expected: F32, line: F32, width: int, l1: float, ssim: float, out: F32) -> np.float32:
    """Fill `out` with dL/dshown of a row; return the row's sum of absolute differences."""
    total = _ZERO
    w = _U(width)
    for i in range(width):
        x = _U(i)
        a, b = shown[x], expected[x]
        difference = a - b
        total += abs(difference)
        sign = _ONE if difference > _ZERO else (-_ONE if difference < _ZERO else _ZERO)
        out[x] = l1 * sign - ssim * (line[x] + _TWO * a * line[x + w] + b * line[x + _U(2) * w])
    return total


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def shown_gradient(shown: F32, expected: F32, slopes: F32, l1: float, ssim: float, out: F32) -> F64:
    """Fill `out` [3, H, W] with dL/dshown by weights `l1`, `ssim` per pixel; return each part's sum of |difference|."""
    height, width = shown.shape[1], shown.shape[2]
    bands = (height + BAND - 1) // BAND
    sums = np.zeros(3 * bands)
    for part in numba.prange(3 * bands):
        c, first = part // bands, (part % bands) * BAND
        last = min(height, first + BAND)
        rows, step = last - first + _PAD, width + _PAD
        padded, line = np.zeros(step, np.float32), np.empty(3 * width, np.float32)
        blurred = np.zeros(3 * rows * width, np.float32)
        for r in range(rows):
            y = first + r - RADIUS
            if 0 <= y < height:
                for k in range(3):
                    padded[RADIUS : RADIUS + width] = slopes[c, y, k * width : (k + 1) * width]
                    _across(padded, 0, blurred, (k * rows + r) * width, width)
        for y in range(first, last):
            for k in range(3):
                _down(blurred, (k * rows + y - first) * width, width, line, k * width)
            sums[part] += _pixel_gradient(
                shown[c, y], expected[c, y], line, width, np.float32(l1), np.float32(ssim), out[c, y]
            )
    return sums


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def picture_gradient(
    picture: F32, target: F32, g_shown: F32, backdrop: F32, gain: F32, bias: F32, alpha_weight: float, out: F32
) -> F64:
    """Propagate dL/dshown to `out` [5, H, W], dL/dpicture; return [H, 7]: d/dgain, d/dbias, sum of |alpha error|."""
    height, width = picture.shape[1], picture.shape[2]
    weight = np.float32(alpha_weight)
    sums = np.zeros((height, 7))
    for y in numba.prange(height):
        a, expected, g_alpha = picture[3, y], target[3, y], out[3, y]
        total = _ZERO
        for x in range(width):
            difference = a[x] - expected[x]
            total += abs(difference)
            g_alpha[x] = weight * (_ONE if difference > _ZERO else (-_ONE if difference < _ZERO else _ZERO))
        sums[y, 6] = total
        out[4, y] = _ZERO
        for c in range(3):
            g, o, p, k, slope = g_shown[c, y], out[c, y], picture[c, y], gain[c], bias[c] - backdrop[c]
            by_gain, by_bias = _ZERO, _ZERO
            for x in range(width):
                by_gain += g[x] * p[x]
                by_bias += g[x] * a[x]
                o[x] = g[x] * k
            for x in range(width):
                g_alpha[x] += g[x] * slope
            sums[y, c], sums[y, 3 + c] = by_gain, by_bias
    return sums
