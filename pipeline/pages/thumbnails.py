"""Small versions of the store's pictures, made once and kept on disk."""

import io
from enum import IntEnum

from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from pipeline.contract.store import Store
from pipeline.core.disk_cache import DiskCache
from pipeline.core.errors import BadInput
from pipeline.core.photo.limits import MAX_PX

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF")  # what assets and photos are; raw files are not shown
register_heif_opener()
VERSION = 1  # of how they are made; another one makes all of them anew


class Side(IntEnum):
    """The sizes that are made: the longer side in px. Any other number would only fill the disk."""

    NODE = 96
    TILE = 240
    CARD = 480
    LARGE = 1200
    WHOLE = 2400


def thumbnail(store: Store, cache: DiskCache, sha256: str, side: Side) -> bytes:
    """Scale the picture with this digest down to at most `side` px on its longer side; JPEG, or WebP with alpha.

    Raises BadInput when the artifact is missing, too large, or not a picture.
    """

    def make() -> bytes:
        return encoded(_small(open_picture(store, sha256), side, sha256))

    return cache.get(f"thumbnail {VERSION} {sha256} {side}", make)


def open_picture(store: Store, sha256: str) -> Image.Image:
    """The picture with this digest, not yet decoded. Raises BadInput as `thumbnail` does."""
    try:
        with store.open_object(sha256) as file:
            picture = Image.open(io.BytesIO(file.read()), formats=FORMATS)
    except FileNotFoundError:
        raise BadInput(f"the store has no artifact {sha256}", remedy="Run the shoot again") from None
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise _not_a_picture(sha256, error) from None
    if picture.width * picture.height > MAX_PX:
        picture.close()
        raise BadInput(f"{sha256} is too large to show: {picture.width}x{picture.height} pixels")
    return picture


def _small(picture: Image.Image, side_px: int, sha256: str) -> Image.Image:
    """The picture at this size, RGB or RGBA. `picture` is closed."""
    with picture:
        try:
            picture.draft("RGB", (side_px, side_px))
            has_alpha = "A" in picture.getbands() or "transparency" in picture.info
            small = ImageOps.exif_transpose(picture.convert("RGBA" if has_alpha else "RGB"))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise _not_a_picture(sha256, error) from None
    small.thumbnail((side_px, side_px))
    return small


def encoded(picture: Image.Image) -> bytes:
    """A picture for a page: JPEG, or WebP if it has an alpha channel."""
    out = io.BytesIO()
    if picture.mode == "RGBA":
        picture.save(out, "WEBP", quality=85)
    else:
        picture.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def media_type_of(data: bytes) -> str:
    """The media type of what `encoded` returned."""
    return "image/webp" if data[:4] == b"RIFF" else "image/jpeg"


def _not_a_picture(what: str, error: Exception) -> BadInput:
    return BadInput(f"{what} is not a picture: {error}", remedy="Run the shoot again if it should be one")
