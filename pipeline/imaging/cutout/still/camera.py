"""A camera that stood still: the backdrop is what does not change from photo to photo, whatever it looks like."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask
from pipeline.imaging.cutout.seeds import BACKDROP, PRODUCT, SIDE_PX, UNKNOWN, Seeds, ShootSeeds, small_photo
from pipeline.imaging.cutout.still.core import core_of
from pipeline.imaging.cutout.still.plate import grow_plate
from pipeline.imaging.cutout.still.steady import Steady, steady

FEWEST = 6  # photos
FIRST = 8  # photos in which a camera that moved is noticed
FULL_SIZE = 48  # photos; more are compared at a smaller size
MOST = 24  # photos that the backdrop is learned from
CHANGED_LEVELS = 24.0  # a pixel that differs by more than this has changed
LEAST_CHANGE = 0.005  # share of the picture that must change
LEAST_REACH = 4.0  # levels
EDGE_SHAKE = 0.15  # of the step at an edge
PROBABLY, PROBABLY_NOT = 176, 80  # seeds of what is always hidden, and of what could be a shadow
_DISC3 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_DISC9 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
_DISC5 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))


@dataclass(frozen=True)
class Learned:
    """What all photos together show. `plate` [h, w, 3], 0 to 255: the backdrop where it was `seen` [h, w].

    `envelope`: around all that changes. `core`: where the product surely is in every photo. `reach`: see `_reach`.
    """

    plate: F32
    seen: Mask
    envelope: Mask
    core: Mask
    reach: F32


def still_seeds(photos: Mapping[str, Path]) -> ShootSeeds:
    """Seeds of every photo that the standing camera took; none, and why, if it moved or nothing turns."""
    if len(photos) < FEWEST:
        return ShootSeeds({}, f"{len(photos)} photos are too few to see what stands still; {FEWEST} suffice")
    some = dict(list(photos.items())[:: max(1, len(photos) // FIRST)])
    found = _positioned(some)  # a look at some photos tells whether the camera moved, and spares reading the others
    if not isinstance(found, str) and len(some) < len(photos):
        found = _positioned(photos)
    if isinstance(found, str):
        return ShootSeeds({}, found)
    frames = np.stack([cv2.GaussianBlur(frame, (0, 0), 0.8) for frame in found.frames]).astype(np.float32)
    learned = _learned(frames[found.kept][:: -(-int(found.kept.sum()) // MOST)], found)
    if isinstance(learned, str):
        return ShootSeeds({}, learned)
    seeds = {
        name: _moved_back(_seeds(frame, learned), found, index)
        for index, (name, frame) in enumerate(zip(photos, frames, strict=True))
        if found.kept[index]
    }
    return ShootSeeds(seeds, f"the camera stood still in {len(seeds)} of {len(photos)} photos")


def _positioned(photos: Mapping[str, Path]) -> Steady | str:
    """The photos at one position and exposure, or why that cannot be."""
    side_px = round(SIDE_PX * min(1.0, FULL_SIZE / len(photos)) ** 0.5)  # the memory of 48 photos suffices for all
    small = [small_photo(path, side_px) for path in photos.values()]
    if len({picture.shape for picture in small}) > 1:
        return "the photos have different sizes"
    return steady(small)


def _learned(frames: F32, found: Steady) -> Learned | str:
    """What frames [n, h, w, 3] show together, or why that is nothing."""
    envelope = _envelope(frames)
    if envelope.mean() < LEAST_CHANGE:
        return "nothing changes from photo to photo"
    outside = _outside(envelope, found.ring)
    if not outside.any():
        return "everything changes from photo to photo"
    reach = _reach(frames, found.noise)
    grown = grow_plate(frames, outside, reach)
    hidden = np.abs(frames - grown.colour).max(axis=3) >= reach
    restless = np.asarray(_never_still(frames, reach) & envelope & ~grown.seen, np.uint8)
    core = core_of(grown.colour, hidden, outside, cv2.morphologyEx(restless, cv2.MORPH_OPEN, _DISC5) > 0)
    return Learned(grown.colour, grown.seen & ~core, envelope, core, reach)


def _envelope(frames: F32) -> Mask:
    """Where the product is in some frame [n, h, w, 3]: the hull of what changes, without specks."""
    away = np.abs(frames - np.median(frames, axis=0)).max(axis=3) > CHANGED_LEVELS
    often = away.sum(axis=0) >= max(2, round(0.05 * len(frames)))
    opened = cv2.morphologyEx(np.asarray(often, np.uint8), cv2.MORPH_OPEN, _DISC3)
    radius = max(3, round(0.03 * max(opened.shape)))
    closed = cv2.morphologyEx(
        opened, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2:
        return np.zeros(opened.shape, bool)
    kept = np.concatenate([[False], areas >= 0.1 * areas.max()])[labels]
    contours, _ = cv2.findContours(np.asarray(kept, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(opened.shape, np.uint8), contours, -1, 1, cv2.FILLED)
    return np.asarray(filled > 0)


def _outside(envelope: Mask, ring: Mask) -> Mask:
    """Where the backdrop surely is: far from all change, and at the picture's edge beside it."""
    rows, columns = np.flatnonzero(envelope.any(axis=1)), np.flatnonzero(envelope.any(axis=0))
    size = max(rows[-1] - rows[0], columns[-1] - columns[0])
    away = cv2.distanceTransform(np.asarray(~envelope, np.uint8), cv2.DIST_L2, 5)
    return np.asarray((away > 0.25 * size) | (ring & (away > 3)))


