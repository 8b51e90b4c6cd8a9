"""Finds products whose sides look alike, so that SfM has placed photos of different sides on top of each other.

Such a model fits its matches perfectly. What gives it away is the order in which the photos were taken: two photos
that follow each other and match are placed far apart, and photos far from each other in the order stand in one place.
On a turntable the order then also says what is right.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import SparseModel
from pipeline.posing.sides.alike import PhotoFiles, linked, look_different
from pipeline.posing.sides.places import places_of
from pipeline.posing.sides.wrong import WrongSides

SAME_PLACE_DEG = 2.0
SAME_PLACE_STEPS = 0.3
SAME_DISTANCE = 0.05
SAME_ROTATION_DEG = 6.0
JUMP_DEG, JUMP_STEPS = 25.0, 2.5
MAX_STEP_DEG = 40.0
OVERLAP_STEPS = 0.55
ORDERLY_SHARE = 0.6
MIN_PHOTOS = 6
MANY_TWINS_SHARE = 0.25
WINDOW_DEG = 35.0
"""Photos up to this far apart are matched by order: from further, one side is as similar to its neighbour as to
itself."""
NAMED_TWINS = 3


@dataclass(frozen=True)
class Doubt:
    """Why the poses cannot be right.

    `twins`: photos placed together that are far from each other in the order; `torn`: photos that follow each other and
    match, but are placed apart; `turn_deg`: by how much a camera is usually turned against the one before, None without
    a regular order.
    """

    twins: tuple[tuple[str, str], ...]
    torn: tuple[tuple[str, str], ...]
    turn_deg: float | None


@dataclass(frozen=True)
class Walk:
    """The registered photos in the order in which they were taken.

    `index`: [N] place of each in the order of all photos; `apart_deg`: [N, N] angles between them seen from the
    product; `together`: [N, N] bool, whether two cameras stand in one place; `step_deg`: the usual angle between photos
    that follow each other, None without a regular order; `turn_deg`: the usual turn from one camera to the next.
    """

    photos: tuple[str, ...]
    index: NDArray[np.int64]
    apart_deg: F64
    together: NDArray[np.bool_]
    step_deg: float | None
    turn_deg: float

    @property
    def jumps(self) -> list[int]:
        """Places n in the walk after which the next photo is much further than a step; empty without an order."""
        if self.step_deg is None:
            return []
        following = np.diagonal(self.apart_deg, 1)
        return [int(n) for n in np.flatnonzero(following > max(JUMP_DEG, JUMP_STEPS * self.step_deg))]

    @property
    def overlaps(self) -> bool:
        """Whether the walk comes back to where it was: some photos are closer than a step, but not in the order."""
        if self.step_deg is None:
            return False
        return int((np.triu(self.apart_deg <= OVERLAP_STEPS * self.step_deg, k=3)).sum()) >= 2


def doubt(model: SparseModel, order: Sequence[str], files: Mapping[str, PhotoFiles]) -> Doubt | None:
    """Why the model's poses cannot be right because sides look alike, or None; `order`: all photos as taken.

    Copies of a file are the same photo, not another side of the product.
    """
    once = _without_copies(order, files)
    walk = walked(model, once)
    if len(walk.photos) < MIN_PHOTOS:
        return None
    twins = _twins(walk)
    jumps = walk.jumps if walk.overlaps else []
    torn = _torn(walk, [n for n in jumps if walk.index[n + 1] == walk.index[n] + 1], files)
    skipped = any(walk.index[n + 1] > walk.index[n] + 1 for n in jumps)
    twinned = len({photo for pair in twins for photo in pair}) / len(walk.photos)
    wrong = bool(torn) or (len(twins) >= 2 and skipped)
    wrong = wrong or (walk.step_deg is None and len(twins) >= 3 and twinned >= MANY_TWINS_SHARE)
    if not wrong and len(twins) >= 2:
        spread = [twins[n] for n in np.linspace(0, len(twins) - 1, min(6, len(twins))).astype(int)]
        wrong = sum(look_different(model, a, b, files[a], files[b]) for a, b in spread) >= 2
    return Doubt(tuple(twins), torn, walk.step_deg and walk.turn_deg) if wrong else None


def walked(model: SparseModel, order: Sequence[str]) -> Walk:
    """The registered photos of `order`, and how their cameras stand to each other."""
    images = {image.photo: image for image in model.images}
    walk = [(n, photo) for n, photo in enumerate(order) if photo in images]
    at = places_of([images[photo] for _, photo in walk])
    step = _step_deg(np.diagonal(at.apart_deg, 1))
    near_deg = min(SAME_PLACE_DEG, SAME_PLACE_STEPS * step) if step is not None else SAME_PLACE_DEG
    together = (at.apart_deg <= near_deg) & (at.turned_deg <= SAME_ROTATION_DEG) & (at.nearer <= SAME_DISTANCE)
    turns = np.diagonal(at.turned_deg, 1)
    names, index = tuple(photo for _, photo in walk), np.array([n for n, _ in walk])
    return Walk(names, index, at.apart_deg, together, step, float(np.median(turns)) if len(turns) else 0.0)


def neighbours(order: Sequence[str], turn_deg: float) -> tuple[tuple[str, str], ...]:
    """The pairs of photos near each other in the order, closed to a ring if the steps add up to a full turn."""
    reach = int(np.clip(WINDOW_DEG // turn_deg, 1, 6))
    count = len(order)
    closed = abs(count * turn_deg / 360.0 - 1.0) <= 0.1
    return tuple(
        (order[n], order[(n + ahead) % count])
        for n in range(count)
        for ahead in range(1, reach + 1)
        if closed or n + ahead < count
    )


class RepeatedSides(WrongSides):
    """The hold that names the photos that were mistaken for each other."""

    relation = "mistaken for"

    def __init__(self, found: Doubt) -> None:
        """Name the first pairs."""
        pairs = found.twins or found.torn
        named = ", ".join(f"{a} and {b}" for a, b in pairs[:NAMED_TWINS])
        more = f" and {len(pairs) - NAMED_TWINS} more pairs" if len(pairs) > NAMED_TWINS else ""
        how = "came out in one place" if found.twins else "match and follow each other, but came out far apart"
        super().__init__(
            f"sides of the product look alike, and photos of them were mistaken for each other: {named}{more} {how}",
            pairs,
            code="sfm-repeated-sides",
            remedy="Put a few small removable stickers on one side and shoot again, or shoot all round on a turntable "
            "in equal steps, with file names in the order of shooting",
        )


def _step_deg(following: F64) -> float | None:
    """The usual angle between photos that follow each other; None when they do not follow any order."""
    if len(following) == 0:
        return None
    step = float(np.median(following))
    regular = ((following >= 0.5 * step) & (following <= 1.6 * step)).mean()
    return step if 0.5 < step <= MAX_STEP_DEG and regular >= ORDERLY_SHARE else None


def _twins(walk: Walk) -> list[tuple[str, str]]:
    """Pairs in one place although the photographer was elsewhere between them."""
    twins = []
    for first, second in zip(*np.nonzero(np.triu(walk.together, k=2)), strict=True):
        between = walk.apart_deg[first, first + 1 : second]
        if between.max() > 3 * SAME_PLACE_DEG:
            twins.append((walk.photos[first], walk.photos[second]))
    return twins


def _torn(walk: Walk, jumps: Sequence[int], files: Mapping[str, PhotoFiles]) -> tuple[tuple[str, str], ...]:
    """The jumps whose photos match as well as neighbours do."""
    if not jumps:
        return ()
    regular = [n for n in range(len(walk.photos) - 1) if n not in walk.jumps]
    sample = [regular[n] for n in np.linspace(0, len(regular) - 1, min(3, len(regular))).astype(int)]
    usual = float(np.median([linked(files[walk.photos[n]], files[walk.photos[n + 1]]) for n in sample]))
    torn = []
    for n in jumps[:6]:
        first, second = walk.photos[n], walk.photos[n + 1]
        if linked(files[first], files[second]) >= max(20.0, 0.4 * usual):
            torn.append((first, second))
    return tuple(torn)


def _without_copies(order: Sequence[str], files: Mapping[str, PhotoFiles]) -> list[str]:
    """The photos without later copies of the same bytes."""
    seen, once = set(), []
    for photo in order:
        content = hashlib.sha256(files[photo].photo.read_bytes()).digest()
        if content not in seen:
            seen.add(content)
            once.append(photo)
    return once
