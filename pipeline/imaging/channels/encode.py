"""Encode finished images as JPEG (4:4:4), AVIF (4:4:4), WebP, PNG or TIFF, with sRGB profile and XMP.

The same pixels always give the same bytes.
"""

import io
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from pipeline.core.arrays import F32, U16, Pixels, Rgb
from pipeline.core.errors import BadInput
from pipeline.core.linear import linear_to_srgb, linear_to_srgb16
from pipeline.core.photo.limits import MAX_PX
from pipeline.core.png import encode_deep_png, encode_small_png
from pipeline.imaging.channels.channel import Channel

PNG_LEVEL = 3  # of published PNGs; their bytes, and so their digests, depend on it
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
FORMAT_SIDE_PX = {"image/jpeg": 65_500, "image/webp": 16_383, "image/avif": 65_500}  # limits of the formats


@cache
def srgb_profile() -> bytes:
    """An sRGB ICC profile with constant bytes; the library's own contains the date of its creation."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2020, 1, 1, 0, 0, 0)
    return bytes(profile)


def encode_image(linear: F32, channel: Channel, xmp: bytes, optimise: bool = True) -> bytes:
    """Encode a finished image [H, W, 3] in linear light, 0 to 1, as the channel requires. `xmp`: a whole packet.

    `optimise` recodes a JPEG losslessly, for a smaller file in twice the time. Raises BadInput when the format cannot
    hold so many px.
    """
    if channel.bit_depth == 16:
        deep = linear_to_srgb16(linear)
        return _tiff(deep, xmp) if channel.media_type == "image/tiff" else _with_chunks(encode_deep_png(deep), xmp)
    return encode_8bit(linear_to_srgb(linear), channel, xmp, optimise)


def encode_8bit(image: Rgb, channel: Channel, xmp: bytes, optimise: bool = True) -> bytes:
    """Encode an 8-bit sRGB image [H, W, 3] as the channel requires. See `encode_image`."""
    height_px, width_px = image.shape[:2]
    if max(height_px, width_px) > FORMAT_SIDE_PX.get(channel.media_type, MAX_PX):
        raise BadInput(
            f"channel {channel.name}: {channel.media_type} cannot hold a picture of {width_px} x {height_px} px",
            remedy="Set the channel's width_px and height_px, or another media_type",
        )
    out = io.BytesIO()
    picture = Image.fromarray(image)
    if channel.media_type == "image/png":
        return _with_chunks(encode_small_png(image, PNG_LEVEL), xmp)
    if channel.media_type == "image/tiff":
        return _tiff(image, xmp)
    options: dict[str, Any] = {"quality": channel.quality, "icc_profile": srgb_profile(), "xmp": xmp}
    if channel.media_type == "image/webp":
        picture.save(out, "WEBP", method=4, **options)
        return out.getvalue()
    if channel.media_type == "image/avif":
        # one thread, because the encoder's tiles, and so its bytes, depend on the number of threads
        picture.save(out, "AVIF", subsampling="4:4:4", speed=6, max_threads=1, **options)
        return out.getvalue()
    # not Pillow's `optimize`, which fails when a detailed picture takes more than one byte per pixel
    picture.save(out, "JPEG", subsampling=0, **options)
    if not optimise:
        return out.getvalue()
    import mozjpeg_lossless_optimization as mozjpeg  # type: ignore[import-untyped]

    return bytes(mozjpeg.optimize(out.getvalue(), copy=mozjpeg.COPY_MARKERS.ALL))


def decode_image(data: bytes, name: str, mode: str = "RGB") -> Pixels:
    """Decode a file to 8-bit pixels in the given Pillow mode. Raises BadInput when it is not a readable image."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PX:
                raise BadInput(
                    f"{name} has {image.width} x {image.height} px", remedy=f"Use at most {MAX_PX // 10**6} MP"
                )
            return np.asarray(image.convert(mode))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BadInput(f"{name} is not a readable image: {error}", remedy="Run the step that made it again") from error


def _tiff(image: Pixels | U16, xmp: bytes) -> bytes:
    """An 8- or 16-bit TIFF, deflated; tag 700 holds the XMP (Adobe's XMP specification, part 3)."""
    import tifffile

    out = io.BytesIO()
    packet = (700, "B", len(xmp), xmp, True)
    tifffile.imwrite(
        out, image, photometric="rgb", compression="zlib", predictor=True, iccprofile=srgb_profile(),
        extratags=[packet], software=False, metadata=None,
    )  # fmt: skip
    return out.getvalue()


def _with_chunks(png: bytes, xmp: bytes) -> bytes:
    """Insert profile and XMP after the PNG's header (PNG specification, third edition, 11.3.2.3 and 11.3.3.4)."""
    header = len(PNG_SIGNATURE) + 25
    profile = _chunk(b"iCCP", b"sRGB\x00\x00" + zlib.compress(srgb_profile(), 9))
    text = _chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + xmp)
    return png[:header] + profile + text + png[header:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
