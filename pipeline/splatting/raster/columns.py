"""Transpose sixteen rows of an array into columns of lanes and back: lane i of a column comes from the i-th row."""

import numba
import numpy as np

from pipeline.core.arrays import F32
from pipeline.splatting.lanes import LANES, Lanes, load, store

_LANES, _U = np.uint64(LANES), np.uint64
Three = tuple[Lanes, Lanes, Lanes]


@numba.njit(cache=True)
def rows_to_columns(rows: F32, width: int, first: int, s: F32, column: int) -> None:
    """Write the first `width` numbers of rows [N, K] from `first` on as columns; repeat the last row beyond N."""
    last = rows.shape[0] - 1
    for lane in range(LANES):
        row = rows[min(first + lane, last)]
        for k in range(width):
            s[_U(column + k) * _LANES + _U(lane)] = row[_U(k)]


@numba.njit(cache=True)
def columns_to_rows(s: F32, column: int, width: int, first: int, rows: F32) -> None:
    """Write columns as the first `width` numbers of rows [N, K] from `first` on."""
    for lane in range(min(LANES, rows.shape[0] - first)):
        row = rows[first + lane]
        for k in range(width):
            row[_U(k)] = s[_U(column + k) * _LANES + _U(lane)]


@numba.njit(cache=True)
def get(s: F32, column: int) -> Lanes:
    """Return one column."""
    return load(s, _U(column) * _LANES)


@numba.njit(cache=True)
def get3(s: F32, column: int) -> Three:
    """Return three columns."""
    return get(s, column), get(s, column + 1), get(s, column + 2)


@numba.njit(cache=True)
def put(s: F32, column: int, value: Lanes) -> None:
    """Set one column."""
    store(s, _U(column) * _LANES, value)


@numba.njit(cache=True)
def put3(s: F32, column: int, value: Three) -> None:
    """Set three columns."""
    put(s, column, value[0])
    put(s, column + 1, value[1])
    put(s, column + 2, value[2])
