"""Sixteen rows of an array at a time, turned into planes for vectors and back: lane i of a plane is the i-th row's."""

import numba
import numpy as np
from numpy.typing import NDArray

from pipeline.splatting.lanes import LANES, Lanes, load, store

F32 = NDArray[np.float32]
_LANES, _U = np.uint64(LANES), np.uint64
Three = tuple[Lanes, Lanes, Lanes]


@numba.njit(cache=True)
def rows_to_planes(rows: F32, width: int, first: int, s: F32, plane: int) -> None:
    """Write the first `width` columns of rows [N, K] from `first` on as planes; beyond N, the last row again."""
    last = rows.shape[0] - 1
    for lane in range(LANES):
        row = rows[min(first + lane, last)]
        for k in range(width):
            s[_U(plane + k) * _LANES + _U(lane)] = row[_U(k)]


@numba.njit(cache=True)
def planes_to_rows(s: F32, plane: int, width: int, first: int, rows: F32) -> None:
    """Write planes as the first `width` columns of rows [N, K] from `first` on."""
    for lane in range(min(LANES, rows.shape[0] - first)):
        row = rows[first + lane]
        for k in range(width):
            row[_U(k)] = s[_U(plane + k) * _LANES + _U(lane)]


@numba.njit(cache=True)
def get(s: F32, plane: int) -> Lanes:
    """One plane."""
    return load(s, _U(plane) * _LANES)


@numba.njit(cache=True)
def get3(s: F32, plane: int) -> Three:
    """Three planes."""
    return get(s, plane), get(s, plane + 1), get(s, plane + 2)


@numba.njit(cache=True)
def put(s: F32, plane: int, value: Lanes) -> None:
    """Set one plane."""
    store(s, _U(plane) * _LANES, value)


@numba.njit(cache=True)
def put3(s: F32, plane: int, value: Three) -> None:
    """Set three planes."""
    put(s, plane, value[0])
    put(s, plane + 1, value[1])
    put(s, plane + 2, value[2])
