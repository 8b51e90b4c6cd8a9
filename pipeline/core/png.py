"""Encode and decode PNG pictures that the pipeline made: the same pixels always give the same bytes.

Photos come from untrusted sources; `pipeline.core.photo.decode` decodes them.
"""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from pipeline.core.arrays import U16, Pixels
from pipeline.core.errors import BadInput, CatalogError

# a quarter of level 6's time for a tenth more bytes; one filter for all rows saves half of that again, and trying all
# of them for every row makes a photo no smaller
_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)
_DEEP = (cv2.IMWRITE_PNG_COMPRESSION, 4)


def encode_png(pixels: Pixels) -> bytes:
    """Encode [h, w] gray, [h, w, 3] RGB or [h, w, 4] RGBA as 8-bit PNG, quickly, for files between stages."""
    code = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[2 if pixels.ndim == 2 else pixels.shape[2]]
    ordered = np.ascontiguousarray(pixels) if code is None else cv2.cvtColor(pixels, code)
    return _encoded(ordered, _FAST)


def encode_small_png(pixels: Pixels, level: int) -> bytes:
    """Encode as 8-bit PNG with zlib's compression level 1 to 9, for files that leave the pipeline."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=level)
    return out.getvalue()


def encode_indexed_png(index: Pixels, colours: Sequence[tuple[int, int, int]]) -> bytes:
    """Encode [h, w] of indices into `colours` (sRGB) as an 8-bit palette PNG; index 0 is transparent."""
    image = Image.fromarray(index, "P")
    image.putpalette([value for colour in colours for value in colour])
    out = io.BytesIO()
    image.save(out, "PNG", transparency=0)
    return out.getvalue()


def encode_deep_png(pixels: U16) -> bytes:
    """Encode [h, w, 3] RGB of 16 bits per channel, which Pillow cannot write."""
    return _encoded(pixels[..., ::-1], _DEEP)


def decode_png(data: bytes, channels: int | None = None) -> Pixels:
    """Decode a PNG to [h, w] gray, [h, w, 3] RGB or [h, w, 4] RGBA, uint8.

    Raises CatalogError when it is damaged, BadInput when it has 16 bits or other than `channels` channels (None: any).
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if pixels is None:
        raise CatalogError("a stored PNG cannot be read", remedy="Run the shoot again: the step that made it is redone")
    present = 1 if pixels.ndim == 2 else pixels.shape[2]
    if pixels.dtype != np.uint8 or (channels is not None and present != channels):
        raise BadInput(
            f"a stored PNG has {present} channels of {pixels.dtype}"
            + ("" if channels is None else f", not {channels} of uint8"),
            remedy="Run the step that made it again",
        )
    if present == 1:
        return np.asarray(pixels, np.uint8)
    code = cv2.COLOR_BGR2RGB if present == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def _encoded(ordered: Pixels | U16, settings: tuple[int, ...]) -> bytes:
    done, data = cv2.imencode(".png", ordered, settings)
    if not done:
        raise CatalogError(f"a picture of shape {ordered.shape} could not be encoded as PNG")
    return bytes(data)
