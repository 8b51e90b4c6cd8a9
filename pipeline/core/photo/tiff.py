"""Decode a TIFF: tifffile reads what Pillow misreads (16 bits, planar or white-is-zero) or reduces (16-bit RGB)."""

import io
import logging
from collections.abc import Iterable

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from pipeline.core.errors import BadInput
from pipeline.core.photo.colour import SRGB, Encoding, Values, embedded
from pipeline.core.photo.container import DAMAGE, DAMAGED_REMEDY, require_size
from pipeline.core.photo.limits import Limits
from pipeline.core.photo.pixels import pillow_values, require_full_range, without_alpha

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_PAGES = 100
MAX_EXTRA = 4  # channels beside the colours: alpha, and masks that an editor kept
_SPACES = {0: 1, 1: 1, 2: 3, 5: 4}  # photometric interpretation: white is zero, black is zero, RGB, CMYK -> channels
_ALPHA = (1, 2)  # ExtraSamples: premultiplied, straight
_ORIENTATION, _DNG_VERSION, _CFA, _LINEAR_RAW = 274, 50706, 32803, 34892
_MASK = 4  # bit of NewSubfileType
logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what it logs of damage, it also raises or we judge


def is_tiff(data: bytes) -> bool:
    """Whether these are the bytes of a TIFF, or of a camera raw file that is built like one."""
    return data.startswith(MAGIC)


def holds_raw(data: bytes) -> bool:
    """Whether a TIFF is a camera raw file: a DNG, or one with a picture that is a sensor's mosaic."""
    if data[8:10] == b"CR":
        return True
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            first = file.pages.first
            pages = [first, *(first.pages or ())] if isinstance(first, tifffile.TiffPage) else []
            return _DNG_VERSION in first.tags or any(page.photometric in {_CFA, _LINEAR_RAW} for page in pages)
    except DAMAGE:
        return False


def read_tiff(data: bytes, limits: Limits) -> tuple[Values, Encoding | None, int, tuple[str, ...]]:
    """Return pixels, encoding (None: the file does not say), EXIF orientation and notes. Raises BadInput."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            index, page = _photo_page(file)
            require_size((page.imagewidth, page.imagelength), limits)
            orientation = page.tags.get(_ORIENTATION)
            profile = page.iccprofile
            encoding = embedded(profile) if profile else None
            turned = int(orientation.value) if orientation else 1
            if _is_plain(page):
                values, is_srgb, notes = pillow_values(_by_pillow(data, index))
                return values, SRGB if is_srgb else encoding, 1, notes  # Pillow turns a TIFF upright as it loads it
            values, notes = _deep(page)
            return values, encoding, turned, notes
    except BadInput:
        raise
    except DAMAGE as error:
        raise BadInput(f"the picture is damaged or truncated ({error})", remedy=DAMAGED_REMEDY) from None


def _photo_page(file: tifffile.TiffFile) -> tuple[int, tifffile.TiffPage]:
    """The page that is the photo, and its index. Thumbnails, masks and reduced copies are other pages of the file."""
    photos: list[tuple[int, tifffile.TiffPage]] = []
    for index in range(min(len(file.pages), MAX_PAGES)):
        page = file.pages[index]
        if not isinstance(page, tifffile.TiffPage):
            raise BadInput("its pages cannot be read", remedy="Save it as a TIFF with one picture")
        if not page.is_reduced and not page.subfiletype & _MASK:
            photos.append((index, page))
    if len(photos) == 1:
        return photos[0]
    if not photos:
        raise BadInput("it contains only thumbnails", remedy="Use the photo as shot, not a thumbnail")
    raise BadInput(
        f"it contains {len(photos)} pictures (an animation or several pages)", remedy="Save one picture per file"
    )


def _is_plain(page: tifffile.TiffPage) -> bool:
    """Whether Pillow reads the page without loss: 8 bits or fewer, not one plane per channel."""
    return page.bitspersample <= 8 and (page.planarconfig == 1 or page.samplesperpixel == 1)


def _by_pillow(data: bytes, index: int) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=("TIFF",))
    except UnidentifiedImageError:
        raise BadInput(
            "it is a TIFF of a kind that cannot be read", remedy="Save it as RGB with 8 or 16 bits"
        ) from None
    image.seek(index)
    image.load()
    return image


def _deep(page: tifffile.TiffPage) -> tuple[Values, tuple[str, ...]]:
    """Pixels of 8 to 16 bits per channel, [h, w] or [h, w, channels]."""
    bits, channels = page.bitspersample, _SPACES.get(int(page.photometric))
    if page.dtype is None or page.dtype.kind != "u" or not 8 <= bits <= 16 or channels is None:
        mode = "F" if page.dtype is not None and page.dtype.kind == "f" else tifffile.PHOTOMETRIC(page.photometric).name
        raise BadInput(
            f"its pixels have mode {mode} and {bits} bits ({page.dtype})", remedy="Save it as RGB with 8 or 16 bits"
        )
    if not channels <= page.samplesperpixel <= channels + MAX_EXTRA:
        raise BadInput(
            f"it has {page.samplesperpixel} channels, not {channels} and perhaps alpha", remedy="Save it as plain RGB"
        )
    stored = page.asarray()
    if page.planarconfig == 2 and page.samplesperpixel > 1:
        stored = np.ascontiguousarray(np.moveaxis(stored, 0, -1))
    size = (page.imagelength, page.imagewidth)
    if stored.shape != (size if page.samplesperpixel == 1 else (*size, page.samplesperpixel)):
        raise BadInput(f"it has the shape {stored.shape}", remedy="Save it as a TIFF with one picture")
    if 8 < bits < 16:
        stored = (stored.astype(np.uint32) * 65535 // (2**bits - 1)).astype(np.uint16)
    elif bits == 16:
        require_full_range(stored)
    values: Values = stored.astype(np.uint8, copy=False) if bits == 8 else stored.astype(np.uint16, copy=False)
    if page.photometric == 0:
        values = ~values
    return _without_extra(values, channels, tuple(page.extrasamples or ()))


def _without_extra(values: Values, channels: int, extra: Iterable[int]) -> tuple[Values, tuple[str, ...]]:
    if values.ndim == 2:
        return values, ()
    first = next(iter(extra), None)
    if values.shape[2] == channels + 1 and first in _ALPHA and channels < 4:
        return without_alpha(values, premultiplied=first == 1)
    return (values[..., 0] if channels == 1 else values[..., :channels]), ()
