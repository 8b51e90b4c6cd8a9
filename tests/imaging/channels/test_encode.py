import io

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import get_sampling

from pipeline.core.errors import BadInput
from pipeline.core.linear import linear_to_srgb, linear_to_srgb16
from pipeline.core.png import encode_png
from pipeline.imaging.channels import encode
from pipeline.imaging.channels.channel import LOSSLESS, load_channel
from pipeline.imaging.channels.encode import decode_image, encode_image, srgb_profile
from pipeline.imaging.channels.marking import marking_of, xmp_packet

XMP = xmp_packet("compositeCapture")
JPEG = load_channel("google")
WEBP = JPEG.model_copy(update={"media_type": "image/webp"})
PNG = JPEG.model_copy(update={"media_type": "image/png"})
AVIF = load_channel("web_avif")
ARCHIVE = load_channel("archive")
TIFF = PNG.model_copy(update={"media_type": "image/tiff"})
ARCHIVE_TIFF = ARCHIVE.model_copy(update={"media_type": "image/tiff"})
FORMATS = pytest.mark.parametrize(
    "channel",
    [JPEG, WEBP, AVIF, PNG, TIFF, ARCHIVE, ARCHIVE_TIFF],
    ids=["jpeg", "webp", "avif", "png", "tiff", "png16", "tiff16"],
)


@pytest.fixture(scope="module")
def image():
    y, x = np.mgrid[:160, :200] / 200
    return np.stack([x, y, 0.5 + 0.4 * np.sin(9 * x * y)], axis=-1).astype(np.float32)


@FORMATS
def test_a_file_has_profile_marking_and_pixels(image, channel):
    data = encode_image(image, channel, XMP)
    with Image.open(io.BytesIO(data)) as opened:
        assert Image.MIME[opened.format] == channel.media_type
        assert opened.info["icc_profile"] == srgb_profile()
    assert marking_of(data) == "compositeCapture"
    error = np.abs(decode_image(data, "file").astype(int) - linear_to_srgb(image).astype(int))
    assert error.mean() < 2 and (channel.media_type not in LOSSLESS or error.max() <= 1)


@FORMATS
def test_the_same_pixels_give_the_same_bytes(image, channel):
    first = encode_image(image, channel, XMP)
    srgb_profile.cache_clear()
    assert encode_image(image, channel, XMP) == first


def test_jpeg_is_444_and_optimising_is_lossless(image):
    plain, optimised = (encode_image(image, JPEG, XMP, optimise=o) for o in (False, True))
    assert get_sampling(Image.open(io.BytesIO(optimised))) == 0
    assert len(optimised) < len(plain)
    np.testing.assert_array_equal(decode_image(plain, "a"), decode_image(optimised, "b"))


@pytest.mark.parametrize("optimise", [False, True])
def test_a_jpeg_may_take_more_than_one_byte_per_pixel(optimise):
    coarse = np.random.default_rng(0).random((200, 240, 3), np.float32)
    data = encode_image(coarse, JPEG, XMP, optimise)
    assert len(data) > 200 * 240
    assert np.abs(decode_image(data, "noise").astype(int) - linear_to_srgb(coarse)).mean() < 8


def test_archive_keeps_sixteen_bits(image):
    data = np.frombuffer(encode_image(image, ARCHIVE, XMP), np.uint8)
    deep = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert deep.dtype == np.uint16
    np.testing.assert_array_equal(deep[..., ::-1], linear_to_srgb16(image))
    assert len(np.unique(deep)) > 1000


def test_archive_tiff_keeps_sixteen_bits_and_names_no_software(image):
    import tifffile

    data = encode_image(image, ARCHIVE_TIFF, XMP)
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        np.testing.assert_array_equal(opened.asarray(), linear_to_srgb16(image))
        tags = {tag.name for tag in opened.pages[0].tags}
    assert "InterColorProfile" in tags and "XMP" in tags and not tags & {"Software", "DateTime", "ImageDescription"}


def test_avif_keeps_all_its_colours(image):
    flat = np.zeros((32, 32, 3), np.float32)
    flat[:, ::2] = (0.6, 0.02, 0.02)
    flat[:, 1::2] = (0.02, 0.02, 0.6)
    decoded = decode_image(encode_image(flat, AVIF, XMP), "stripes").astype(int)
    apart = np.abs(decoded[:, ::2] - decoded[:, 1::2])[..., [0, 2]].min()
    assert apart > 100, "with subsampling both stripes would be the same purple"


@pytest.mark.parametrize("channel", [JPEG, WEBP, AVIF], ids=["jpeg", "webp", "avif"])
def test_a_picture_too_large_for_its_format_is_rejected(channel):
    with pytest.raises(BadInput, match=rf"{channel.name}: {channel.media_type} cannot hold a picture of 66000 x 2 px"):
        encode_image(np.zeros((2, 66_000, 3), np.float32), channel, XMP)


def test_layer_png_keeps_alpha():
    layer = np.random.default_rng(0).integers(0, 255, (9, 7, 4), dtype=np.uint8)
    np.testing.assert_array_equal(decode_image(encode_png(layer), "layer", "RGBA"), layer)


def test_an_unreadable_image_is_named_in_the_error(monkeypatch):
    with pytest.raises(BadInput, match="front is not a readable image"):
        decode_image(b"GIF89a nothing", "front")
    with pytest.raises(BadInput, match="front is not a readable image"):
        decode_image(encode_png(np.zeros((40, 40, 3), np.uint8))[:60], "front")
    monkeypatch.setattr(encode, "MAX_PX", 100)
    with pytest.raises(BadInput, match="40 x 40 px"):
        decode_image(encode_png(np.zeros((40, 40, 3), np.uint8)), "front")
