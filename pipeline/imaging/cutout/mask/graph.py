"""Cuts a product out along the edges of its photo, between what surely is product and what surely is not.

A minimum cut (Boykov, Jolly: Interactive Graph Cuts, 2001) over the unknown pixels only. What a pixel looks like is
judged by the sure pixels near it, so that a shaded side is compared with itself and not with the whole product.
"""

import cv2
import numpy as np

from pipeline.core.arrays import F32, I64, Mask, Pixels, Rgb
from pipeline.imaging.cutout.backdrop_model import lab_of

COLOUR, PLACE = 6.0, 0.08  # a difference of 6 levels of Lab counts like a distance of 8% of the long side
SAMPLES, NEIGHBOURS = 6000, 4
BELIEF, LOOKS, EDGE = 1.5, 1.5, 10.0  # weights of the seeds' belief, of colour and of the outline's length
UNIT = 100.0  # capacities are whole numbers of hundredths
MIN_SURE = 20


def cut_between(rgb: Rgb, seeds: Pixels) -> Mask:
    """The product [h, w] bool in a photo [h, w, 3] uint8 at work size.

    `seeds`: uint8 of any size, 255 surely product, 0 surely backdrop, in between how likely. Pieces without sure
    product are dropped. Nothing is product when the seeds have no sure product.
    """
    height, width = rgb.shape[:2]
    soft = cv2.resize(seeds.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    product, backdrop = soft > 254, soft < 1
    if product.sum() < MIN_SURE or backdrop.sum() < MIN_SURE:
        return np.asarray(product)
    unknown = ~product & ~backdrop
    cut = product.copy()
    if unknown.any():
        lab = lab_of(np.asarray(cv2.bilateralFilter(cv2.medianBlur(rgb, 5), 9, 25, 5), np.uint8))
        looks = _looks(lab, product, backdrop, unknown)
        belief = (soft[unknown] - 127.5) / 127.5
        cut[unknown] = _minimum_cut(lab, product, unknown, BELIEF * belief + LOOKS * looks)
    return _touching(cut, product)


def _looks(lab: F32, product: Mask, backdrop: Mask, unknown: Mask) -> F32:
    """By how much each unknown pixel resembles the sure product near it rather than the sure backdrop, [n], -3 to 3."""
    from scipy.spatial import cKDTree

    place = np.moveaxis(np.indices(product.shape), 0, 2) * (COLOUR / (PLACE * max(product.shape)))
    features = np.concatenate([lab, place.astype(np.float32)], axis=2)
    generator = np.random.default_rng(0)
    far = cv2.dilate(np.asarray(unknown, np.uint8), np.ones((41, 41), np.uint8)) > 0
    distances = []
    for sure in (product, backdrop):
        samples = features[sure & far] if (sure & far).sum() >= MIN_SURE else features[sure]
        if len(samples) > SAMPLES:
            samples = samples[generator.choice(len(samples), SAMPLES, replace=False)]
        distance, _ = cKDTree(samples).query(features[unknown], k=NEIGHBOURS, workers=1)
        distances.append(distance.mean(axis=1) / COLOUR)
    return np.asarray(np.clip(distances[1] - distances[0], -3, 3), np.float32)


def _minimum_cut(lab: F32, product: Mask, unknown: Mask, odds: F32) -> Mask:
    """Which of the n unknown pixels are on the product's side of the minimum cut, [n] bool; `odds` [n]."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    count = int(unknown.sum())
    source, sink = count, count + 1
    node = np.full(unknown.shape, sink, np.int64)
    node[product] = source
    node[unknown] = np.arange(count)
    first, second, weight = _edges(lab, node, unknown)
    own = np.arange(count)
    gain = np.abs(odds) * UNIT
    heads = np.concatenate([first, second, np.where(odds > 0, source, own)])
    tails = np.concatenate([second, first, np.where(odds > 0, own, sink)])
    values = np.concatenate([weight, weight, gain]).round().astype(np.int32)
    useful = (tails != source) & (heads != sink) & (values > 0)
    graph = coo_matrix((values[useful], (heads[useful], tails[useful])), (count + 2, count + 2)).tocsr()
    graph.data = graph.data.astype(np.int32)
    residual = graph - maximum_flow(graph, source, sink).flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    reached = np.zeros(count + 2, bool)
    reached[breadth_first_order(residual, source, return_predecessors=False)] = True
    return reached[:count]


def _edges(lab: F32, node: I64, unknown: Mask) -> tuple[I64, I64, F32]:
    """Neighbouring pixels of which one at least is unknown: their nodes [m], and the cost of a cut between them [m]."""
    pairs = []
    height, width = unknown.shape
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
        there = (slice(dy, height), slice(max(0, dx), width + min(0, dx)))
        used = unknown[here] | unknown[there]
        step = np.square(lab[here][used] - lab[there][used]).sum(axis=1)
        pairs.append((node[here][used], node[there][used], step, np.full(int(used.sum()), np.hypot(dx, dy))))
    first, second, step, length = (np.concatenate(part) for part in zip(*pairs, strict=True))
    scale = max(2.0 * float(step.mean()), 1e-3)
    return first, second, np.asarray(EDGE * UNIT * np.exp(-step / scale) / length, np.float32)


def _touching(mask: Mask, sure: Mask) -> Mask:
    """The connected pieces of `mask` that contain sure product."""
    count, labels = cv2.connectedComponents(np.asarray(mask, np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[np.unique(labels[sure & mask])] = True
    kept[0] = False
    return np.asarray(kept[labels])
