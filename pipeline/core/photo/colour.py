"""Convert pixels of any colour space to 8-bit sRGB, through lcms with 8 or 16 bits per channel."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import imagecodecs
import numpy as np
from PIL import Image

from pipeline.core.arrays import U16, Pixels, Rgb
from pipeline.core.errors import BadInput
from pipeline.core.linear import decode

Values = Pixels | U16
"""[h, w] gray, [h, w, 3] RGB or [h, w, 4] CMYK (0: no ink), uint8 or uint16, encoded as an `Encoding` says."""

RELATIVE, BLACK_POINT = 1, 0x2000  # lcms: the relative colorimetric intent, with black point compensation
BAND_PX = 2_000_000  # pixels converted at once, which bounds the memory
SAME_AT_MOST = 1  # levels; a profile that changes no colour by more is sRGB under another name
Corner = tuple[float, float]
Corners = tuple[Corner, Corner, Corner, Corner]
"""The chromaticities (x, y) of a colour space's red, green, blue and white."""
D65 = (0.3127, 0.3290)
BT709: Corners = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65)
_PRIMARIES: dict[int, Corners] = {  # ITU-T H.273, table 2: colour primaries
    1: BT709,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
_UNSPECIFIED = 2
# table 3: transfer characteristics -> exponent, None: sRGB's curve. Stills with a camera curve of video (1, 6, 14, 15)
# are meant for displays that show them like sRGB, as browsers do.
_TRANSFERS = {1: None, 6: None, 14: None, 15: None, 13: None, _UNSPECIFIED: None, 4: 2.2, 5: 2.8, 8: 1.0}
_HDR = {16: "PQ", 18: "HLG"}
_SPACES = {b"RGB ": "rgb", b"GRAY": "gray", b"CMYK": "cmyk"}  # a profile's colour space -> lcms' name


@dataclass(frozen=True)
class Encoding:
    """What the pixels' numbers mean. `profile`: an ICC profile; None: sRGB. `source`: what says so, for notes."""

    profile: bytes | None = None
    source: str = ""


SRGB = Encoding()
_EMBEDDED = "the embedded profile"


def embedded(profile: bytes) -> Encoding:
    """The encoding of an ICC profile that the file contains."""
    return Encoding(profile, _EMBEDDED)


def adobe_rgb(source: str) -> Encoding:
    """Adobe RGB (1998)."""
    return Encoding(imagecodecs.cms_profile("adobergb"), source)


def with_primaries(corners: Corners, gamma: float | None, source: str) -> Encoding:
    """RGB with the given chromaticities; `gamma` None: sRGB's curve.

    Raises BadInput when no colour space has such chromaticities.
    """
    red, green, blue, white = corners
    try:
        curve = None if gamma else _srgb_curve()
        profile = imagecodecs.cms_profile(
            "rgb", whitepoint=[*white], primaries=[*red, *green, *blue], gamma=gamma, transferfunction=curve
        )
    except (imagecodecs.CmsError, ValueError) as error:
        raise BadInput(f"its {source} describes no colour space ({error})", remedy="Save it as sRGB") from None
    return Encoding(profile, source)


def by_code_points(primaries: int, transfer: int, source: str) -> Encoding:
    """The encoding of ITU-T H.273 code points, as in PNG's cICP and HEIF's nclx.

    Raises BadInput for HDR, which has no single translation to sRGB, and for code points that are not known here.
    """
    if transfer in _HDR:
        raise BadInput(f"it is HDR ({_HDR[transfer]})", remedy="Export it as standard dynamic range, in sRGB or P3")
    if transfer not in _TRANSFERS or primaries not in {*_PRIMARIES, _UNSPECIFIED}:
        raise BadInput(
            f"its colours are coded as {primaries}/{transfer} of ITU-T H.273, which cannot be read",
            remedy="Save it as sRGB",
        )
    corners, gamma = _PRIMARIES.get(primaries, BT709), _TRANSFERS[transfer]
    if corners == BT709 and gamma is None:
        return SRGB
    return with_primaries(corners, gamma, source)


def to_srgb(values: Values, encoding: Encoding) -> tuple[Rgb, tuple[str, ...]]:
    """Convert to [h, w, 3] uint8, sRGB; the notes say what was converted or guessed."""
    space = {2: "gray", 3: "rgb", 4: "cmyk"}[values.ndim if values.ndim == 2 else values.shape[2]]
    depth = ("16 bits were reduced to 8",) if values.dtype == np.uint16 else ()
    if encoding.profile is None:
        return _as_srgb(values, space, depth)
    profile, notes = encoding.profile, depth
    profile_space = _SPACES.get(profile[16:20], profile[16:20].decode("latin-1").strip())
    if profile_space != space:
        mismatch = f"{encoding.source} is for {profile_space.upper()}, the picture is {_mode(space)}"
        if (profile_space, space) != ("rgb", "gray"):
            return _as_srgb(values, space, (*notes, f"{mismatch}: the profile was ignored"))
        values, space = _three(values), "rgb"
        notes = (*notes, f"{mismatch}: applied to gray")
    try:
        convert = _converter(profile, space)
        if space != "cmyk" and _is_srgb(convert, space):
            return _as_srgb(values, space, notes)
        return _in_bands(values, convert), (*notes, f"converted to sRGB from {_named(encoding)}")
    except (imagecodecs.CmsError, ValueError, TypeError, struct.error) as error:
        return _as_srgb(values, space, (*notes, f"{encoding.source} cannot be used ({error}): assumed sRGB"))


def _mode(space: str) -> str:
    return "L" if space == "gray" else space.upper()


def _as_srgb(values: Values, space: str, notes: tuple[str, ...]) -> tuple[Rgb, tuple[str, ...]]:
    """Take gray and RGB for sRGB; CMYK by the usual formula, which is a guess."""
    if space == "cmyk":
        if values.dtype == np.uint16:
            values = (values >> 8).astype(np.uint8)
        image = Image.frombytes("CMYK", (values.shape[1], values.shape[0]), values.tobytes())
        return np.array(image.convert("RGB"), np.uint8), (*notes, "CMYK without a profile: colours are approximate")
    if space == "rgb" and values.dtype == np.uint8:
        return np.asarray(values, np.uint8), notes
    return _in_bands(values, _eight_bit_rgb), notes


def _eight_bit_rgb(band: Values) -> Rgb:
    if band.dtype == np.uint16:
        band = ((band.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.asarray(band if band.ndim == 3 else _three(band), np.uint8)


def _three(gray: Values) -> Values:
    three: Values = np.empty((*gray.shape, 3), gray.dtype)
    three[:] = gray[..., None]
    return three


def _in_bands(values: Values, convert: Callable[[Values], Rgb]) -> Rgb:
    height, width = values.shape[:2]
    rgb = np.empty((height, width, 3), np.uint8)
    rows = max(1, BAND_PX // width)
    for top in range(0, height, rows):
        rgb[top : top + rows] = convert(values[top : top + rows].copy(order="C"))
    return rgb


def _converter(profile: bytes, space: str) -> Callable[[Values], Rgb]:
    def convert(band: Values) -> Rgb:
        converted = imagecodecs.cms_transform(
            band, profile, imagecodecs.cms_profile("srgb"), colorspace=space, outcolorspace="rgb",
            outdtype=np.uint8, intent=RELATIVE, flags=BLACK_POINT,
        )  # fmt: skip
        return np.asarray(converted, np.uint8)

    return convert


def _is_srgb(convert: Callable[[Values], Rgb], space: str) -> bool:
    """Whether the conversion changes nothing that shows: then it would only add rounding."""
    probe: Pixels = np.linspace(0, 255, 18).astype(np.uint8)[None]
    if space == "rgb":
        probe = np.stack(np.meshgrid(probe, probe, probe), -1).reshape(1, -1, 3)
    return int(np.abs(convert(probe).astype(np.int16) - _eight_bit_rgb(probe)).max()) <= SAME_AT_MOST


def _named(encoding: Encoding) -> str:
    name = _description(encoding.profile or b"") if encoding.source == _EMBEDDED else ""
    return f"{name} ({encoding.source})" if name else encoding.source


def _description(profile: bytes) -> str:
    """The name that an embedded profile gives itself, in printable characters."""
    try:
        (count,) = struct.unpack_from(">I", profile, 128)
        for index in range(min(count, 100)):
            tag, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * index)
            if tag == b"desc":
                body = profile[start : start + size]
                if body[:4] == b"mluc":
                    length, offset = struct.unpack_from(">II", body, 20)
                    text = body[offset : offset + length].decode("utf-16-be", "replace")
                else:
                    text = body[12 : 12 + struct.unpack_from(">I", body, 8)[0]].decode("latin-1")
                return "".join(c for c in text.rstrip("\0") if c.isprintable())[:80]
    except struct.error:
        return ""
    return ""


@lru_cache(maxsize=1)
def _srgb_curve() -> U16:
    """The transfer function of sRGB from code to light (IEC 61966-2-1), [4096] of 0 to 65535."""
    return np.round(decode(np.linspace(0, 1, 4096)) * 65535).astype(np.uint16)
