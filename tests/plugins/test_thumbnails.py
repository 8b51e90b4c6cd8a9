import io

import numpy as np
import pytest
from PIL import Image

from pipeline.contract.store import Store
from pipeline.core.errors import BadInput
from pipeline.core.png import encode_png


@pytest.mark.parametrize(("side_px", "size"), [(480, (480, 240)), (2000, (1000, 500))])
def test_a_picture_is_scaled_to_the_side_that_is_asked_for_and_never_enlarged(tmp_path, side_px, size):
    from catalog_pages.thumbnails import thumbnail

    stored = Store(tmp_path).put(encode_png(np.full((500, 1000, 3), 90, np.uint8)), "image/png")
    data, media_type = thumbnail(tmp_path, stored.sha256, side_px)
    assert (media_type, Image.open(io.BytesIO(data)).size) == ("image/jpeg", size)


def test_only_pictures_are_sent(tmp_path):
    from catalog_pages.thumbnails import thumbnail

    stored = Store(tmp_path).put(b'{"secret": 1}', "application/json")
    for sha256 in (stored.sha256, "0" * 64):
        with pytest.raises(BadInput):
            thumbnail(tmp_path, sha256)
