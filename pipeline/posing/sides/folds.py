"""Finds folds: two sides of a product that SfM joined by a few chance matches, turned against each other.

Each side fits by itself, so that all photos are registered, with a small reprojection error. Two things give a fold
away, whatever the order of the photos: hardly any point ties the sides together, and the outlines of one contradict
those of the other; or cameras that came out beside each other show nothing in common, although each shows much in
common with cameras further off.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.core.arrays import F64, Mask
from pipeline.core.colmap.model import SparseModel
from pipeline.posing.sfm.shapes import Silhouettes, contradiction
from pipeline.posing.sides.alike import PhotoFiles, linked
from pipeline.posing.sides.places import observed, places_of
from pipeline.posing.sides.wrong import Pair, WrongSides

MIN_PART = 3  # photos
WEAK_TIE = 0.15  # of the points of the smaller part are points of the other, too; less and they may be chance
MAX_CONTRADICTION = 0.07  # right shoots have 0.01 at most, a shirt whose back is turned by 30 degrees 0.09
BESIDE_DEG, BESIDE_TURNED_DEG, BESIDE_DISTANCE = 15.0, 25.0, 0.2
FEW_SHARED = 0.1  # of the points that a photo shares with the one it shares most with
MIN_SHARED = 20  # points of that pair, else the photo says nothing
MIN_UNLIKE, CHECKED = 3, 6  # pairs of photos
NOT_LINKED = 0.25  # of the matches between a photo and the one it shares most with
NAMED = 3


@dataclass(frozen=True)
class Fold:
    """Two parts of a shoot that are turned against each other.

    `parts`: the photos of each, the larger part first; `tied`: the points that both observe; `unlike`: photos that came
    out beside each other and show nothing in common, empty where the outlines tell; `seams`: photos that follow each
    other, one of each part.
    """

    parts: tuple[tuple[str, ...], tuple[str, ...]]
    tied: int
    unlike: tuple[Pair, ...]
    seams: tuple[Pair, ...]


class Folded(WrongSides):
    """The hold that names both parts."""

    relation = "turned against"

    def __init__(self, fold: Fold) -> None:
        """Name the parts, how the fold shows, and where to shoot more."""
        first, second = map(_named, fold.parts)
        how = f"the outlines of {first} contradict those of {second}, and {fold.tied} points tie them together"
        if fold.unlike:
            how = f"{' and '.join(fold.unlike[0])} came out beside each other but show nothing in common"
            how += f", and so did {len(fold.unlike) - 1} more pairs" if len(fold.unlike) > 1 else ""
        between = " and ".join(f"between {a} and {b}" for a, b in fold.seams[:2])
        super().__init__(
            f"two sides of the product came out turned against each other: {how}",
            fold.unlike or fold.seams or tuple(zip(*fold.parts, strict=False)),
            code="sfm-folded",
            remedy=f"Shoot a few more photos {between or 'where one side turns into the other'}, at most 10° apart, "
            "or raise sfm.max_features",
        )


@dataclass(frozen=True)
class Cut:
    """Two parts of a model, [N] bool over its images; the points that both observe, and all of the smaller part's."""

    first: Mask
    second: Mask
    tied: int
    points: int

    @property
    def weak(self) -> bool:
        """Whether so few points tie the parts that they may be chance."""
        return self.tied < WEAK_TIE * self.points


def fold_in(
    model: SparseModel, silhouettes: Silhouettes | None, order: Sequence[str], files: Mapping[str, PhotoFiles]
) -> Fold | None:
    """The fold in a model, or None. `order`: all photos as taken; `silhouettes`: photo -> [h, w] bool, None without."""
    seen = observed(model)
    if len(model.images) < 2 * MIN_PART or not seen.any():
        return None
    found = list(cuts(seen, np.ones(len(seen), dtype=bool)))
    for cut in found:
        if cut.weak and silhouettes is not None:
            first, second = (part_of(model, inside) for inside in (cut.first, cut.second))
            if contradiction(first, second, silhouettes) > MAX_CONTRADICTION:
                return _fold(model, cut, order, ())
    unlike = _unlike(model, seen, files)
    return _fold(model, found[0], order, unlike) if unlike else None


