import io

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import BadInput, CatalogError
from pipeline.core.png import decode_png, encode_deep_png, encode_indexed_png, encode_png, encode_small_png
from tests.core.photo.test_decode import picture


def test_the_round_trip_keeps_channel_order_and_alpha():
    for pixels in (picture(), picture()[..., 0], np.dstack([picture(), picture(seed=1)[..., 0]])):
        assert np.array_equal(decode_png(encode_png(pixels)), pixels)
        assert np.array_equal(np.array(Image.open(io.BytesIO(encode_png(pixels)))), pixels)


@pytest.mark.parametrize("level", [1, 3, 9])
def test_a_small_png_keeps_every_pixel_at_every_level(level):
    rgba = np.dstack([picture(), picture(seed=1)[..., 0]])
    assert np.array_equal(decode_png(encode_small_png(rgba, level)), rgba)


def test_a_deep_png_is_not_decoded_to_eight_bits():
    deep = picture().astype(np.uint16) * 257
    with pytest.raises(BadInput, match="3 channels of uint16"):
        decode_png(encode_deep_png(deep))


def test_an_unexpected_number_of_channels_is_bad_input():
    with pytest.raises(BadInput, match="3 channels of uint8, not 4"):
        decode_png(encode_png(picture()), channels=4)


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_a_damaged_png_is_an_error(data):
    with pytest.raises(CatalogError, match="cannot be read"):
        decode_png(data)


def test_an_indexed_png_keeps_indices_and_shows_their_colours():
    index = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    data = encode_indexed_png(index, ((0, 0, 0), (128, 128, 128), (230, 159, 0)))
    image = Image.open(io.BytesIO(data))
    assert np.array_equal(np.array(image), index)
    shown = np.array(image.convert("RGBA"))
    assert shown[0].tolist() == [[0, 0, 0, 0], [128, 128, 128, 255], [230, 159, 0, 255]]
    assert data == encode_indexed_png(index, ((0, 0, 0), (128, 128, 128), (230, 159, 0)))
