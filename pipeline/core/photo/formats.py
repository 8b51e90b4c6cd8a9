"""Read a photo of any format: its pixels as stored, what they mean, and its EXIF."""

import imagecodecs
import numpy as np
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.core.photo import bmff, raw, webp
from pipeline.core.photo.bmff import is_turned_by_boxes, nclx_of
from pipeline.core.photo.colour import SRGB, Encoding, Values, by_code_points, embedded
from pipeline.core.photo.container import DAMAGE, DAMAGED_REMEDY, open_image, require_no_damage
from pipeline.core.photo.exif import encoding_by_exif, orientation_of, tiff_exif
from pipeline.core.photo.jpeg import jpeg_pixels
from pipeline.core.photo.limits import Limits
from pipeline.core.photo.pixels import pillow_values, require_full_range, without_alpha
from pipeline.core.photo.png_colour import BIT_DEPTH_AT, png_encoding
from pipeline.core.photo.shot import Shot
from pipeline.core.photo.tiff import holds_raw, is_tiff, read_tiff

_DAMAGE_AT = {"HEIF": bmff.damage_at, "AVIF": bmff.damage_at, "WEBP": webp.damage_at}


def read_shot(data: bytes, limits: Limits) -> Shot:
    """Read a photo's bytes, within `limits`. Raises BadInput that says what is wrong with them."""
    if raw.is_raw(data) or (is_tiff(data) and holds_raw(data)):
        return raw.read_raw(data, limits)
    if is_tiff(data):
        values, encoding, orientation, notes = read_tiff(data, limits)
        exif, exif_notes = tiff_exif(data)
        return _shot(values, encoding, exif, orientation, (*notes, *exif_notes))
    image = open_image(data, limits)
    values, is_srgb, notes = _pixels(data, image)
    encoding = SRGB if is_srgb else _encoding(data, image)
    exif, orientation, exif_notes = orientation_of(image)
    if image.format == "HEIF" and not is_turned_by_boxes(data):
        # pillow-heif drops EXIF's orientation, because the boxes of a camera's file turn it; some programs write none
        orientation = image.info.get("original_orientation") or 1
    return _shot(values, encoding, exif, orientation, (*notes, *exif_notes))


def load(image: Image.Image) -> None:
    """Decode the pixels of an opened picture. Raises BadInput when they are damaged."""
    try:
        image.load()
    except DAMAGE as error:
        raise BadInput(f"the picture is damaged or truncated ({error})", remedy=DAMAGED_REMEDY) from None


def _shot(
    values: Values, encoding: Encoding | None, exif: Image.Exif, orientation: int, notes: tuple[str, ...]
) -> Shot:
    """The photo, whose colours EXIF describes where the file does not."""
    if encoding is None and not (values.ndim == 3 and values.shape[2] == 4):
        encoding, exif_notes = encoding_by_exif(exif)
        notes = (*notes, *exif_notes)
    return Shot(values, encoding or SRGB, orientation, exif, notes)


def _pixels(data: bytes, image: Image.Image) -> tuple[Values, bool, tuple[str, ...]]:
    """Pixels, whether they are sRGB by construction, and notes."""
    if image.format in {"JPEG", "MPO"}:
        pixels = jpeg_pixels(data, image.mode)
        if pixels is not None:
            return pixels, False, ()
    if image.format == "PNG" and data[BIT_DEPTH_AT] == 16:
        return _deep_png(data)
    if image.format in _DAMAGE_AT:
        require_no_damage(_DAMAGE_AT[image.format](data))
    load(image)
    return pillow_values(image)


def _encoding(data: bytes, image: Image.Image) -> Encoding | None:
    profile = image.info.get("icc_profile")
    if image.format == "PNG":
        return png_encoding(data, profile)
    if profile:
        return embedded(profile)
    nclx = nclx_of(data) if image.format in {"HEIF", "AVIF"} else None
    return by_code_points(nclx.primaries, nclx.transfer, f"{image.format}'s nclx") if nclx else None


def _deep_png(data: bytes) -> tuple[Values, bool, tuple[str, ...]]:
    """A PNG of 16 bits per channel, of which Pillow keeps 8."""
    try:
        stored = imagecodecs.png_decode(data)
    except (imagecodecs.PngError, *DAMAGE) as error:
        raise BadInput(f"the picture is damaged or truncated ({error})", remedy=DAMAGED_REMEDY) from None
    deep = np.asarray(stored, np.uint16)
    require_full_range(deep)
    if deep.ndim == 3 and deep.shape[2] in {2, 4}:
        values, notes = without_alpha(deep)
        return values, False, notes
    return deep, False, ()
