"""Matches features by their descriptors, exactly: sums of 128 products of bytes are whole numbers that float32 holds.

The result is the same on every machine, whatever its threads and its BLAS. The rules are those of COLMAP's matcher.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32

Descriptors = F32  # [N, 128], whole numbers from 0 to 255, of length 512

MAX_RATIO = 0.8  # of the angles to the best and to the second best
MAX_ANGLE = 0.7  # radians
_LENGTH = 512.0
_ROWS = 256  # at a time: their products fit into a cache


def mutual_matches(first: Descriptors, second: Descriptors) -> NDArray[np.uint32]:
    """Pairs of features [M, 2] that are each other's best, and clearly better than the second best, in both photos."""
    if min(len(first), len(second)) < 2:
        return np.zeros((0, 2), np.uint32)
    best = np.zeros(len(second), np.float32)  # product of each column
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], F32]] = []
    for start in range(0, len(first), _ROWS):
        products = first[start : start + _ROWS] @ second.T
        np.maximum(best, products.max(axis=0), out=best)
        rows, columns = np.arange(len(products)), products.argmax(axis=1)
        highest = products[rows, columns]
        products[rows, columns] = -1.0
        clear = _clear(highest, products.max(axis=1))
        found.append((rows[clear] + start, columns[clear], highest[clear]))
    rows, columns, highest = (np.concatenate(parts) for parts in zip(*found, strict=True))
    mutual = highest == best[columns]  # of two rows that are equal, neither is clearly better
    pairs = np.stack([rows[mutual], columns[mutual]], axis=1)
    if not len(pairs):
        return pairs.astype(np.uint32)
    products = second[pairs[:, 1]] @ first.T
    rows = np.arange(len(pairs))
    highest = products[rows, pairs[:, 0]]
    products[rows, pairs[:, 0]] = -1.0
    return pairs[_clear(highest, products.max(axis=1))].astype(np.uint32)


def _clear(highest: F32, second_highest: F32) -> NDArray[np.bool_]:
    """Whether the best product [N] means a small angle, and one clearly smaller than the second best's."""
    angle, next_angle = (np.arccos(np.clip(p / _LENGTH**2, -1.0, 1.0)) for p in (highest, second_highest))
    return np.asarray((angle <= MAX_ANGLE) & (angle < MAX_RATIO * next_angle))
