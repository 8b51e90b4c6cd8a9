"""HEIC, as phones write it, and AVIF."""

import io
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.core.photo.bmff import damage_at, nclx_of
from pipeline.core.photo.decode import decode_photo
from pipeline.core.photo.limits import Limits
from tests.core.photo.chart import P3, PATCHES, chart, coded, icc, saved, worst
from tests.core.photo.test_decode import STORED
from tests.core.photo.test_jpeg import PICTURES, detailed

pillow_heif.register_heif_opener()
EXACT = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}  # lossless RGB


def test_a_heic_keeps_every_pixel():
    assert worst(decode_photo(saved(chart(PATCHES), "HEIF", **EXACT)).rgb) == 0


def test_ten_bits_are_reduced_to_eight():
    deep = chart(PATCHES).astype(np.uint16) * 257
    file = pillow_heif.from_bytes(mode="RGB;16", size=(144, 96), data=deep.tobytes())
    out = io.BytesIO()
    file.save(out, **EXACT)
    assert worst(decode_photo(out.getvalue()).rgb) <= 1


def test_a_phones_heic_of_tiles_is_one_photo():
    picture = detailed(1200, 900)
    photo = decode_photo(saved(picture, "HEIF", quality=90, tile_size=512))
    assert np.abs(photo.rgb.astype(int) - np.asarray(picture)).mean() < 6


@pytest.mark.parametrize("by", ["boxes", "EXIF only"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_is_decoded_upright(orientation, by):
    """Cameras turn a HEIC by its boxes and repeat it in EXIF; some programs write EXIF only."""
    upright = chart(PATCHES)
    exif = Image.Exif()
    exif[274] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    data = saved(stored, "HEIF", exif=exif.tobytes() if by == "boxes" else exif, **EXACT)
    assert ((b"irot" in data) or (b"imir" in data)) == (by == "boxes" and orientation > 1)
    assert np.array_equal(decode_photo(data).rgb, upright)


def test_time_camera_and_focal_length_are_read_from_a_heic():
    exif = Image.Exif()
    exif[271], exif[272] = "Apple", "iPhone 15"
    exif.get_ifd(0x8769).update({36867: "2026:05:06 07:08:09", 41989: 26})
    facts = decode_photo(saved(detailed(), "HEIF", exif=exif)).exif
    assert (facts.camera, facts.captured_at.isoformat()) == ("Apple iPhone 15", "2026-05-06T07:08:09")
    assert facts.focal_px == pytest.approx(26 / 43.2666 * 400, rel=1e-4)


def test_profiles_of_heic_and_avif_are_applied():
    profile = icc("Display P3", P3)
    exact = decode_photo(saved(chart(coded(P3)), "HEIF", icc_profile=profile, **EXACT))
    assert worst(exact.rgb) <= 3
    assert exact.notes == ("converted to sRGB from Display P3 (the embedded profile)",)
    mild = PATCHES[4]  # a gray, whose error in AVIF's luma and chroma is not amplified
    avif = decode_photo(saved(chart(coded(P3)), "AVIF", quality=100, subsampling="4:4:4", icc_profile=profile))
    assert np.abs(avif.rgb[12, 4 * 24 + 12].astype(int) - mild).max() <= 3
    assert avif.notes == exact.notes


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_the_colours_of_nclx_are_converted_and_hdr_is_refused(kind):
    options = EXACT if kind == "HEIF" else {"quality": 100, "subsampling": "4:4:4"}
    data = saved(chart(coded(P3)), kind, **options)
    at = data.find(b"colrnclx") + 8
    p3 = data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :]
    photo = decode_photo(p3)
    assert photo.notes == (f"converted to sRGB from {kind}'s nclx",)
    assert worst(photo.rgb) <= (3 if kind == "HEIF" else 16)  # AVIF's own error is amplified where red is dark
    with pytest.raises(BadInput, match="HDR"):
        decode_photo(data[:at] + struct.pack(">HH", 9, 16) + data[at + 4 :])


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("picture", PICTURES)
def test_a_whole_file_has_no_run_of_zeros(kind, picture):
    for quality in (30, 90):
        assert damage_at(saved(PICTURES[picture], kind, quality=quality)) is None


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_zeros_in_the_middle_are_refused(kind):
    """The decoders paint over them, and half of the picture is garbage."""
    whole = saved(detailed(640, 480), kind, quality=90)
    start = len(whole) * 55 // 100
    with pytest.raises(BadInput, match="damaged"):
        decode_photo(whole[:start] + bytes(512) + whole[start + 512 :])


def test_a_cut_or_renamed_file_is_refused():
    whole = saved(detailed(), "HEIF")
    with pytest.raises(BadInput, match=r"damaged"):
        decode_photo(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="a damaged HEIC"):
        decode_photo(b"\0\0\0\x18ftypheic" + b"\0" * 40)
    with pytest.raises(BadInput, match="a video"):
        decode_photo(b"\0\0\0\x18ftypmp42" + b"\0" * 40)


def test_the_size_of_a_heic_is_judged_before_its_pixels():
    data = saved(detailed(), "HEIF")
    with pytest.raises(BadInput, match=r"more than 0\.05 MP"):
        decode_photo(data, Limits(max_megapixels=0.05))
    at = data.find(b"ispe") + 8
    with pytest.raises(BadInput):
        decode_photo(data[:at] + struct.pack(">II", 60_000, 60_000) + data[at + 8 :])


def test_damaged_boxes_name_no_colours():
    data = saved(detailed(), "HEIF")
    assert nclx_of(data) is not None
    for end in range(0, 400, 7):
        nclx_of(data[:end])
        damage_at(data[:end])
    assert nclx_of(data.replace(b"ipma", b"free")) is None
