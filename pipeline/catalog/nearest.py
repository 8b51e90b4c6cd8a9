"""Exact search among vectors of unit length, and the likeness of two shoots. Numbers only, no database."""

from collections.abc import Sequence

import numpy as np

from pipeline.core.arrays import F32, F64, I64


def nearest(vectors: F32, query: F32, count: int) -> tuple[I64, F32]:
    """The rows of `vectors` [n, d] most alike to `query` [d], best first, and their cosines.

    Every row is compared, in one matrix product. Of equal rows, the first comes first.
    """
    cosines = np.asarray(vectors @ query, np.float32)
    count = min(count, len(cosines))
    if count == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    least = np.partition(cosines, len(cosines) - count)[len(cosines) - count]
    candidates = np.flatnonzero(cosines >= least)
    best = candidates[np.argsort(-cosines[candidates], kind="stable")][:count]
    return best, cosines[best]


def likenesses(own: F32, others: F32, starts: Sequence[int] | I64) -> F64:
    """How alike the shoot of the photos `own` [m, d] is to each of the others, [s], from -1 to 1.

    `others` [n, d] holds the photos of all other shoots, shoot after shoot; `starts` [s] is the first row of each, and
    none is empty. Two shoots are as alike as the photos of one are matched by the other's on average, in the direction
    that gives more, so that a shoot of one side of a product is found in a shoot of all sides.
    """
    first = np.asarray(starts, np.int64)
    if len(own) == 0 or len(first) == 0:
        return np.zeros(len(first))
    cosines = own @ others.T
    own_best = np.maximum.reduceat(cosines, first, axis=1).mean(axis=0)
    sizes = np.diff(np.append(first, len(others)))
    others_best = np.add.reduceat(cosines.max(axis=0).astype(np.float64), first) / sizes
    return np.asarray(np.maximum(own_best, others_best), np.float64)
