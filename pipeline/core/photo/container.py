"""Open a photo's bytes: which format they are, and whether their size is within the limits. Decodes no pixels."""

import io
import struct

from PIL import Image, UnidentifiedImageError

from pipeline.core.errors import BadInput
from pipeline.core.photo.bmff import HEIC_BRANDS, is_bmff
from pipeline.core.photo.limits import Limits

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")  # a phone's MPO is opened as JPEG
READABLE = "Save it as JPEG, PNG, TIFF, WebP, AVIF or HEIC"
DAMAGED_REMEDY = "Copy it from the camera again"
# what Pillow's decoders raise on damaged bytes; its TIFF reader does not check bounds, libavif raises RuntimeError
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, ArithmeticError, TypeError, LookupError, MemoryError, RuntimeError,
    AttributeError, struct.error,
)  # fmt: skip


def open_image(data: bytes, limits: Limits) -> Image.Image:
    """Open a picture that is one photo. Raises BadInput for other files, several pictures, and sizes beyond limits."""
    formats: tuple[str, ...] = FORMATS
    if is_bmff(data):
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        formats = ("AVIF", "HEIF")
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
        frames = _frames(image)
    except UnidentifiedImageError:
        raise BadInput(f"it is {looks_like(data)}, not a photo that can be read", remedy=READABLE) from None
    except Image.DecompressionBombError as error:
        raise BadInput(f"it has too many pixels ({error})", remedy=smaller(limits)) from None
    except DAMAGE as error:
        raise BadInput(f"its header is damaged ({error})", remedy=DAMAGED_REMEDY) from None
    require_size(image.size, limits)
    if frames > 1:
        raise BadInput(
            f"it contains {frames} pictures (an animation or several pages)", remedy="Save one picture per file"
        )
    return image


def require_size(size_px: tuple[int, int], limits: Limits) -> None:
    """Raise BadInput when a photo (width, height) has too many or too few pixels."""
    width, height = size_px
    if width * height > limits.max_megapixels * 1e6:
        raise BadInput(
            f"it has {width}x{height} = {width * height / 1e6:.0f} MP, more than {limits.max_megapixels:g} MP",
            remedy=smaller(limits),
        )
    if min(width, height) < limits.min_side_px:
        raise BadInput(
            f"it has {width}x{height} px, fewer than {limits.min_side_px} px on the short side",
            remedy="Use the photo as shot, not a thumbnail",
        )


def require_no_damage(zeros_at: int | None) -> None:
    """Raise BadInput where a bad sector or a copy that stopped left zeros, which the decoders paint over."""
    if zeros_at is not None:
        raise BadInput(
            f"the picture is damaged (a run of zeros at byte {zeros_at}, in the middle of its data)",
            remedy=DAMAGED_REMEDY,
        )


def smaller(limits: Limits) -> str:
    """The remedy for a photo with too many pixels."""
    return f"Scale it down to at most {limits.max_megapixels:g} MP"


def _frames(image: Image.Image) -> int:
    """How many photos a file holds; the first one of an MPO, and the primary one of a HEIC, is the photo."""
    if image.format in {"MPO", "HEIF"}:
        return 1
    return getattr(image, "n_frames", 1)


def looks_like(data: bytes) -> str:
    """What a file that is not a photo seems to be."""
    if not data:
        return "an empty file"
    head = data[:4096]
    if is_bmff(head):
        return "a damaged HEIC" if head[8:12] in HEIC_BRANDS else "a video or another file of that family"
    for start, name in ((b"GIF8", "GIF"), (b"%PDF", "PDF"), (b"BM", "BMP"), (b"PK", "a zip file"), (b"<", "markup")):
        if head.startswith(start):
            return name
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return "of an unknown kind"
    return "text"
