import io

import numpy as np
from PIL import Image

from pipeline.core.png import decode_png, encode_png
from tests.core.test_photo import picture


def test_png_round_trip_keeps_order_and_alpha():
    for pixels in (picture(), picture()[..., 0], np.dstack([picture(), picture(seed=1)[..., 0]])):
        assert np.array_equal(decode_png(encode_png(pixels)), pixels)
        assert np.array_equal(np.array(Image.open(io.BytesIO(encode_png(pixels)))), pixels)
