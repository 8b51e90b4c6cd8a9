"""PNG in and out of arrays. The same pixels always give the same bytes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import BadInput, CatalogError

_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


def encode_rgb(pixels: NDArray[np.uint8]) -> bytes:
    """An 8-bit PNG of [h, w, 3] RGB or [h, w, 4] RGBA."""
    code = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, code), _FAST)
    if not done:
        raise CatalogError(f"a picture of shape {pixels.shape} could not be written as PNG")
    return bytes(data)


def decode_rgba(data: bytes) -> NDArray[np.uint8]:
    """[h, w, 4] uint8 of an RGBA PNG. Raises BadInput for anything else."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4 or pixels.dtype != np.uint8:
        raise BadInput("a cut-out is not an 8-bit RGBA PNG", remedy="Run cutout again.")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA), np.uint8)
