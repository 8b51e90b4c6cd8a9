import io

import numpy as np
import pytest
import tifffile

from pipeline.core.errors import BadInput
from pipeline.core.photo.decode import decode_photo
from pipeline.core.photo.limits import Limits
from tests.core.photo.chart import ADOBE, PATCHES, chart, coded, icc, worst

PIXELS = chart(PATCHES)
DEEP = PIXELS.astype(np.uint16) * 257
GRAY = chart(PATCHES[:, 0])


def tiff(values, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, values, **{"photometric": "rgb", "metadata": None, **options})
    return out.getvalue()


def with_channel(values, last):
    return np.concatenate([values, np.full((*values.shape[:2], 1), last, values.dtype)], axis=2)


LAYOUTS = {
    "planar": tiff(np.moveaxis(DEEP, -1, 0), planarconfig="separate"),
    "8-bit planar": tiff(np.moveaxis(PIXELS, -1, 0), planarconfig="separate"),
    "big endian": tiff(DEEP, byteorder=">"),
    "deflate with predictor": tiff(DEEP, compression="zlib", predictor=True),
    "LZW": tiff(DEEP, compression="lzw"),
    "tiled BigTIFF": tiff(DEEP, bigtiff=True, tile=(64, 64)),
    "opaque alpha": tiff(with_channel(DEEP, 65535), extrasamples=["unassalpha"]),
    "8-bit with an unknown channel": tiff(with_channel(PIXELS, 0), extrasamples=["unspecified"]),
    "16-bit with an unknown channel": tiff(with_channel(DEEP, 0), extrasamples=["unspecified"]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_rgb_keeps_its_values(layout):
    photo = decode_photo(LAYOUTS[layout])
    assert np.array_equal(photo.rgb, PIXELS)
    assert set(photo.notes) <= {"16 bits were reduced to 8"}


@pytest.mark.parametrize("values", [GRAY, GRAY.astype(np.uint16) * 257], ids=["8 bits", "16 bits"])
def test_white_may_be_zero_in_gray(values):
    wanted = np.dstack([GRAY] * 3)
    assert np.array_equal(decode_photo(tiff(values, photometric="minisblack")).rgb, wanted)
    assert np.array_equal(decode_photo(tiff(~values, photometric="miniswhite")).rgb, wanted)


def test_twelve_packed_bits_fill_the_range():
    values = (GRAY.astype(np.uint16) * 257) >> 4
    rgb = decode_photo(packed_12_bits(values)).rgb
    assert np.abs(rgb[..., 0].astype(int) - GRAY).max() <= 1


def packed_12_bits(values):
    """A gray TIFF whose pixels take 12 bits each, which tifffile reads but does not write."""
    bits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(*values.shape, 2), axis=2)[..., 4:]
    rows = np.packbits(bits.reshape(len(values), -1), axis=1)
    data = bytearray(tiff(rows, photometric="minisblack", rowsperstrip=len(rows)))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages.first.tags
        width, depth = tags["ImageWidth"].valueoffset, tags["BitsPerSample"].valueoffset
        order = "little" if file.byteorder == "<" else "big"
    data[width : width + 2] = values.shape[1].to_bytes(2, order)
    data[depth : depth + 2] = (12).to_bytes(2, order)
    return bytes(data)


def test_a_16_bit_profile_is_applied():
    photo = decode_photo(tiff(chart(coded(ADOBE, 563 / 256, top=65535)), iccprofile=icc("Adobe", ADOBE, 563 / 256)))
    assert worst(photo.rgb) <= 1


@pytest.mark.parametrize("turned", [np.moveaxis(DEEP, -1, 0), DEEP], ids=["planar", "interleaved"])
def test_the_orientation_of_a_deep_tiff_is_applied(turned):
    planar = {"planarconfig": "separate"} if len(turned) == 3 else {}
    data = tiff(turned, extratags=[(274, "H", 1, 6, True)], **planar)
    assert np.array_equal(decode_photo(data).rgb, np.rot90(PIXELS, -1))


def pages(*written):
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as file:
        for values, options in written:
            file.write(values, **{"photometric": "rgb", "metadata": None, **options})
    return out.getvalue()


def test_thumbnails_and_masks_beside_the_photo_are_skipped():
    small = PIXELS[::4, ::4]
    for data in (
        pages((PIXELS, {}), (small, {"subfiletype": 1})),
        pages((small, {"subfiletype": 1}), (PIXELS, {})),
        pages((DEEP, {}), (small, {"subfiletype": 1}), (GRAY > 99, {"photometric": "mask", "subfiletype": 4})),
    ):
        assert np.array_equal(decode_photo(data).rgb, PIXELS)


def test_several_photos_or_none_are_bad_input():
    with pytest.raises(BadInput, match="2 pictures"):
        decode_photo(pages((PIXELS, {}), (PIXELS, {})))
    with pytest.raises(BadInput, match="only thumbnails"):
        decode_photo(pages((PIXELS, {"subfiletype": 1})))


@pytest.mark.parametrize(
    ("values", "options", "reason"),
    [
        ((PIXELS / 255).astype(np.float32), {}, "mode F and 32 bits \\(float32\\)"),
        (PIXELS.astype(np.uint32) * 16843009, {}, "32 bits \\(uint32\\)"),
        (GRAY.astype(np.uint16) * 16, {"photometric": "minisblack"}, "reach only"),
    ],
)
def test_values_whose_range_is_unknown_are_bad_input(values, options, reason):
    with pytest.raises(BadInput, match=reason) as caught:
        decode_photo(tiff(values, **options))
    assert "bits" in caught.value.remedy


def test_transparent_pixels_of_16_bits_become_white():
    alpha = with_channel(DEEP, 65535)
    alpha[:24, :, 3], alpha[24:48, :, 3] = 0, 32768
    photo = decode_photo(tiff(alpha, extrasamples=["unassalpha"]))
    assert (photo.rgb[:24] == 255).all()
    assert np.abs(photo.rgb[24:48] - (PIXELS[24:48] / 2 + 127.5)).max() <= 1
    assert np.array_equal(photo.rgb[48:], PIXELS[48:])
    assert "transparent pixels became white" in photo.notes


def test_a_tiff_is_judged_by_its_size_before_it_is_decoded():
    with pytest.raises(BadInput, match="144x96"):
        decode_photo(tiff(DEEP), Limits(min_side_px=100))
    with pytest.raises(BadInput, match=r"more than 0\.01 MP"):
        decode_photo(tiff(DEEP), Limits(max_megapixels=0.01))


def test_a_cut_tiff_is_bad_input():
    for whole in (tiff(DEEP, compression="zlib"), tiff(DEEP), tiff(np.moveaxis(DEEP, -1, 0), planarconfig="separate")):
        for share in (0.2, 0.6, 0.95):
            with pytest.raises(BadInput):
                decode_photo(whole[: int(len(whole) * share)])