def _reach(frames: F32, noise: float) -> F32:
    """Up to which difference two frames show the same, [h, w] in levels: noise, and at edges the rest of a shake."""
    plate = np.median(frames, axis=0)
    steps = cv2.dilate(plate, _DISC3) - cv2.erode(plate, _DISC3)
    return np.asarray(max(LEAST_REACH, 4 * noise) + EDGE_SHAKE * steps.max(axis=2), np.float32)


def _never_still(frames: F32, reach: F32) -> Mask:
    """Pixels that have no colour in common in half of the frames: a backdrop would."""
    away = np.abs(frames - np.median(frames, axis=0)).max(axis=3)
    return np.asarray((away < reach).mean(axis=0) < 0.5)


def _seeds(frame: F32, learned: Learned) -> Seeds:
    """Seeds of one frame [h, w, 3], at its position."""
    away = np.abs(frame - learned.plate).max(axis=2)
    seeds = np.full(away.shape, UNKNOWN, np.uint8)
    seeds[learned.envelope & ~learned.seen] = PROBABLY
    seeds[cv2.erode(np.asarray(learned.core, np.uint8), _DISC9) > 0] = PRODUCT
    changed = learned.seen & learned.envelope & (away > CHANGED_LEVELS)
    shaded = _shaded(frame, learned.plate)
    seeds[changed & shaded] = PROBABLY_NOT
    seeds[cv2.erode(np.asarray(changed & ~shaded, np.uint8), _DISC3) > 0] = PRODUCT
    same = cv2.morphologyEx(np.asarray(learned.seen & (away < learned.reach), np.uint8), cv2.MORPH_OPEN, _DISC5) > 0
    far = learned.seen & ~learned.envelope & (away <= CHANGED_LEVELS)
    seeds[cv2.erode(np.asarray(same | far, np.uint8), _DISC3) > 0] = BACKDROP
    return seeds


def _shaded(frame: F32, colour: F32) -> Mask:
    """Pixels that could be the backdrop in a shadow of the product: darker, of the same hue."""
    ratio = (frame + 4) / (colour + 4)
    darker = (ratio.max(axis=2) < 1.02) & (ratio.min(axis=2) > 0.4)
    return np.asarray(darker & (np.ptp(ratio, axis=2) < 0.12 * ratio.mean(axis=2)))


def _moved_back(seeds: Seeds, found: Steady, index: int) -> Seeds:
    height, width = seeds.shape
    return np.asarray(
        cv2.warpAffine(
            seeds, found.moves[index], (width, height), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
