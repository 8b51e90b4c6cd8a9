"""Read orientation, colour space, capture time, camera and focal length from EXIF.

Whatever EXIF holds, the pixels are fine: what cannot be read is noted and left out, what is implausible is None.
"""

import io
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from PIL import Image

from pipeline.core.photo.colour import SRGB, Encoding, adobe_rgb

FULL_FRAME_DIAGONAL_MM = math.hypot(36.0, 24.0)
_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # FocalPlaneResolutionUnit
_MAKE, _MODEL, _DATE_TIME = 271, 272, 306
_EXIF_IFD = 0x8769
_TIME_ORIGINAL, _OFFSET_ORIGINAL, _FOCAL_MM, _EXIF_WIDTH, _EXIF_HEIGHT = 36867, 36881, 37386, 40962, 40963
_ORIENTATION, _COLOUR_SPACE, _INTEROP_IFD = 274, 40961, 0xA005
_SPACE_SRGB, _SPACE_ADOBE, _SPACE_OTHER = 1, 2, 65535
_PLANE_RESOLUTION, _PLANE_UNIT, _FOCAL_35MM = 41486, 41488, 41989


@dataclass(frozen=True)
class ExifFacts:
    """Facts from EXIF. `focal_px`: focal length in px of the decoded, possibly scaled-down picture."""

    captured_at: datetime | None = None
    camera: str | None = None
    focal_px: float | None = None


def orientation_of(image: Image.Image) -> tuple[Image.Exif, int, tuple[str, ...]]:
    """Return a picture's EXIF, its orientation 1 to 8 (from XMP where EXIF has none), and notes."""
    try:
        exif = image.getexif()
        value = exif.get(_ORIENTATION, 1)
    except Exception as error:  # Pillow's parser may raise anything on untrusted bytes
        return Image.Exif(), 1, (f"EXIF cannot be read ({type(error).__name__}): assumed upright",)
    return exif, value if value in range(1, 9) else 1, ()


def tiff_exif(data: bytes) -> tuple[Image.Exif, tuple[str, ...]]:
    """Return the EXIF of a TIFF, or of a camera raw file built like one, and notes."""
    exif = Image.Exif()
    try:
        if data[2:4] in {b"+\0", b"\0+"}:  # BigTIFF
            return Image.open(io.BytesIO(data), formats=("TIFF",)).getexif(), ()
        exif.load_from_fp(io.BytesIO(data))
    except Exception as error:  # Pillow's parser may raise anything on untrusted bytes
        return Image.Exif(), (f"EXIF cannot be read ({type(error).__name__})",)
    return exif, ()


def encoding_by_exif(exif: Image.Exif) -> tuple[Encoding, tuple[str, ...]]:
    """The encoding of a photo without a profile, by DCF 2.0 (JEITA CP-3461): Adobe RGB is marked R03, sRGB R98."""
    try:
        space = exif.get_ifd(_EXIF_IFD).get(_COLOUR_SPACE)
        interop = _text(exif.get_ifd(_INTEROP_IFD).get(1))
    except Exception:  # unreadable EXIF, which its reader has noted
        return SRGB, ()
    if space == _SPACE_ADOBE or (space != _SPACE_SRGB and interop == "R03"):
        return adobe_rgb("Adobe RGB (named by EXIF)"), ()
    if space == _SPACE_OTHER and interop != "R98":
        return SRGB, ("EXIF says that the colours are not sRGB, but no profile is embedded: assumed sRGB",)
    return SRGB, ()


def read_exif(exif: Image.Exif, size_px: tuple[int, int], shot_px: int) -> tuple[ExifFacts, tuple[str, ...]]:
    """Return the facts for a photo decoded at `size_px` (long side as shot: `shot_px`), and notes on ignored values."""
    try:
        tags: dict[int, Any] = {**exif, **exif.get_ifd(_EXIF_IFD)}
    except Exception as error:  # Pillow's parser may raise anything on untrusted bytes
        return ExifFacts(), (f"EXIF cannot be read ({type(error).__name__})",)
    focal = _focal_px(tags, size_px, shot_px)
    long_px = max(size_px)
    if focal is not None and not 0.2 * long_px <= focal <= 40 * long_px:
        note = f"EXIF's focal length gives {focal:.0f} px for a picture of {long_px} px: ignored"
        return ExifFacts(_captured_at(tags), _camera(tags), None), (note,)
    return ExifFacts(_captured_at(tags), _camera(tags), focal), ()


def _focal_px(tags: dict[int, Any], size_px: tuple[int, int], shot_px: int) -> float | None:
    """Focal length in px, from the 35 mm equivalent (by diagonals, CIPA DCG-001) or the focal plane's resolution."""
    equivalent_mm = _number(tags.get(_FOCAL_35MM))
    if equivalent_mm:
        return equivalent_mm / FULL_FRAME_DIAGONAL_MM * math.hypot(*size_px)
    focal_mm, per_unit = _number(tags.get(_FOCAL_MM)), _number(tags.get(_PLANE_RESOLUTION))
    mm = _MM_PER_UNIT.get(int(_number(tags.get(_PLANE_UNIT)) or 2))
    if not focal_mm or not per_unit or mm is None:
        return None
    exif_px = max(_number(tags.get(_EXIF_WIDTH)) or 0.0, _number(tags.get(_EXIF_HEIGHT)) or 0.0) or float(shot_px)
    return focal_mm * per_unit / mm * max(size_px) / exif_px


def _number(value: Any) -> float | None:
    """A positive finite number, or None: EXIF rationals may be 0/0 and fields may be of any type."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return re.sub(r"[^\x20-\x7e\u00a0-\u024f]+", " ", text.split("\0")[0]).strip()[:100]


def _camera(tags: dict[int, Any]) -> str | None:
    make, model = _text(tags.get(_MAKE)), _text(tags.get(_MODEL))
    name = model if make and model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    return name or None


def _captured_at(tags: dict[int, Any]) -> datetime | None:
    text = _text(tags.get(_TIME_ORIGINAL)) or _text(tags.get(_DATE_TIME))
    try:
        moment = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", _text(tags.get(_OFFSET_ORIGINAL)))
    if offset is None or int(offset[2]) > 14 or int(offset[3]) > 59:
        return moment
    minutes = (int(offset[2]) * 60 + int(offset[3])) * (1 if offset[1] == "+" else -1)
    return moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
