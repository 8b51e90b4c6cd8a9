"""Closed-form matting of the unknown band alone, and foreground colours without the backdrop's light.

pymatting builds a row of the matting Laplacian for every pixel; here only the band between sure product and sure
backdrop gets rows, about a fifteenth of them. A test compares the two.
"""

import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.core.arrays import F64, I64, Alpha, Matte, Pixels, Rgb

UNKNOWN = 128
COLOUR_SIDE_PX = 1400
_REACH = 2  # pixels i and j share a 3x3 window when they are at most this far apart
_STENCIL = 2 * _REACH + 1
_ITSELF = _STENCIL**2 // 2  # index of the pixel itself in its 5x5 stencil


Row = tuple[float, float, float, float, float, float, float]


@njit("void(f8[:,:,:], i8, i8, f8[:,:])", cache=True, nogil=True)
def _centre(image: F64, y: int, x: int, centred: F64) -> None:
    """Write the colours of the window around y, x minus their mean to `centred` [9, 3]."""
    for channel in range(3):
        mean = 0.0
        for k in range(9):
            mean += image[y + k // 3 - 1, x + k % 3 - 1, channel]
        mean /= 9.0
        for k in range(9):
            centred[k, channel] = image[y + k // 3 - 1, x + k % 3 - 1, channel] - mean


@njit("UniTuple(f8, 7)(f8[:,:], f8)", cache=True, nogil=True)
def _inverse_covariance(centred: F64, epsilon: float) -> Row:
    """The inverse of the window's covariance, times its determinant: xx, yy, zz, xy, xz, yz; then the determinant."""
    xx = yy = zz = epsilon
    xy = xz = yz = 0.0
    for k in range(9):
        r, g, b = centred[k, 0], centred[k, 1], centred[k, 2]
        xx += r * r
        yy += g * g
        zz += b * b
        xy += r * g
        xz += r * b
        yz += g * b
    xx, yy, zz, xy, xz, yz = xx / 9, yy / 9, zz / 9, xy / 9, xz / 9, yz / 9
    determinant = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    along = (yy * zz - yz * yz), (xx * zz - xz * xz), (xx * yy - xy * xy)
    across = (xz * yz - xy * zz), (xy * yz - xz * yy), (xy * xz - xx * yz)
    return (*along, *across, determinant)


@njit("void(f8[:,:,:], b1[:,:], i8[:,:], f8, f8[:,:,:])", cache=True, nogil=True)
def _laplacian_rows(
    image: F64,
    near: NDArray[np.bool_],
    row_of: I64,
    epsilon: float,
    rows: F64,
) -> None:
    """Add the contribution of every 3x3 window to `rows` [unknown, 5, 5] (offsets dy, dx to the other pixel).

    Levin, Lischinski, Weiss: A Closed-Form Solution to Natural Image Matting, 2008, equation 12.
    """
    height, width, _ = image.shape
    centred = np.empty((9, 3))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            if not near[y, x]:
                continue
            _centre(image, y, x, centred)
            xx, yy, zz, xy, xz, yz, determinant = _inverse_covariance(centred, epsilon)
            for i in range(9):
                row = row_of[y + i // 3 - 1, x + i % 3 - 1]
                if row < 0:
                    continue
                r, g, b = centred[i, 0], centred[i, 1], centred[i, 2]
                u = (xx * r + xy * g + xz * b) / determinant
                v = (xy * r + yy * g + yz * b) / determinant
                w = (xz * r + yz * g + zz * b) / determinant
                for j in range(9):
                    affinity = (1.0 + u * centred[j, 0] + v * centred[j, 1] + w * centred[j, 2]) / 9.0
                    same = 1.0 if i == j else 0.0
                    rows[row, j // 3 - i // 3 + 2, j % 3 - i % 3 + 2] += same - affinity


def closed_form(
    rgb: Rgb,
    trimap: Pixels,
    prior: Matte | None = None,
    prior_weight: Matte | None = None,
    epsilon: float = 1e-6,
    tolerance: float = 1e-4,
) -> Matte:
    """Alpha [h, w] of an sRGB picture [h, w, 3] uint8 under a trimap [h, w] of 0, UNKNOWN and 255.

    `prior` [h, w], 0 to 1, pulls unknown pixels with `prior_weight` [h, w] (0: not at all; 1: as a neighbour does).
    """
    unknown = trimap == UNKNOWN
    alpha = np.asarray(trimap == 255, np.float32)
    if not unknown.any():
        return alpha
    values, other, right = _equations(rgb, unknown, alpha, epsilon)
    if prior is not None and prior_weight is not None:
        weight = prior_weight[unknown].astype(np.float64)
        values[:, _ITSELF] += weight
        right += weight * prior[unknown]
    if not right.any():  # nothing known pulls towards the product
        return alpha
    values[:, _ITSELF] += 1e-6  # not singular: unknown pixels without a known neighbour become backdrop
    alpha[unknown] = np.clip(_solved(_sparse(values, other), right, tolerance), 0.0, 1.0)
    return alpha


def _equations(rgb: Rgb, unknown: NDArray[np.bool_], alpha: Matte, epsilon: float) -> tuple[F64, I64, F64]:
    """The equations of the n unknown pixels: stencil weights [n, 25], their rows [n, 25] (-1: known), right side [n].

    `alpha` [h, w] gives the known values.
    """
    import cv2

    count, padded = int(unknown.sum()), np.pad(unknown, _REACH)
    row_of = np.full(padded.shape, -1, np.int64)
    row_of[padded] = np.arange(count)
    image = cv2.copyMakeBorder(rgb, *(_REACH,) * 4, cv2.BORDER_REPLICATE).astype(np.float64) / 255.0
    near = cv2.dilate(padded.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rows = np.zeros((count, _STENCIL, _STENCIL))
    _laplacian_rows(image, near, row_of, epsilon, rows)
    known = np.pad(alpha, _REACH, mode="edge").astype(np.float64)
    ys, xs = np.nonzero(padded)
    dy, dx = np.mgrid[-_REACH : _REACH + 1, -_REACH : _REACH + 1].reshape(2, -1)
    other = row_of[ys[:, None] + dy, xs[:, None] + dx]
    values = rows.reshape(count, -1)
    right = -np.where(other >= 0, 0.0, values * known[ys[:, None] + dy, xs[:, None] + dx]).sum(axis=1)
    return values, other, right


def _sparse(values: F64, other: I64) -> Any:
    """The sparse matrix [n, n] of the unknown pixels; it is symmetric, so rows can be stored as columns."""
    from scipy.sparse import csc_matrix

    inside, count = other >= 0, len(values)
    start = np.concatenate([[0], inside.sum(axis=1).cumsum()])
    return csc_matrix((values[inside], other[inside], start), (count, count))


def _solved(matrix: Any, right: F64, tolerance: float) -> F64:
    """Solve a symmetric positive definite system by conjugate gradients with an incomplete Cholesky factor.

    Larger shifts make the factor of a harder picture coarser, which costs iterations but not accuracy. pymatting prints
    each shift that fails, so standard output is redirected.
    """
    from pymatting import cg, ichol

    room = 200 * len(right) + 1000  # entries of the factor; untouched memory costs nothing
    with redirect_stdout(io.StringIO()):
        factor = ichol(matrix, discard_threshold=1e-3, shifts=(0.0, 1e-3, 1e-2, 0.1, 1.0, 10.0), max_nnz=room)
    return np.asarray(cg(matrix, right, M=factor, rtol=tolerance, maxiter=20000), np.float64)


def foreground_colours(rgb: Rgb, alpha: Alpha) -> Rgb:
    """The product's colour [h, w, 3] uint8: exactly the photo's where alpha is 255, estimated at the outline, else 0.

    Colours change slowly along an outline, so they are estimated at a long side of at most COLOUR_SIDE_PX.
    Germer et al.: Fast Multi-Level Foreground Estimation, 2020.
    """
    import cv2
    from pymatting import estimate_foreground_ml

    colours = np.zeros_like(rgb)
    box = bounding_box(alpha > 0, margin_px=16)
    if box is None:
        return colours
    crop, matte = rgb[box], alpha[box]
    height, width = matte.shape
    factor = min(1.0, COLOUR_SIDE_PX / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small, soft = (cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (crop, matte))
    estimated = estimate_foreground_ml(small.astype(np.float32) / 255.0, soft.astype(np.float32) / 255.0)
    levels = np.round(estimated * 255.0).astype(np.uint8)
    levels = np.asarray(cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    inside, solid = colours[box], matte == 255
    beside = cv2.dilate(np.asarray(matte > 0, np.uint8), np.ones((9, 9), np.uint8)) > 0
    np.copyto(inside, levels, where=beside[..., None])
    np.copyto(inside, crop, where=solid[..., None])
    return colours


def bounding_box(mask: NDArray[np.bool_], margin_px: int) -> tuple[slice, slice] | None:
    """Rows and columns of the mask's bounding box with a margin around it; None if the mask is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return None
    height, width = mask.shape
    return (
        slice(max(0, int(rows[0]) - margin_px), min(height, int(rows[-1]) + 1 + margin_px)),
        slice(max(0, int(columns[0]) - margin_px), min(width, int(columns[-1]) + 1 + margin_px)),
    )
