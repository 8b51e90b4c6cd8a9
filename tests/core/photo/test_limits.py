import pytest

from pipeline.core.media import UNKNOWN, media_type_of
from pipeline.core.photo.limits import PHOTO_ENDINGS, RAW_ENDINGS, raw_twins


def test_a_raw_file_yields_to_the_photo_of_its_name():
    names = ["IMG_1.CR3", "IMG_1.JPG", "img_2.dng", "IMG_2.heic", "IMG_3.NEF", "IMG_4.jpg", "sub.1.ARW", "sub.2.jpg"]
    assert raw_twins(names) == {"IMG_1.CR3": "IMG_1.JPG", "img_2.dng": "IMG_2.heic"}


def test_files_in_different_folders_are_no_twins():
    assert raw_twins(["a/1.dng", "b/1.jpg"]) == {}
    assert raw_twins(["a/1.dng", "a/1.jpg", "b/1.jpg"]) == {"a/1.dng": "a/1.jpg"}


@pytest.mark.parametrize("ending", sorted(PHOTO_ENDINGS - RAW_ENDINGS))
def test_every_photo_has_a_media_type(ending):
    assert media_type_of(f"photo{ending.upper()}") not in {UNKNOWN, "application/json"}
