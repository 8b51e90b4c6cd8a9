"""Separates, in a learned plate, the part of the product that looks the same in every photo from the backdrop.

A symmetric body on the turntable's axis stands still like the backdrop. Between the two runs an outline that nothing
crosses: no photo hides both sides together, as it would within the backdrop, and the colours differ.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Mask

TOGETHER = 0.6  # share of the hiding photos that two pixels have in common within the backdrop
EDGE_LEVELS = 8.0  # contrast that halves the connection of two pixels which nothing hides
CROSSING = 1.0  # photos that hide one pixel and not the next, which halve their connection: outlines seldom coincide
STRONG = 1000  # connection of two pixels that look the same


def core_of(colour: F32, hidden: NDArray[np.bool_], outside: Mask, core: Mask) -> Mask:
    """The part of the plate `colour` [h, w, 3] that shows the product: the least connected border between two seeds.

    `hidden` [n, h, w]: where each photo differs from the plate. `outside`: surely backdrop. `core`: surely product.
    Boykov, Jolly: Interactive Graph Cuts for Optimal Boundary and Region Segmentation, 2001.
    """
    if not core.any():
        return core
    votes = np.stack([cv2.blur(np.asarray(each, np.float32), (3, 3)) > 0.5 for each in hidden])
    node_of = np.full(core.shape, -1, np.int32)
    doubtful = ~outside & ~core
    node_of[doubtful] = np.arange(int(doubtful.sum()), dtype=np.int32)
    source, sink = int(doubtful.sum()), int(doubtful.sum()) + 1
    node_of[outside], node_of[core] = source, sink
    sides = _cut([(_connection(colour, votes, axis), *_next(node_of, axis)) for axis in (0, 1)], source, sink)
    return np.asarray(~sides[node_of])


def _connection(colour: F32, hidden: NDArray[np.bool_], axis: int) -> NDArray[np.int32]:
    """Connection of each pixel with the next one along `axis`, 1 to STRONG."""
    first, second = _next(colour, axis)
    edge = np.abs(first - second).max(axis=2)
    here, there = (np.moveaxis(each, -1, 0) for each in _next(np.moveaxis(hidden, 0, -1), axis))
    either, both = (here | there).sum(axis=0), (here & there).sum(axis=0)
    together = (both >= 2) & (both >= TOGETHER * either)
    weight = np.where(together, 1.0, np.exp2(-np.square(edge / EDGE_LEVELS))) * np.exp2(-(either - both) / CROSSING)
    return np.maximum(1, np.round(STRONG * weight)).astype(np.int32)


def _next(array: Any, axis: int) -> tuple[Any, Any]:
    return (array[:-1], array[1:]) if axis == 0 else (array[:, :-1], array[:, 1:])


def _cut(links: list[tuple[Any, Any, Any]], source: int, sink: int) -> Mask:
    """Minimum cut of undirected links (weights, nodes, nodes); True for the nodes on the source's side."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    weights = np.concatenate([each[0].ravel() for each in links])
    first = np.concatenate([each[1].ravel() for each in links])
    second = np.concatenate([each[2].ravel() for each in links])
    used = first != second
    ends = np.concatenate([first[used], second[used]]), np.concatenate([second[used], first[used]])
    graph = coo_matrix((np.tile(weights[used], 2), ends), (sink + 1, sink + 1)).tocsr()
    left = graph - maximum_flow(graph, source, sink).flow
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    reached = breadth_first_order(left, source, return_predecessors=False)
    sides = np.zeros(sink + 1, bool)
    sides[reached] = True
    return sides
