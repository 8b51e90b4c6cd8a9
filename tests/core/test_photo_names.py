import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.core.photo_names import (
    find_photo,
    is_name,
    is_name_of,
    photo_names,
    safe_name,
    shown_names,
    with_file_names,
)
from pipeline.core.records import PhotoFacts

FILE_NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=120)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("DSC_0001.JPG", "DSC_0001"),
        ("_MG_0001.JPG", "MG_0001"),
        ("_DSC0001.jpg", "DSC0001"),
        ("IMG 0001.jpg", "IMG-0001"),
        ("IMG_0002 (1).jpg", "IMG_0002-1"),
        ("Möbel_1.jpg", "Mobel_1"),
        (unicodedata.normalize("NFD", "Möbel_1.jpg"), "Mobel_1"),
        ("a.b.c.jpg", "a.b.c"),
        ("1.jpg", "1"),
    ],
)
def test_a_photo_keeps_as_much_of_its_name_as_is_safe(file: str, name: str) -> None:
    assert photo_names([file]) == {file: name}


@pytest.mark.parametrize("file", ["写真_1.jpg", "(1).jpg", "-a.jpg", "Fuß 1.jpg", "___.jpg"])
def test_where_little_is_left_a_digest_tells_photos_apart(file: str) -> None:
    (name,) = photo_names([file]).values()
    assert is_name(name)
    assert name.rpartition("-")[2].isalnum() and len(name.rpartition("-")[2]) == 8
    assert photo_names([file, "other.jpg"])[file] == name


@pytest.mark.parametrize("files", [("a.jpg", "a.png"), ("a.jpg", "A.JPG"), ("a.jpg", "A.png", "a.tif")])
def test_photos_that_differ_by_case_or_ending_are_all_kept(files: tuple[str, ...]) -> None:
    names = photo_names(files)
    assert len({name.lower() for name in names.values()}) == len(files)
    assert all(name.lower().startswith("a-") for name in names.values())


def test_a_name_that_is_safe_is_not_given_up_for_another() -> None:
    names = photo_names(["MG_0001.jpg", "_MG_0001.jpg"])
    assert names["MG_0001.jpg"] == "MG_0001"
    assert names["_MG_0001.jpg"].startswith("MG_0001-")


@given(st.sets(FILE_NAMES, max_size=12))
def test_safe_names_are_names_unique_and_independent_of_the_order(files: set[str]) -> None:
    unique = list({unicodedata.normalize("NFC", file): file for file in files}.values())
    names = photo_names(unique)
    assert all(map(is_name, names.values()))
    assert len({name.lower() for name in names.values()}) == len(unique)
    assert photo_names(reversed(unique)) == names


@given(st.sets(st.text(string.ascii_letters + string.digits, min_size=1, max_size=20), max_size=12))
def test_a_file_named_like_another_ones_digest_does_not_collide(stems: set[str]) -> None:
    files = [f"{stem}.jpg" for stem in {stem.lower() for stem in stems}] + ["x.jpg", "x.png"]
    digests = [f"{name}.jpg" for name in photo_names(["x.jpg", "x.png"]).values()]
    assert len(set(photo_names(dict.fromkeys([*files, *digests])).values())) == len({*files, *digests})


def test_two_unicode_forms_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput, match=r"in two Unicode forms\. Rename one"):
        photo_names(["ö.jpg", unicodedata.normalize("NFD", "ö.jpg")])


@pytest.mark.parametrize(
    ("wanted", "file"),
    [("a.jpg", "a.jpg"), ("A.JPG", "A.JPG"), ("b", "b.png"), ("B.PNG", "b.png"), ("photos/b.png", "b.png")],
)
def test_a_photo_is_found_by_what_people_write(wanted: str, file: str) -> None:
    assert find_photo(wanted, ["A.JPG", "a.jpg", "b.png"]) == file


def test_a_photo_that_is_not_there_or_not_the_only_one_is_refused() -> None:
    with pytest.raises(BadInput, match=r"'DSC_001.jpg' is not in photos/. Name a photo .* such as DSC_0001.j"):
        find_photo("DSC_001.jpg", ["DSC_0001.jpg"])
    with pytest.raises(BadInput, match=r"'a.JPG' could be A.jpg or a.jpg. Write the whole name"):
        find_photo("a.JPG", ["A.jpg", "a.jpg"])


@given(st.sets(FILE_NAMES, max_size=6))
def test_every_safe_name_is_recognised_as_its_files(files: set[str]) -> None:
    unique = list({unicodedata.normalize("NFC", file): file for file in files}.values())
    assert all(is_name_of(name, file) for file, name in photo_names(unique).items())


def test_messages_name_photos_as_their_files_are_named() -> None:
    names = photo_names(["_MG_0001.JPG", "DSC_0002.JPG", "写真_1.jpg", "a.b.jpg"])
    japanese = names["写真_1.jpg"]
    message = f"2 failed: MG_0001: 1 piece; {japanese}: no product. Look at DSC_0002, a.b and mattes/MG_0001.png."
    assert with_file_names(message, names) == (
        "2 failed: _MG_0001.JPG: 1 piece; 写真_1.jpg: no product. Look at DSC_0002, a.b and mattes/_MG_0001.JPG.png."
    )


def test_a_safe_name_is_empty_when_nothing_remains() -> None:
    assert safe_name("--写真") == ""
    assert safe_name("a b") == "a-b"


def test_photos_are_shown_by_the_stem_of_their_file_unless_two_share_it() -> None:
    files = {"MG_1": "_MG_1.JPG", "vase-1": "vase 1.jpg", "vase-2": "vase 1.png"}
    size = {"width_px": 60, "height_px": 40, "sharpness": 1, "exposure_ev": 0, "clipped_fraction": 0}
    facts = [PhotoFacts(photo=photo, source_name=file, **size) for photo, file in files.items()]
    assert shown_names(facts) == {"MG_1": "_MG_1", "vase-1": "vase 1.jpg", "vase-2": "vase 1.png"}