def _fold(model: SparseModel, cut: Cut, order: Sequence[str], unlike: tuple[Pair, ...]) -> Fold:
    photos = [image.photo for image in model.images]
    placed = [photo for photo in order if photo in photos]
    parts = [tuple(photo for photo in placed if inside[photos.index(photo)]) for inside in (cut.first, cut.second)]
    larger, smaller = sorted(parts, key=len, reverse=True)
    seams = tuple((a, b) for a, b in pairwise(placed) if (a in larger) != (b in larger))
    return Fold((larger, smaller), cut.tied, unlike, seams)


def cuts(seen: F64, inside: Mask) -> Iterator[Cut]:
    """The cuts through the images `inside` [N] where fewest points tie them: first the weakest, then within its parts.

    Normalised cuts of the graph of shared points (Shi, Malik: Normalized Cuts and Image Segmentation, 2000).
    """
    rows = np.flatnonzero(inside)
    if len(rows) < 2 * MIN_PART:
        return
    part = _half(seen[rows])
    first, second = np.zeros_like(inside), np.zeros_like(inside)
    first[rows[part]], second[rows[~part]] = True, True
    points = [seen[side].any(axis=0) for side in (first, second)]
    tied = int((points[0] & points[1]).sum())
    yield (cut := Cut(first, second, tied, min(int(points[0].sum()), int(points[1].sum()))))
    if cut.weak:
        yield from cuts(seen, first)
        yield from cuts(seen, second)


def _half(seen: F64) -> Mask:
    """One side [N] bool of the cut that shares least, for its size, of the points `seen` [N, M] with the other."""
    shared = seen @ seen.T
    np.fill_diagonal(shared, 0.0)
    degree = np.maximum(shared.sum(axis=1), 1e-9)
    root = 1.0 / np.sqrt(degree)
    laplacian = np.eye(len(shared)) - root[:, None] * shared * root[None, :]
    order = np.argsort(root * np.linalg.eigh(laplacian)[1][:, 1], kind="stable")
    best, cheapest = order[:MIN_PART], np.inf
    for count in range(MIN_PART, len(order) - MIN_PART + 1):
        one, rest = order[:count], order[count:]
        cost = shared[np.ix_(one, rest)].sum() / min(degree[one].sum(), degree[rest].sum())
        if cost < cheapest:
            best, cheapest = one, cost
    half = np.zeros(len(shared), dtype=bool)
    half[best] = True
    return half


def part_of(model: SparseModel, inside: Mask) -> SparseModel:
    """The model of the images `inside` [N]."""
    return model.without({image.photo for image, kept in zip(model.images, inside, strict=True) if not kept})


def _unlike(model: SparseModel, seen: F64, files: Mapping[str, PhotoFiles]) -> tuple[Pair, ...]:
    """Pairs of photos that came out beside each other and show nothing in common; empty if they may be an accident.

    A photo has more in common with a camera that stands nearer, unless both show different sides. Photos that share no
    points are matched once more, for not all pairs have been.
    """
    shared = seen @ seen.T
    np.fill_diagonal(shared, 0.0)
    best, most = shared.argmax(axis=1), shared.max(axis=1)
    at = places_of(model.images)
    reach = np.where(most >= MIN_SHARED, at.apart_deg[np.arange(len(best)), best], -1.0)
    few = FEW_SHARED * most
    beside = at.apart_deg <= np.minimum(BESIDE_DEG, np.minimum(reach[:, None], reach[None, :]))
    beside &= (at.turned_deg <= BESIDE_TURNED_DEG) & (at.nearer <= BESIDE_DISTANCE)
    beside &= shared <= np.minimum(few[:, None], few[None, :])
    found = np.argwhere(np.triu(beside, k=1))
    if len(found) < MIN_UNLIKE:
        return ()
    names = [image.photo for image in model.images]
    some = found[np.linspace(0, len(found) - 1, min(CHECKED, len(found))).astype(int)]
    unlike = []
    for a, b in some:
        usual = min(linked(files[names[n]], files[names[best[n]]]) for n in (a, b))
        if usual >= MIN_SHARED and linked(files[names[a]], files[names[b]]) < NOT_LINKED * usual:
            unlike.append((names[a], names[b]))
    return tuple(unlike) if len(unlike) >= max(MIN_UNLIKE, len(some) / 2) else ()


def _named(photos: Sequence[str]) -> str:
    more = len(photos) - NAMED
    return ", ".join(photos[:NAMED]) + (f" and {more} more" if more > 0 else "")
