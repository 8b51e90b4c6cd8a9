import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline.core.errors import BadInput
from pipeline.core.linear import encode
from pipeline.core.photo.decode import decode_photo
from tests.core.photo.chart import ADOBE, P3, PATCHES, SRGB, chart, cmyk_icc, coded, icc, png, saved, worst

ADOBE_GAMMA = 563 / 256


def converted(data):
    """The chart's error, and its notes, of a photo that must have been converted."""
    photo = decode_photo(data)
    assert any("converted to sRGB" in note for note in photo.notes)
    return worst(photo.rgb)


@pytest.mark.parametrize(
    ("name", "corners", "gamma"),
    [
        ("Display P3", P3, None),
        ("Adobe RGB (1998)", ADOBE, ADOBE_GAMMA),
        ("Adobe RGB, not sRGB", ADOBE, ADOBE_GAMMA),
        ("Display P3 Gamut with sRGB Transfer", P3, None),
        ("GIMP built-in Linear sRGB", SRGB, 1.0),
        ("sRGB-elle-V4-g10.icc", SRGB, 1.0),
    ],
)
def test_a_profile_is_applied_whatever_its_name(name, corners, gamma):
    profile = icc(name, corners, gamma)
    pixels = chart(coded(corners, gamma))
    for data in (
        saved(pixels, "PNG", icc_profile=profile),
        saved(pixels, "TIFF", icc_profile=profile),
        saved(pixels, "WEBP", lossless=True, icc_profile=profile),
    ):
        photo = decode_photo(data)
        assert worst(photo.rgb) <= 3
        assert photo.notes == (f"converted to sRGB from {name} (the embedded profile)",)


def test_a_profile_that_equals_srgb_changes_no_pixel_and_is_not_noted():
    pixels = chart(PATCHES)
    photo = decode_photo(saved(pixels, "PNG", icc_profile=icc("c2", SRGB)))
    assert np.array_equal(photo.rgb, pixels)
    assert photo.notes == ()


@pytest.mark.parametrize("gamma", [1.0, ADOBE_GAMMA])
def test_sixteen_bits_are_converted_before_they_are_reduced(gamma):
    """Eight bits of linear light have steps of 13 levels in the shadows."""
    values = chart(coded(ADOBE, gamma, top=65535))
    profile = (b"iCCP", b"A\0\0" + zlib.compress(icc("A", ADOBE, gamma)))
    assert converted(png(values, profile)) <= 1
    ramp = np.arange(0, 65536, 16, dtype=np.uint16)
    steps = decode_photo(
        png(np.tile(ramp[:, None], (64, 1, 3)), (b"iCCP", b"l\0\0" + zlib.compress(icc("l", SRGB, 1.0))))
    )
    assert np.diff(steps.rgb[0, :, 0].astype(int)).max() <= 1 + (steps.rgb[0, 1, 0] > 0)


def dcf(interop, space):
    exif = Image.Exif()
    exif[271] = "Acme"  # Pillow writes no sub-directory into an otherwise empty EXIF
    exif.get_ifd(0x8769).update({0xA001: space, 0xA005: {1: interop, 2: b"0100"}})
    return exif


def test_a_camera_set_to_adobe_rgb_says_so_in_exif_only():
    assert converted(saved(chart(coded(ADOBE, ADOBE_GAMMA)), "PNG", exif=dcf("R03", 65535))) <= 3
    for interop, space in (("R98", 65535), ("R98", 1), ("R03", 1)):
        photo = decode_photo(saved(chart(PATCHES), "PNG", exif=dcf(interop, space)))
        assert worst(photo.rgb) == 0
        assert photo.notes == ()


def test_an_embedded_profile_overrules_exif():
    data = saved(chart(coded(P3)), "PNG", icc_profile=icc("Display P3", P3), exif=dcf("R03", 65535))
    assert converted(data) <= 3


def test_an_unknown_colour_space_in_exif_is_noted():
    (note,) = decode_photo(saved(chart(PATCHES), "PNG", exif=dcf("THM", 65535))).notes
    assert "assumed sRGB" in note


def chrm(corners):
    red, green, blue, white = corners
    return b"cHRM", struct.pack(">8I", *(round(value * 1e5) for xy in (white, red, green, blue) for value in xy))


def gama(gamma):
    return b"gAMA", struct.pack(">I", round(1e5 / gamma))


P3_CICP = (b"cICP", bytes([12, 13, 0, 1]))


def test_png_without_a_profile_says_its_colours_in_cicp_gama_and_chrm():
    assert converted(png(chart(coded(P3)), P3_CICP)) <= 3
    assert converted(png(chart(coded(SRGB, 1.0)), gama(1.0))) <= 3
    assert converted(png(chart(coded(ADOBE, ADOBE_GAMMA)), gama(ADOBE_GAMMA), chrm(ADOBE))) <= 3
    assert converted(png(chart(coded(P3)), chrm(P3))) <= 3
    assert converted(png(chart(coded(SRGB, 1.8, top=65535)), gama(1.8))) <= 1


