"""Chooses the pairs of photos to match: those that a cheap first look finds alike, and neighbours in the shoot's order.

The first look matches only the few features of the largest scale, which show what the photos have in common from far
away. On a turntable most pairs show different sides of the product: matching and verifying them costs most of the time
of exhaustive SfM, and finds nothing but chance.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Pixels
from pipeline.posing.sfm.matching import mutual_matches

LOOKED_AT = 400  # features per photo
BRIDGES = 3  # best pairs by which each photo reaches others that its partners do not know
CHANCE_TIMES = 1.6  # a bridge has this many times the matches that photos without anything in common have
ORDER_STEPS = (1, 2)

Pair = tuple[int, int]
Scores = NDArray[np.int64]  # [N, N] symmetric, matches of the first look; 0 on the diagonal
Run = Callable[[Callable[[Pair], int], Sequence[Pair]], Iterable[int]]


def largest(descriptors: Pixels, scales: F32) -> Pixels:
    """The descriptors [at most 400, 128] of the features of the largest scale (`scales` [N])."""
    return np.ascontiguousarray(descriptors[np.argsort(-scales, kind="stable")[:LOOKED_AT]])


def first_look(few: Sequence[F32], run: Run = map) -> Scores:
    """The number of matches between the few features of all photos. `run` maps a function over pairs, in order."""
    scores = np.zeros((len(few), len(few)), np.int64)
    pairs = list(combinations(range(len(few)), 2))
    found = run(lambda pair: len(mutual_matches(few[pair[0]], few[pair[1]])), pairs)
    for (i, j), count in zip(pairs, found, strict=True):
        scores[i, j] = scores[j, i] = count
    return scores


def chosen_pairs(scores: Scores, partners: int) -> list[Pair]:
    """The pairs to match, in order, of photos in the order of the shoot.

    Each photo is paired with the `partners` photos most like it, with its neighbours in the order, closed to a ring,
    and with up to three photos that it resembles more than chance explains and that no partner of its partners knows:
    they tie rings, and the two sides of a flat product, together. The best bridges between what is then still apart
    are added, however weak.
    """
    count = len(scores)
    if count <= partners + 1:
        return list(combinations(range(count), 2))
    linked = np.zeros((count, count), bool)
    order = np.argsort(-scores, axis=1, kind="stable")
    for i in range(count):
        alike = [j for j in order[i] if j != i][:partners]
        linked[i, alike] = True
    linked |= linked.T
    known = (linked.astype(np.int64) @ linked.astype(np.int64) > 0) | linked
    chance = CHANCE_TIMES * np.median(scores[np.triu_indices(count, 1)])
    for i in range(count):
        linked[i, [j for j in order[i] if j != i and not known[i, j] and scores[i, j] > chance][:BRIDGES]] = True
    linked |= linked.T
    _bridge(linked, scores)
    for step in ORDER_STEPS:
        here, ahead = np.arange(count), np.roll(np.arange(count), -step)
        linked[here, ahead] = linked[ahead, here] = True
    return [(i, j) for i, j in combinations(range(count), 2) if linked[i, j]]


def _bridge(linked: NDArray[np.bool_], scores: Scores) -> None:
    """Add to `linked` the best pairs between groups of photos that nothing links, until there is one group."""
    from scipy.sparse.csgraph import connected_components

    while True:
        groups, group_of = connected_components(linked, directed=False)
        if groups == 1:
            return
        apart = np.where((group_of == 0)[:, None] & (group_of != 0)[None, :], scores, -1)
        best = np.argsort(-apart, axis=None, kind="stable")[:BRIDGES]
        for i, j in zip(*np.unravel_index(best, apart.shape), strict=True):
            if apart[i, j] >= 0:
                linked[i, j] = linked[j, i] = True
