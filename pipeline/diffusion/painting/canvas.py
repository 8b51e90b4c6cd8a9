"""The square that a model paints in: its starting picture and mask, and the repair of what comes back."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import Rgb
from pipeline.diffusion.painting.base import MARGIN_PX
from pipeline.diffusion.painting.enlarge import in_square


def canvas(
    product: Rgb | None, scene: Rgb | None, side_px: int, paints_behind: bool, margin_px: int = MARGIN_PX
) -> tuple[Rgb, Rgb]:
    """The starting picture [n, n, 3] and its mask [n, n], 255 where the model paints, `margin_px` from the product.

    If the model paints behind the product, the scene is left empty: a product encoded into the starting latents would
    bleed into the backdrop around it.
    """
    n = side_px
    base = np.full((n, n, 3), 127, np.uint8) if scene is None else scene
    if product is None:
        return base, np.full((n, n), 255, np.uint8)
    small = in_square(product, n, fill=0)
    mask = np.where(small[:, :, 3] > 0, 0, 255).astype(np.uint8)
    mask = np.asarray(cv2.erode(mask, np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)), np.uint8)
    if scene is not None and paints_behind:
        return base, mask
    alpha = small[:, :, 3:].astype(np.float32) / 255
    return np.round(small[:, :, :3] * alpha + base * (1 - alpha)).astype(np.uint8), mask


def without_rim(picture: Rgb, rim_px: int) -> Rgb:
    """Replace the rim of a picture [n, n, 3], `rim_px` wide, by the pixels just inside it."""
    inner = slice(rim_px, picture.shape[0] - rim_px)
    sides = (rim_px, rim_px, rim_px, rim_px)
    return np.asarray(cv2.copyMakeBorder(picture[inner, inner], *sides, cv2.BORDER_REPLICATE), np.uint8)


def filled_in(picture: Rgb, mask: NDArray[np.uint8]) -> Rgb:
    """Fill the product's place (mask 0) from around it, so that nothing of the model's product remains."""
    if not (mask == 0).any() or not (mask == 255).any():
        return picture
    known = (mask == 255).astype(np.float32)[:, :, None]
    total, weight = picture * known, known
    filled = np.zeros_like(total)
    done = np.zeros_like(known)
    sigma = 2.0
    while not done.all():  # ever wider averages of the known pixels: close to the rim detailed, far inside smooth
        mean = cv2.GaussianBlur(total, (0, 0), sigma)
        share = cv2.GaussianBlur(weight, (0, 0), sigma).reshape(known.shape)
        reached = (share > 0.05) & (done == 0)
        filled = np.where(reached, mean / np.maximum(share, 1e-6), filled)
        done = np.maximum(done, reached)
        sigma *= 2
    return np.where(known > 0, picture, np.round(filled)).astype(np.uint8)


def window(square: Rgb, more_px: int, *, tall: bool, at_end: bool) -> tuple[Rgb, Rgb]:
    """The square [n, n, 3] shifted by `more_px` beyond the end (or the beginning) of `square`, and its mask [n, n].

    The overlap with `square` is known; the rest starts from the repeated last line of `square` and is painted.
    """
    n = square.shape[0]
    picture = square if tall else square.transpose(1, 0, 2)
    picture = picture if at_end else picture[::-1]
    moved = np.concatenate([picture[more_px:], np.repeat(picture[-1:], more_px, axis=0)])
    mask = np.zeros((n, n), np.uint8)
    mask[n - more_px :] = 255
    moved, mask = (moved, mask) if at_end else (moved[::-1], mask[::-1])
    return (moved, mask) if tall else (moved.transpose(1, 0, 2).copy(), mask.T.copy())


def joined(whole: Rgb, painted: Rgb, more_px: int, *, tall: bool, at_end: bool) -> Rgb:
    """`whole` extended by the new end of the `painted` window; the step at the seam fades out over the new part."""
    first, second = (part if tall else part.transpose(1, 0, 2) for part in (whole, painted))
    first, second = (part if at_end else part[::-1] for part in (first, second))
    new = second[-more_px:].astype(np.float32)
    step = first[-1:].astype(np.float32) - second[-more_px - 1 : -more_px]
    step = cv2.GaussianBlur(step, (0, 0), 2.0)
    fade = np.exp(-np.arange(more_px, dtype=np.float32) / (more_px / 3))[:, None, None]
    strip = np.clip(np.rint(new + step.reshape(1, -1, 3) * fade), 0, 255).astype(np.uint8)
    both = np.concatenate([first, strip])
    both = both if at_end else both[::-1]
    return np.ascontiguousarray(both if tall else both.transpose(1, 0, 2))


def squared(picture: Rgb) -> Rgb:
    """Pad an oblong picture to a square as long as its longer side, by replicating its long edges."""
    h, w = picture.shape[:2]
    side = max(h, w)
    top, left = (side - h) // 2, (side - w) // 2
    around = (top, side - h - top, left, side - w - left)
    return np.asarray(cv2.copyMakeBorder(picture, *around, cv2.BORDER_REPLICATE), np.uint8)
