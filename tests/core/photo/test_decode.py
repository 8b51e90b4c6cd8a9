import io
import struct
import zlib
from datetime import datetime, timedelta

import numpy as np
import pillow_heif
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pipeline.core.errors import BadInput
from pipeline.core.photo.decode import decode_photo
from pipeline.core.photo.limits import Limits
from tests.core.photo.chart import png as chart_png

pillow_heif.register_heif_opener()


def picture(height=96, width=128, seed=0):
    grid = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return grid.repeat(8, 0).repeat(8, 1)


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


def png(pixels, **options):
    return saved(Image.fromarray(pixels), format="PNG", **options)


STORED = {  # how a camera stores the upright picture under each value of EXIF's orientation
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_decoded_upright(orientation, kind):
    upright = picture()
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    if kind == "TIFF":
        data = saved(stored, format=kind, tiffinfo={274: orientation})
    else:
        exif = Image.Exif()
        exif[274] = orientation
        data = saved(stored, format=kind, exif=exif, lossless=True)
    assert np.array_equal(decode_photo(data).rgb, upright)


def test_the_orientation_of_xmp_is_used_where_exif_has_none():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:D xmlns:tiff="t" tiff:Orientation="6"/></x:xmpmeta>'
    stored = Image.fromarray(np.ascontiguousarray(STORED[6](picture())))
    assert decode_photo(saved(stored, format="JPEG", xmp=xmp)).rgb.shape == picture().shape


def test_an_srgb_photo_keeps_every_pixel():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = decode_photo(png(picture(), icc_profile=profile))
    assert np.array_equal(photo.rgb, picture())
    assert photo.notes == ()


def swapped_profile():
    """A valid RGB profile whose red and green primaries are swapped, so that converting swaps the channels."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for offset in range(132, 132 + 12 * struct.unpack(">I", profile[128:132])[0], 12):
        tag = bytes(profile[offset : offset + 4])
        if tag in {b"rXYZ", b"gXYZ"}:
            profile[offset : offset + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}[tag]
    offset = profile.find("sRGB".encode("utf-16-be"))
    profile[offset : offset + 8] = "test".encode("utf-16-be")
    return bytes(profile)


def test_an_embedded_profile_is_converted_to_srgb():
    photo = decode_photo(png(picture(), icc_profile=swapped_profile()))
    assert np.abs(photo.rgb.astype(int) - picture()[..., [1, 0, 2]]).max() <= 3


def test_a_broken_profile_is_noted_and_srgb_is_assumed():
    photo = decode_photo(png(picture(), icc_profile=b"no profile at all"))
    assert np.array_equal(photo.rgb, picture())
    assert "profile" in photo.notes[0]


def test_a_profile_for_another_mode_is_noted():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = decode_photo(png(picture()[..., 0], icc_profile=profile))
    assert "the picture is L" in photo.notes[0]


def test_gray_one_bit_and_palette_become_rgb():
    gray = picture()[..., 0]
    assert np.array_equal(decode_photo(png(gray)).rgb, np.dstack([gray] * 3))
    bits = saved(Image.fromarray(gray).convert("1"), format="PNG")
    assert set(np.unique(decode_photo(bits).rgb)) == {0, 255}
    palette = Image.fromarray(picture()).quantize(64)
    assert np.array_equal(decode_photo(saved(palette, format="PNG")).rgb, np.array(palette.convert("RGB")))


def test_sixteen_bits_are_scaled_not_clipped():
    ramp = np.tile(np.linspace(0, 65535, 128).astype(np.uint16), (96, 1))
    photo = decode_photo(saved(Image.fromarray(ramp), format="PNG"))
    assert np.array_equal(photo.rgb[..., 0], np.round(ramp / 257).astype(np.uint8))
    assert "16 bits" in photo.notes[0]


def test_cmyk_without_a_profile_is_decoded_and_noted():
    photo = decode_photo(saved(Image.fromarray(picture()).convert("CMYK"), format="JPEG", quality=98))
    assert np.abs(photo.rgb.astype(int) - picture()).mean() < 4
    assert "CMYK" in photo.notes[0]


def test_opaque_alpha_is_dropped_and_transparency_is_noted():
    rgba = np.dstack([picture(), np.full((96, 128), 255, np.uint8)])
    assert decode_photo(png(rgba)).notes == ()
    rgba[:40, :, 3] = 0
    photo = decode_photo(png(rgba))
    assert (photo.rgb[:40] == 255).all()
    assert np.array_equal(photo.rgb[40:], picture()[40:])
    assert "white" in photo.notes[0]


def test_text_named_jpg_is_named_as_text():
    with pytest.raises(BadInput, match="text") as caught:
        decode_photo(b"this is not a photo")
    assert "JPEG" in caught.value.remedy


def test_an_empty_file_is_named():
    with pytest.raises(BadInput, match="empty"):
        decode_photo(b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_truncated_photo_is_bad_input(kind):
    data = saved(Image.fromarray(picture()), format=kind)
    with pytest.raises(BadInput):
        decode_photo(data[: len(data) // 2])


def test_a_webp_whose_copy_stopped_is_refused_and_a_blank_one_is_not():
    """Libwebp decodes zeros to garbage without a word, and codes blank pictures with hundreds of them."""
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8))
    for options in ({"quality": 90}, {"lossless": True}):
        whole = saved(noisy, format="WEBP", **options)
        half = len(whole) // 2
        with pytest.raises(BadInput, match="damaged"):
            decode_photo(whole[:half] + bytes(len(whole) - half))
        for blank in ("white", "black", "gray"):
            picture_px = Image.new("RGB", (3000, 2000), blank)
            assert decode_photo(saved(picture_px, format="WEBP", **options)).rgb.shape == (2000, 3000, 3)


def test_animations_and_several_pages_are_bad_input():
    frames = [Image.fromarray(picture(seed=seed)) for seed in range(3)]
    for kind in ("WEBP", "TIFF", "PNG"):
        with pytest.raises(BadInput, match="3 pictures"):
            decode_photo(saved(frames[0], format=kind, save_all=True, append_images=frames[1:]))


def test_a_decompression_bomb_is_rejected_before_it_is_decoded():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    for side, megapixels in ((12000, "144"), (60000, "3600")):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
        with pytest.raises(BadInput, match=f"{megapixels}|pixels"):
            decode_photo(bomb)


def test_thumbnails_are_rejected():
    with pytest.raises(BadInput, match="128x96"):
        decode_photo(png(picture()), Limits(min_side_px=100))


def test_scaling_a_photo_down_scales_its_focal_length():
    exif = Image.Exif()
    exif[271] = "Acme"  # Pillow writes no sub-directory into an otherwise empty EXIF
    exif.get_ifd(0x8769)[41989] = 50
    full = decode_photo(png(picture(), exif=exif))
    half = decode_photo(png(picture(), exif=exif), Limits(max_side_px=64))
    assert half.rgb.shape == (48, 64, 3)
    assert full.exif.focal_px == pytest.approx(50 / 43.2666 * 160, rel=1e-4)
    assert half.exif.focal_px == pytest.approx(full.exif.focal_px / 2)


def test_time_camera_and_focal_length_are_read_from_exif():
    exif = Image.Exif()
    exif[271], exif[272] = "Canon\0\0", "Canon EOS R5\0\0\0"
    ifd = exif.get_ifd(0x8769)
    ifd[36867], ifd[36881] = "2024:05:06 07:08:09", "+02:00"
    ifd[37386], ifd[41486], ifd[41488], ifd[40962], ifd[40963] = 50.0, 200.0, 4, 256, 192
    facts = decode_photo(png(picture(), exif=exif)).exif
    assert facts.camera == "Canon EOS R5"
    assert facts.captured_at.replace(tzinfo=None) == datetime(2024, 5, 6, 7, 8, 9)
    assert facts.captured_at.utcoffset() == timedelta(hours=2)
    assert facts.focal_px == pytest.approx(50 * 200 * 128 / 256)


def test_an_implausible_focal_length_is_noted_and_ignored():
    exif = Image.Exif()
    exif[271] = "Acme"  # Pillow writes no sub-directory into an otherwise empty EXIF
    exif.get_ifd(0x8769)[41989] = 60000
    photo = decode_photo(png(picture(), exif=exif))
    assert photo.exif.focal_px is None
    assert "ignored" in photo.notes[0]


def test_unreadable_exif_and_dates_do_not_reject_a_photo():
    data = png(picture(), exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xfe" * 40)
    assert np.array_equal(decode_photo(data).rgb, picture())
    exif = Image.Exif()
    exif[306] = "0000:00:00 00:00:00"
    assert decode_photo(png(picture(), exif=exif)).exif.captured_at is None


def whole_files():
    pixels = picture(32, 40)
    exif = Image.Exif()
    exif[274], exif[306] = 6, "2024:05:06 07:08:09"
    files = {
        kind: saved(Image.fromarray(pixels), format=kind, exif=exif.tobytes())
        for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")
    }
    deep = io.BytesIO()
    tifffile.imwrite(deep, pixels.astype(np.uint16) * 257, photometric="rgb", planarconfig="contig", metadata=None)
    return {**files, "16-bit TIFF": deep.getvalue(), "16-bit PNG": chart_png(pixels.astype(np.uint16) * 257)}


WHOLE = whole_files()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_bytes_give_a_photo_or_bad_input(data):
    whole = bytearray(WHOLE[data.draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        photo = decode_photo(bytes(whole), Limits(min_side_px=1, max_megapixels=1))
    except BadInput:
        return
    assert photo.rgb.dtype == np.uint8
    assert photo.rgb.shape[2] == 3
