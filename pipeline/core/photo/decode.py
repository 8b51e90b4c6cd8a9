"""Decode a photo from an untrusted source to upright 8-bit sRGB.

A file that is not a readable photo raises BadInput. A photo that needs a guess (a broken colour profile, CMYK without
one) is decoded, and `notes` reports the guess.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from pipeline.core.arrays import Alpha, Rgb
from pipeline.core.errors import BadInput
from pipeline.core.photo.exif import ExifFacts, read_exif
from pipeline.core.photo.limits import DEFAULT_LIMITS, Limits, require_file_size

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF")  # a phone's MPO is opened as JPEG
READABLE = "Save it as JPEG, PNG, TIFF, WebP or AVIF"
# what Pillow's decoders raise on damaged bytes; its TIFF reader does not check bounds
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, OverflowError, TypeError, LookupError, MemoryError, struct.error)
_SRGB = ImageCms.createProfile("sRGB")
_MODE_OF_PROFILE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # a profile's colour space -> the matching picture mode


@dataclass(frozen=True)
class Photo:
    """A decoded photo: `rgb` [h, w, 3] uint8, sRGB, upright."""

    rgb: Rgb
    exif: ExifFacts
    notes: tuple[str, ...]


def read_photo(path: Path) -> Photo:
    """Decode a photo file within the default limits of ingest.

    Raises BadInput that says what is wrong with it; the caller adds its name.
    """
    try:
        require_file_size(path.stat().st_size)
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"it cannot be read: {error.strerror}", remedy="Let this user read it, or copy it again"
        ) from error
    return decode_photo(data)


def decode_photo(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Photo:
    """Decode a photo's bytes. Raises BadInput that says what is wrong with them; the caller adds the file's name."""
    with _quiet():
        image = _open(data, limits)
        _load(image)
        exif_source = image
        image, notes = _upright(image)
        image, colour_notes = _srgb(image)
        shot_px = max(image.size)
        if limits.max_side_px is not None and shot_px > limits.max_side_px:
            image = ImageOps.contain(image, (limits.max_side_px, limits.max_side_px), Image.Resampling.LANCZOS)
        exif, exif_notes = read_exif(exif_source, image.size, shot_px)
        return Photo(np.array(image, np.uint8), exif, (*notes, *colour_notes, *exif_notes))


def decode_matte(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Alpha:
    """Decode a matte made by hand, [h, w] uint8. Raises BadInput unless it is a readable one-channel picture."""
    with _quiet():
        image = _open(data, limits)
        if image.mode not in {"L", "1"}:
            raise BadInput(
                f"its mode is {image.mode}", remedy="Save the matte as 8-bit gray, white where the product is"
            )
        _load(image)
        return np.array(image.convert("L"), np.uint8)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Pillow's warnings about size and metadata, for which `Limits` and `notes` are used instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _open(data: bytes, limits: Limits) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # an MPO's first picture is the photo
    except UnidentifiedImageError:
        raise BadInput(f"it is {_looks_like(data)}, not a photo that can be read", remedy=READABLE) from None
    except Image.DecompressionBombError as error:
        raise BadInput(f"it has too many pixels ({error})", remedy=_smaller(limits)) from None
    except DAMAGE as error:
        raise BadInput(f"its header is damaged ({error})", remedy="Copy it from the camera again") from None
    width, height = image.size
    if width * height > limits.max_megapixels * 1e6:
        raise BadInput(
            f"it has {width}x{height} = {width * height / 1e6:.0f} MP, more than {limits.max_megapixels:g} MP",
            remedy=_smaller(limits),
        )
    if min(width, height) < limits.min_side_px:
        raise BadInput(
            f"it has {width}x{height} px, fewer than {limits.min_side_px} px on the short side",
            remedy="Use the photo as shot, not a thumbnail",
        )
    if frames > 1:
        raise BadInput(
            f"it contains {frames} pictures (an animation or several pages)", remedy="Save one picture per file"
        )
    return image


def _smaller(limits: Limits) -> str:
    return f"Scale it down to at most {limits.max_megapixels:g} MP"


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except DAMAGE as error:
        raise BadInput(
            f"the picture is damaged or truncated ({error})", remedy="Copy it from the camera again"
        ) from None


def _looks_like(data: bytes) -> str:
    if not data:
        return "an empty file"
    head = data[:4096]
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"hevc"}:
        return "HEIC"
    for start, name in ((b"GIF8", "GIF"), (b"%PDF", "PDF"), (b"BM", "BMP"), (b"PK", "a zip file"), (b"<", "markup")):
        if head.startswith(start):
            return name
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return "of an unknown kind"
    return "text"


def _upright(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    try:
        return ImageOps.exif_transpose(image), ()
    except Exception as error:  # Pillow's EXIF parser may raise anything; the pixels are fine
        return image, (f"EXIF cannot be read ({type(error).__name__}): assumed upright",)


def _srgb(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Convert any mode, depth and profile to 8-bit sRGB RGB, without alpha."""
    profile = image.info.get("icc_profile")
    image, notes = _eight_bit(image)
    image, alpha_notes = _opaque(image)
    notes += alpha_notes
    if profile:
        converted, profile_notes = _from_profile(image, profile)
        return converted, notes + profile_notes
    if image.mode == "CMYK":
        notes += ("CMYK without a profile: colours are approximate",)
    elif _is_adobe_rgb(image):
        notes += ("EXIF says Adobe RGB but no profile is embedded: assumed sRGB",)
    return image.convert("RGB"), notes


def _eight_bit(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    if not image.mode.startswith(("I", "F")):
        return image, ()
    values = np.asarray(image, np.float64)
    top = float(values.max(initial=0))
    if image.mode == "F" or top > 65535 or values.min(initial=0) < 0:
        raise BadInput(
            f"its pixels have mode {image.mode} and values up to {top:g}", remedy="Save it with 8 or 16 bits"
        )
    return Image.fromarray(np.round(values / 257.0).astype(np.uint8)), ("16 bits were reduced to 8",)


def _opaque(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Remove alpha; transparent pixels become white, which a note reports."""
    if image.mode in {"RGB", "L", "CMYK"}:
        return image, ()
    if "transparency" not in image.info and image.mode not in {"RGBA", "LA", "PA", "La", "RGBa"}:
        return image.convert("L" if image.mode == "1" else "RGB"), ()
    rgba = image.convert("RGBA")
    if rgba.getchannel("A").getextrema() == (255, 255):
        return rgba.convert("RGB"), ()
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB"), ("transparent pixels became white",)


def _from_profile(image: Image.Image, profile: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = str(source.profile.xcolor_space).strip()
        if _MODE_OF_PROFILE.get(space) != image.mode:
            note = f"the embedded profile is for {space}, the picture is {image.mode}: the profile was ignored"
            return image.convert("RGB"), (note,)
        if image.mode == "RGB" and "srgb" in (source.profile.profile_description or "").lower():
            return image, ()  # already sRGB: converting would only add rounding
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        converted = ImageCms.profileToProfile(image, source, _SRGB, intent, "RGB", flags=flags)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        return image.convert("RGB"), (f"the embedded colour profile cannot be used ({error}): assumed sRGB",)
    if converted is None:
        raise BadInput("its colour profile cannot be converted to sRGB", remedy="Save it as sRGB")
    return converted, ()


def _is_adobe_rgb(image: Image.Image) -> bool:
    try:
        return image.getexif().get_ifd(0xA005).get(1) == "R03"
    except Exception:  # unreadable EXIF: `_upright` has noted it
        return False
