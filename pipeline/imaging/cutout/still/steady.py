"""Brings the photos of a camera that stood still to one position and one exposure, or finds that it moved."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask, Rgb

RING_SHARE = 0.12  # width of the ring at the picture's edge that must stand still, of its short side
SAME_LEVELS = 14.0  # two pixels of the ring agree up to this difference, in levels
MOST_SHAKE = 0.03  # of the long side: a camera that shakes more did not stand still
STEADY_SHARE = 0.85  # of the ring agrees in a photo of a camera that stood still
MOVED_SHARE = 0.2  # of the photos may disagree: somebody walked through the picture


@dataclass(frozen=True)
class Steady:
    """`frames` [n, h, w, 3], 0 to 255: the photos as if of one position and exposure; `moves` [n, 2, 3] to the photos.

    `ring` [h, w]: the edge of the picture. `noise`: deviation of its pixels from photo to photo, in levels. `kept`
    [n]: False for a photo whose ring differs from the others'.
    """

    frames: F32
    moves: F32
    ring: Mask
    noise: float
    kept: Mask


def steady(photos: list[Rgb]) -> Steady | str:
    """Align photos [h, w, 3] of one size. Returns why not when the camera did not stand still."""
    height, width = photos[0].shape[:2]
    ring = np.ones((height, width), bool)
    band = max(4, round(RING_SHARE * min(height, width)))
    ring[band:-band, band:-band] = False
    frames = np.stack(photos).astype(np.float32)
    plate, moves = _plate(frames), np.tile(np.eye(2, 3, dtype=np.float32), (len(photos), 1, 1))
    for _ in range(2):
        moves = np.stack([_move(plate, frame, ring) for frame in _evened(frames, plate, ring)])
        aligned = np.stack([_moved(frame, move) for frame, move in zip(frames, moves, strict=True)])
        plate = _plate(_evened(aligned, plate, ring))
    shaken = np.hypot(moves[:, 0, 2], moves[:, 1, 2]) > MOST_SHAKE * max(height, width)
    even = _evened(aligned, plate, ring)
    away = np.abs(even - plate).max(axis=3)[:, ring]
    kept = ((away < SAME_LEVELS).mean(axis=1) > STEADY_SHARE) & ~shaken
    if (~kept).mean() > MOVED_SHARE:
        return f"the camera moved: the edges of {int((~kept).sum())} of {len(photos)} photos differ from the others'"
    return Steady(even, moves, ring, max(1.0, float(1.4826 * np.median(away[kept]))), kept)


def _plate(frames: F32) -> F32:
    return np.asarray(np.median(frames, axis=0), np.float32)


def _evened(frames: F32, plate: F32, ring: Mask) -> F32:
    """The frames with the exposure and white balance of the plate, judged in the ring."""
    gains = np.median((plate[ring] + 1) / (frames[:, ring] + 1), axis=1)
    return np.asarray(np.clip(frames * gains[:, None, None, :], 0, 255), np.float32)


def _move(plate: F32, frame: F32, ring: Mask) -> F32:
    """The shift and rotation [2, 3] that takes the plate to a frame; none if the ring has nothing to align by.

    Evangelidis, Psarakis: Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization, 2008.
    """
    still = np.eye(2, 3, dtype=np.float32)
    target, moved = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (plate, np.ascontiguousarray(frame)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 1e-3)
    try:
        _, move = cv2.findTransformECC(
            target, moved, still.copy(), cv2.MOTION_EUCLIDEAN, stop, np.asarray(ring, np.uint8), 3
        )
    except cv2.error:  # no convergence: a ring without texture
        return still
    return np.asarray(move, np.float32)


def _moved(frame: F32, move: F32) -> F32:
    height, width = frame.shape[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(frame, move, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
