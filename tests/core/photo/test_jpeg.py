"""A damaged JPEG is refused, a whole one never: cameras, phones and editors write many kinds."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.core.photo.decode import decode_photo
from tests.core.photo.chart import saved


def detailed(width=320, height=240, seed=0):
    """Soft noise at all scales, as a photo has."""
    rng = np.random.default_rng(seed)
    noise = [rng.integers(0, 256, (height // step, width // step, 3), np.uint8) for step in (4, 16, 80)]
    layers = [np.asarray(Image.fromarray(layer).resize((width, height), 3), np.float32) for layer in noise]
    return Image.fromarray(np.mean(layers, axis=0).astype(np.uint8))


def product_on_white():
    picture = Image.new("RGB", (480, 360), "white")
    picture.paste(detailed(160, 240), (160, 60))
    return picture


PICTURES = {
    "detailed": detailed(),
    "on white": product_on_white(),
    "white": Image.new("RGB", (320, 240), "white"),
    "black": Image.new("RGB", (320, 240)),
    "ramp": Image.fromarray(np.tile(np.linspace(0, 255, 320).astype(np.uint8), (240, 1))).convert("RGB"),
}
KINDS = {
    "baseline": {},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "full colour": {"subsampling": 0},
    "coarse": {"quality": 20},
}


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_whole_jpeg_is_decoded_as_pillow_decodes_it(picture, kind, mode):
    image = PICTURES[picture].convert(mode)
    data = saved(image, "JPEG", **{"quality": 90, **KINDS[kind]})
    assert np.array_equal(decode_photo(data).rgb, np.asarray(reopened(data).convert("RGB")))


def reopened(data):
    return Image.open(io.BytesIO(data))


def middle_of(data, size):
    start = len(data) * 55 // 100
    return start, start + size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("picture", ["detailed", "on white"])
def test_zeros_in_the_middle_are_refused(picture, kind):
    """A bad sector of a card: the lower half shifts and takes another tint, and libjpeg only warns."""
    whole = saved(PICTURES[picture], "JPEG", **{"quality": 90, **KINDS[kind]})
    for size in (64, 512):
        start, end = middle_of(whole, size)
        with pytest.raises(BadInput, match="damaged") as caught:
            decode_photo(whole[:start] + bytes(size) + whole[end:])
        assert caught.value.remedy == "Copy it from the camera again"


def test_a_copy_that_stopped_and_left_zeros_is_refused():
    whole = saved(PICTURES["detailed"], "JPEG", quality=90)
    with pytest.raises(BadInput, match="a run of zeros at byte"):
        decode_photo(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))


def test_a_sector_of_other_data_is_refused():
    """Chance may let one sector in hundreds decode to as many blocks as it replaced, and leave libjpeg silent."""
    rng = np.random.default_rng(3)
    whole = saved(PICTURES["detailed"], "JPEG", quality=90)
    refused = 0
    for start in rng.integers(1000, len(whole) - 700, 60):
        try:
            decode_photo(whole[:start] + rng.bytes(512) + whole[start + 512 :])
        except BadInput:
            refused += 1
    assert refused >= 58


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
@pytest.mark.parametrize("kind", ["baseline", "progressive"])
def test_a_cut_jpeg_is_refused(kind, share):
    whole = saved(PICTURES["detailed"], "JPEG", **{"quality": 90, **KINDS[kind]})
    with pytest.raises(BadInput, match="damaged or truncated"):
        decode_photo(whole[: int(len(whole) * share)])


def test_what_phones_append_and_prepend_is_no_damage():
    whole = saved(PICTURES["detailed"], "JPEG", quality=90)
    pixels = decode_photo(whole).rgb
    segment = b"\xff\xe1" + (65_000).to_bytes(2, "big") + b"http://ns.adobe.com/xmp/extension/\0" + bytes(64_963)
    for data in (
        whole + b"\0\0\0\x18ftypmp42" + bytes(5000),  # a motion photo
        whole + bytes(4096),  # padding of a card
        whole[:2] + segment * 40 + whole[2:],
        whole[:-2] + b"\0" + whole[-2:],  # one byte before the end, as some cameras write
    ):
        assert np.array_equal(decode_photo(data).rgb, pixels)


def test_the_first_picture_of_a_phones_mpo_is_the_photo():
    data = saved(PICTURES["detailed"], "MPO", save_all=True, append_images=[detailed(160, 120, seed=1)], quality=90)
    assert decode_photo(data).rgb.shape == (240, 320, 3)


def test_a_subsampling_that_turbojpeg_does_not_know_is_decoded():
    """Sampling factors 3x1, made by hand in a gray file, whose data do not depend on them."""
    data = bytearray(saved(PICTURES["detailed"].convert("L"), "JPEG", quality=90))
    frame = data.find(b"\xff\xc0")
    data[frame + 11] = 0x31
    photo = decode_photo(bytes(data))
    assert np.array_equal(photo.rgb[..., 0], np.asarray(reopened(bytes(data))))
