"""Thumbnails of pictures in the store."""

import io
from functools import lru_cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pipeline.contract.store import Store
from pipeline.core.errors import BadInput
from pipeline.core.photo.limits import MAX_PX

SIDE_PX = 480
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF")


@lru_cache(maxsize=400)
def thumbnail(store: Path, sha256: str, side_px: int = SIDE_PX) -> tuple[bytes, str]:
    """Scale the picture with this digest to at most `side_px` per side; returns (bytes, media type).

    Raises BadInput when the artifact is missing, too large, or not a picture.
    """
    path = Store(store).object_path(sha256)
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PX:
                raise BadInput(f"{sha256} is too large to show: {picture.width}x{picture.height} pixels")
            picture.draft("RGB", (side_px, side_px))
            small = picture.convert("RGBA" if "A" in picture.getbands() or "transparency" in picture.info else "RGB")
    except FileNotFoundError:
        raise BadInput(f"the store has no artifact {sha256}", remedy="Run the shoot again") from None
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BadInput(f"{sha256} is not a picture: {error}") from None
    small.thumbnail((side_px, side_px))
    out, kind = io.BytesIO(), "PNG" if small.mode == "RGBA" else "JPEG"
    small.save(out, kind, quality=85)
    return out.getvalue(), f"image/{kind.lower()}"
