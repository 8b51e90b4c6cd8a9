"""Take the pixels out of a decoded picture, as gray, RGB or CMYK without alpha."""

import numpy as np
from PIL import Image, ImageCms

from pipeline.core.arrays import U16
from pipeline.core.errors import BadInput
from pipeline.core.photo.colour import BAND_PX, Values

_MODES_WITH_ALPHA = {"RGBA", "LA", "PA", "La", "RGBa"}
_WHITE_NOTE = "transparent pixels became white"
FULL_RANGE_AT_LEAST = 4096
"""A 16-bit photo whose brightest value is lower holds the 12 bits of a sensor, or is too dark to use."""


def pillow_values(image: Image.Image) -> tuple[Values, bool, tuple[str, ...]]:
    """Return the pixels of a loaded picture, whether they are sRGB by construction, and notes. Raises BadInput."""
    if image.mode.startswith(("I", "F")):
        return _sixteen_bit(image), False, ()
    if image.mode == "LAB":
        return _from_lab(image), True, ()
    image, notes = _opaque(image)
    return np.asarray(image, np.uint8), False, notes


def without_alpha(values: Values, *, premultiplied: bool = False) -> tuple[Values, tuple[str, ...]]:
    """Put [h, w, 2 or 4], the last channel being alpha, on white; a note reports transparent pixels."""
    colours = values[..., 0] if values.shape[2] == 2 else values[..., :-1]
    top = np.iinfo(values.dtype).max
    if values[..., -1].min(initial=top) == top:
        return colours, ()
    on_white: Values = np.empty_like(colours)
    rows = max(1, BAND_PX // values.shape[1])
    for first in range(0, len(values), rows):
        band = slice(first, first + rows)
        alpha = values[band, :, -1].astype(np.float32) / top
        if colours.ndim == 3:
            alpha = alpha[..., None]
        light = colours[band] if premultiplied else colours[band] * alpha
        on_white[band] = np.minimum(np.rint(light + top * (1 - alpha)), top).astype(values.dtype)
    return on_white, (_WHITE_NOTE,)


def require_full_range(values: U16) -> None:
    """Raise BadInput when 16-bit values use only the lowest bits: nothing says by how much to scale them."""
    top = int(values.max(initial=0))
    if top < FULL_RANGE_AT_LEAST:
        raise BadInput(
            f"its 16-bit values reach only {top} of 65535, as those of a 12-bit sensor do",
            remedy="Save it with its values scaled to 16 bits, or with 8 bits",
        )


def _sixteen_bit(image: Image.Image) -> U16:
    values = np.asarray(image)
    top = float(values.max(initial=0))
    if image.mode == "F" or top > 65535 or values.min(initial=0) < 0:
        raise BadInput(
            f"its pixels have mode {image.mode} and values up to {top:g}", remedy="Save it with 8 or 16 bits"
        )
    deep = values.astype(np.uint16)
    require_full_range(deep)
    return deep


def _from_lab(image: Image.Image) -> Values:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB")
    if converted is None:
        raise BadInput("its Lab colours cannot be converted to sRGB", remedy="Save it as sRGB")
    return np.array(converted, np.uint8)


def _opaque(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Remove alpha; transparent pixels become white, which a note reports. Gray stays gray, as its profile expects."""
    if image.mode in {"RGB", "L", "CMYK"} and "transparency" not in image.info:
        return image, ()
    plain = "L" if image.mode in {"1", "L", "LA", "La"} else "RGB"
    if "transparency" not in image.info and image.mode not in _MODES_WITH_ALPHA:
        return image.convert(plain), ()
    rgba = image.convert("RGBA")
    if rgba.getchannel("A").getextrema() == (255, 255):
        return rgba.convert(plain), ()
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert(plain), (_WHITE_NOTE,)
