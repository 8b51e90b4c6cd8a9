"""Develop a camera raw file with LibRaw, which the extra `raw` brings: as-shot white balance, sRGB, no auto-exposure.

Exposure is not adapted to each picture: the photos of a shoot keep their exposures relative to each other.
"""

import io
from typing import Any

import numpy as np
from PIL import Image

from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.photo.colour import SRGB
from pipeline.core.photo.container import DAMAGED_REMEDY, require_size
from pipeline.core.photo.exif import tiff_exif
from pipeline.core.photo.limits import Limits
from pipeline.core.photo.shot import Shot
from pipeline.core.photo.tiff import is_tiff

_MAGIC = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")
_CR3 = b"ftypcrx "
_SATURATED_AT_LEAST = 0.9
"""A brightest value above this share of the white level is taken for the sensor's true saturation, which becomes white.

LibRaw's default of 0.75 would brighten photos without highlights by up to 0.4 stops, each differently.
"""
_SRGB_CURVE = (2.4, 12.92)  # LibRaw's exponent, and the slope near black


def is_raw(data: bytes) -> bool:
    """Whether these are the bytes of a camera raw file that is not built like a TIFF."""
    return data.startswith(_MAGIC) or data[4:12] == _CR3


def read_raw(data: bytes, limits: Limits) -> Shot:
    """Develop a raw file; LibRaw turns it upright, as its preview. Raises BadInput, MissingEngine without rawpy."""
    rawpy = _rawpy()
    try:
        with rawpy.imread(io.BytesIO(data)) as file:
            require_size((file.sizes.width, file.sizes.height), limits)
            exif, notes = _exif(data, file, rawpy)
            rgb = file.postprocess(
                use_camera_wb=True,
                no_auto_bright=True,
                adjust_maximum_thr=_SATURATED_AT_LEAST,
                gamma=_SRGB_CURVE,
                output_color=rawpy.ColorSpace.sRGB,
                output_bps=8,
            )
    except rawpy.LibRawError as error:
        raise BadInput(f"the camera raw file cannot be developed ({error})", remedy=DAMAGED_REMEDY) from None
    notes = ("developed from camera raw, with the white balance as shot", *notes)
    pixels = np.asarray(rgb, np.uint8)
    return Shot(
        pixels[..., 0] if pixels.shape[2] == 1 else pixels, SRGB, 1, exif, notes
    )  # one: a sensor without colours


def _rawpy() -> Any:
    try:
        import rawpy
    except ImportError:
        raise MissingEngine(
            "it is a camera raw file, and rawpy is not installed",
            remedy="Install the extra: pip install -e '.[raw]', or save the photos as JPEG",
        ) from None
    return rawpy


def _exif(data: bytes, file: Any, rawpy: Any) -> tuple[Image.Exif, tuple[str, ...]]:
    """EXIF of the raw file, or else of the preview inside it."""
    if is_tiff(data):
        return tiff_exif(data)
    try:
        preview = file.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        return Image.Exif(), ()
    if preview.format != rawpy.ThumbFormat.JPEG:
        return Image.Exif(), ()
    try:
        with Image.open(io.BytesIO(preview.data), formats=("JPEG",)) as image:
            return image.getexif(), ()
    except Exception as error:  # Pillow's parser may raise anything on untrusted bytes
        return Image.Exif(), (f"EXIF cannot be read ({type(error).__name__})",)