def test_cicp_precedes_a_profile_which_precedes_srgb_which_precedes_gamma():
    wrong = (b"iCCP", b"A\0\0" + zlib.compress(icc("Adobe", ADOBE, ADOBE_GAMMA)))
    assert converted(png(chart(coded(P3)), P3_CICP, wrong, gama(1.0))) <= 3
    right = (b"iCCP", b"A\0\0" + zlib.compress(icc("P3", P3)))
    assert converted(png(chart(coded(P3)), right, gama(1.0))) <= 3
    plain = decode_photo(png(chart(PATCHES), (b"sRGB", b"\0"), gama(1.0), chrm(ADOBE)))
    assert (worst(plain.rgb), plain.notes) == (0, ())


def test_the_gamma_that_programs_write_beside_srgb_means_srgb():
    photo = decode_photo(png(chart(PATCHES), (b"gAMA", struct.pack(">I", 45455)), chrm(SRGB)))
    assert (worst(photo.rgb), photo.notes) == (0, ())


def test_gray_with_a_gamma_is_converted():
    light = np.round((chart(PATCHES[:, 0]) / 255.0) ** 2 * 255).astype(np.uint8)
    gray = decode_photo(png(light, gama(1.0))).rgb
    wanted = decode_photo(png(np.dstack([light] * 3), gama(1.0))).rgb
    assert np.array_equal(gray, wanted)


def gray_icc(gamma):
    """The profile of `icc`, cut down to its green curve and said to be for gray."""
    profile = bytearray(icc("gray", SRGB, gamma))
    profile[16:20] = b"GRAY"
    profile[profile.index(b"gTRC")] = ord("k")
    return bytes(profile)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_gray_is_converted_by_its_profile_with_alpha_and_without(mode):
    light = np.round((PATCHES[:, 0] / 255.0) ** (2.2 / 1.5) * 255).astype(np.uint8)
    photo = decode_photo(saved(Image.fromarray(chart(light)).convert(mode), "PNG", icc_profile=gray_icc(1.5)))
    wanted = encode((light / 255) ** 1.5) * 255
    assert np.abs(photo.rgb[12::24, 12::24, 0].reshape(24) - wanted).max() <= 1
    assert photo.notes == ("converted to sRGB from gray (the embedded profile)",)


@pytest.mark.parametrize(
    ("chunk", "reason"),
    [
        ((b"cICP", bytes([9, 16, 0, 1])), "it is HDR \\(PQ\\)"),
        ((b"cICP", bytes([9, 18, 0, 1])), "it is HDR \\(HLG\\)"),
        ((b"cICP", bytes([3, 200, 0, 1])), "3/200"),
        ((b"cICP", bytes([1, 13, 1, 1])), "not full-range RGB"),
        ((b"cHRM", b"\0" * 32), "describes no colour space"),
    ],
)
def test_colours_with_no_translation_to_srgb_are_bad_input(chunk, reason):
    with pytest.raises(BadInput, match=reason) as caught:
        decode_photo(png(chart(PATCHES), chunk))
    assert caught.value.remedy


def test_palettes_and_alpha_are_converted_too():
    adobe, profile = Image.fromarray(chart(coded(ADOBE, ADOBE_GAMMA))), icc("Adobe", ADOBE, ADOBE_GAMMA)
    assert converted(saved(adobe.quantize(64), "PNG", icc_profile=profile)) <= 3
    assert converted(saved(adobe.convert("RGBA"), "PNG", icc_profile=profile)) <= 3


def test_cmyk_is_converted_by_its_profile():
    """Paper is white and all ink is black; between them the profile's table rules, as in ImageCms."""
    inks = np.dstack([255 - chart(PATCHES), np.zeros((96, 144), np.uint8)])
    inks[:24, :24], inks[:24, 24:48] = 0, 255
    image = Image.frombytes("CMYK", (144, 96), inks.tobytes())
    photo = decode_photo(saved(image, "TIFF", icc_profile=cmyk_icc()))
    assert photo.notes == ("converted to sRGB from inks (the embedded profile)",)
    assert (photo.rgb[:24, :24] >= 254).all()
    assert (photo.rgb[:24, 24:48] <= 1).all()
    profile = ImageCms.ImageCmsProfile(io.BytesIO(cmyk_icc()))
    wanted = ImageCms.profileToProfile(
        image, profile, ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # fmt: skip
    assert np.abs(photo.rgb.astype(int) - np.asarray(wanted)).max() <= 1
    assert np.ptp(photo.rgb) > 250


def test_lab_is_converted_to_srgb():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    picture = ImageCms.profileToProfile(Image.fromarray(chart(PATCHES)), srgb, lab, outputMode="LAB")
    assert worst(decode_photo(saved(picture, "TIFF")).rgb) <= 8  # 8 bits of Lab are coarser than 8 bits of sRGB
