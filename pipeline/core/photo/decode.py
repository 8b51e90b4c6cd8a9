"""Decode a photo from an untrusted source to upright 8-bit sRGB.

A file that is not a readable photo, or is damaged, raises BadInput. A photo that needs a guess (a broken colour
profile, CMYK without one) is decoded, and `notes` reports the guess, like every conversion of colours.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from pipeline.core.arrays import Alpha, Rgb
from pipeline.core.errors import BadInput
from pipeline.core.photo.colour import to_srgb
from pipeline.core.photo.container import open_image
from pipeline.core.photo.exif import ExifFacts, read_exif
from pipeline.core.photo.formats import load, read_shot
from pipeline.core.photo.limits import DEFAULT_LIMITS, Limits, require_file_size


@dataclass(frozen=True)
class Photo:
    """A decoded photo: `rgb` [h, w, 3] uint8, sRGB, upright."""

    rgb: Rgb
    exif: ExifFacts
    notes: tuple[str, ...]


def read_photo(path: Path) -> Photo:
    """Decode a photo file within the default limits of ingest.

    Raises BadInput that says what is wrong with it; the caller adds its name.
    """
    try:
        require_file_size(path.stat().st_size)
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"it cannot be read: {error.strerror}", remedy="Let this user read it, or copy it again"
        ) from error
    return decode_photo(data)


def decode_photo(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Photo:
    """Decode a photo's bytes. Raises BadInput that says what is wrong with them; the caller adds the file's name.

    Raises MissingEngine for a camera raw file where the extra `raw` is not installed.
    """
    with _quiet():
        shot = read_shot(data, limits)
        rgb, colour_notes = to_srgb(shot.values, shot.encoding)
        rgb = _upright(rgb, shot.orientation)
        height, width = rgb.shape[:2]
        shot_px = max(height, width)
        if limits.max_side_px is not None and shot_px > limits.max_side_px:
            side = (limits.max_side_px, limits.max_side_px)
            rgb = np.array(ImageOps.contain(Image.fromarray(rgb), side, Image.Resampling.LANCZOS), np.uint8)
        exif, exif_notes = read_exif(shot.exif, (rgb.shape[1], rgb.shape[0]), shot_px)
        return Photo(rgb, exif, (*shot.notes, *colour_notes, *exif_notes))


def decode_matte(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Alpha:
    """Decode a matte made by hand, [h, w] uint8. Raises BadInput unless it is a readable one-channel picture."""
    with _quiet():
        image = open_image(data, limits)
        if image.mode not in {"L", "1"}:
            raise BadInput(
                f"its mode is {image.mode}", remedy="Save the matte as 8-bit gray, white where the product is"
            )
        load(image)
        return np.array(image.convert("L"), np.uint8)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Pillow's warnings about size and metadata, for which `Limits` and `notes` are used instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _upright(rgb: Rgb, orientation: int) -> Rgb:
    """Apply EXIF's orientation, 1 to 8."""
    if orientation in {5, 6, 7, 8}:
        turn = {6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}.get(orientation)
        turned = cv2.transpose(rgb) if turn is None else cv2.rotate(rgb, turn)
        return np.asarray(cv2.flip(turned, -1) if orientation == 7 else turned, np.uint8)
    if orientation in {2, 3, 4}:
        return np.asarray(cv2.flip(rgb, {2: 1, 3: -1, 4: 0}[orientation]), np.uint8)
    return rgb
