"""Camera raw, by a DNG that is written here: a Bayer mosaic of known colours."""

import io
import sys

import numpy as np
import pytest
import tifffile

from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.linear import decode
from pipeline.core.photo.decode import decode_photo
from pipeline.core.photo.limits import Limits
from tests.core.photo.chart import PATCHES, SRGB, chart, patches_of, saved, xyz_of

AS_SHOT = np.array([0.5, 1.0, 0.6])  # what the sensor sees of white, relative to green
BLACK, WHITE = 512, 16383
NOTE = "developed from camera raw, with the white balance as shot"


def dng(srgb, orientation=1):
    """A DNG (Adobe, version 1.4) of a scene [h, w, 3], 8-bit sRGB, taken in a light of which white looks as AS_SHOT."""
    sensor = decode(srgb / 255) * AS_SHOT
    mosaic = sensor[..., 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = sensor[0::2, 0::2, 0], sensor[1::2, 1::2, 2]
    from_xyz = np.diag(AS_SHOT) @ np.linalg.inv(xyz_of(SRGB))
    tags = [
        (271, "s", 0, "Acme", True),
        (272, "s", 0, "One", True),
        (274, "H", 1, orientation, True),
        (33421, "H", 2, (2, 2), True),  # the repeat of the mosaic, and its colours
        (33422, "B", 4, bytes([0, 1, 1, 2]), True),
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),
        (50708, "s", 0, "Acme One", True),
        (50714, "H", 1, BLACK, True),
        (50717, "H", 1, WHITE, True),
        (50721, 10, 9, rationals(from_xyz), True),
        (50728, 5, 3, rationals(AS_SHOT), True),
        (50778, "H", 1, 21, True),  # calibrated in D65
    ]
    out = io.BytesIO()
    raw = np.round(BLACK + mosaic * (WHITE - BLACK)).astype(np.uint16)
    tifffile.imwrite(out, raw, photometric=32803, extratags=tags, metadata=None, software=None)
    return out.getvalue()


def rationals(values):
    return [part for value in np.ravel(values) for part in (round(value * 10000), 10000)]


def test_a_raw_photo_is_developed_with_its_white_balance_as_shot():
    photo = decode_photo(dng(chart(PATCHES)))
    assert np.abs(patches_of(photo.rgb).astype(int) - PATCHES).max() <= 3
    assert photo.notes == (NOTE,)
    assert photo.exif.camera == "Acme One"


def test_photos_of_one_shoot_keep_their_exposures():
    """LibRaw's automatic brightness would make a dark photo as bright as a light one."""
    for darker in (1, 4):
        scene = chart(PATCHES // darker)
        assert np.abs(decode_photo(dng(scene)).rgb[12::24, 12::24].astype(int) - scene[12::24, 12::24]).max() <= 3


@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, -1), (8, 1)])
def test_a_raw_photo_is_upright(orientation, turns):
    scene = chart(PATCHES)
    rgb = decode_photo(dng(scene, orientation)).rgb
    assert np.abs(patches_of(np.rot90(rgb, -turns)).astype(int) - PATCHES).max() <= 3


def test_a_raw_file_is_known_by_its_content():
    assert decode_photo(dng(chart(PATCHES), 1)).notes == (NOTE,)
    plain = io.BytesIO()
    tifffile.imwrite(plain, chart(PATCHES), photometric="rgb")
    assert decode_photo(plain.getvalue()).notes == ()


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    for data in (dng(chart(PATCHES)), b"FUJIFILMCCD-RAW 0201", b"\0\0\0\x18ftypcrx isom"):
        with pytest.raises(MissingEngine, match="rawpy is not installed") as caught:
            decode_photo(data)
        assert ".[raw]" in caught.value.remedy
    assert decode_photo(saved(chart(PATCHES), "JPEG")).rgb.shape == (96, 144, 3)


def test_a_damaged_or_large_raw_file_is_bad_input():
    whole = dng(chart(PATCHES))
    with pytest.raises(BadInput, match=r"more than 0\.01 MP"):
        decode_photo(whole, Limits(max_megapixels=0.01))
    for data in (whole[: len(whole) // 2], b"FUJIFILMCCD-RAW 0201" + bytes(200), b"\0\0\0\x18ftypcrx isom" + bytes(99)):
        with pytest.raises(BadInput, match="cannot be developed") as caught:
            decode_photo(data)
        assert caught.value.remedy
