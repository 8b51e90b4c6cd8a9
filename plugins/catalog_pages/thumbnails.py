"""Small pictures of what lies in the store."""

import io
from functools import lru_cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pipeline.contract.artifact import Artifact
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput
from pipeline.core.photo.limits import MAX_PX

SIDE_PX = 480
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF")


@lru_cache(maxsize=400)
def thumbnail(store: Path, sha256: str) -> tuple[bytes, str]:
    """The picture with this digest, at most `SIDE_PX` a side: (bytes, media type). Raises BadInput when it is none."""
    path = Store(store).path(Artifact(sha256=sha256, media_type="image/*", size=0))
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PX:
                raise BadInput(f"{sha256} has {picture.width}x{picture.height} pixels", remedy="too large to show")
            picture.draft("RGB", (SIDE_PX, SIDE_PX))
            small = picture.convert("RGBA" if "A" in picture.getbands() or "transparency" in picture.info else "RGB")
    except FileNotFoundError:
        raise BadInput(f"the store has no {sha256}", remedy="run the shoot again") from None
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BadInput(f"{sha256} is no picture: {error}", remedy="only pictures are shown") from None
    small.thumbnail((SIDE_PX, SIDE_PX))
    out, kind = io.BytesIO(), "PNG" if small.mode == "RGBA" else "JPEG"
    small.save(out, kind, quality=85)
    return out.getvalue(), f"image/{kind.lower()}"
