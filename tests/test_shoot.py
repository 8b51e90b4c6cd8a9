import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.shoot import list_photos, listing, parse_shoot, read_shoot

SHOOT = {
    "sku": "mug-001",
    "collection": "sample",
    "title": "A mug",
    "brand": "Brand",
    "category": "home/mug",
    "capture": {"front": "DSC_0001.jpg", "named": {"front": "DSC_0001.jpg"}},
    "angles": [{"name": "front", "azimuth_deg": 0}],
    "backdrops": [{"name": "white", "kind": "solid", "colour": "#ffffff"}],
    "channels": ["amazon_main"],
}


def write(folder: Path, shoot: object, photos: tuple[str, ...] = ("DSC_0001.jpg",)) -> Path:
    (folder / "photos").mkdir(exist_ok=True)
    for name in photos:
        (folder / "photos" / name).write_bytes(b"\xff\xd8")
    (folder / "shoot.yaml").write_text(yaml.safe_dump(shoot))
    return folder


def test_a_valid_shoot_is_read(tmp_path: Path) -> None:
    shoot = read_shoot(write(tmp_path, SHOOT))
    assert shoot.sku == "mug-001"
    assert shoot.angles[0].elevation_deg == 0.0


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"sku": "../etc"}, ["sku", "'../etc'"]),
        ({"sku": None}, ["sku"]),
        ({"titel": "x"}, ["titel", "Extra inputs"]),
        ({"title": "M\x1b[31mug"}, ["title", r"x1b"]),
        ({"angles": [{"name": "a", "azimuth_deg": "left"}]}, ["angles.0.azimuth_deg", "'left'"]),
        ({"angles": [{"name": "a", "azimuth_deg": float("nan")}]}, ["angles.0.azimuth_deg"]),
        ({"angles": []}, ["angles"]),
        ({"angles": [{"name": "a", "azimuth_deg": 1}] * 2}, ["angles", "a twice"]),
        ({"backdrops": [{"name": "x", "kind": "solid", "colour": "white"}]}, ["backdrops.0.colour", "'white'"]),
        ({"backdrops": [{"name": "x", "kind": "solid"}]}, ["backdrops.0", "colour"]),
        ({"backdrops": [{"name": "x", "kind": "diffusion"}]}, ["backdrops.0", "prompt"]),
        (
            {"capture": {"front": "DSC_0001.jpg", "light": {"elevation_deg": 5}}},
            ["capture.light.elevation_deg", "'5'", "greater than or equal to 15"],
        ),
        ({"edits": {"back": {"rotate_deg": 1}}}, ["edits", "'back'", "Use one of front"]),
        ({"edits": {"front": {"rotate_deg": "much"}}}, ["edits.front.rotate_deg", "'much'"]),
        ({"edits": {"front": {"crop": {"left": 2}}}}, ["edits.front.crop.left", "'2'"]),
        ({"capture": {"front": "missing.jpg"}}, ["capture.front", "missing.jpg", "Name a photo"]),
        ({"capture": {"front": "../../x.jpg"}}, ["capture.front"]),
        ({"capture": {"front": "DSC_0001.jpg", "named": {"back": "DSC_0001.jpg"}}}, ["capture.named", "back"]),
    ],
)
def test_an_invalid_field_names_file_value_and_remedy(tmp_path: Path, change: object, names: list[str]) -> None:
    assert isinstance(change, dict)
    with pytest.raises(BadInput) as caught:
        read_shoot(write(tmp_path, {**SHOOT, **change}))
    for name in ["shoot.yaml", *names]:
        assert name in str(caught.value)


BOMB = "a: &a [x, x]\n" + "".join(f"{q}: &{q} [*{p}, *{p}]\n" for p, q in pairwise("abcdefghijklmnopqrstuvwxyz"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sku: [", "is not YAML"),
        ("- a\n- b", "is a list, not"),
        ("", "is a NoneType, not"),
        ("\x00", "is not YAML"),
        ("sku: !!python/object:os.system x", "is not YAML"),
        (BOMB, r"line 13: more than 20000 values"),
        ("&a\nsku: *a", r"line 2: \*a contains itself"),
        ("sku: " + "[" * 10_000, "line 1: .* nested deeper than 20"),
        ("title: 2024-13-45", "an invalid date or number"),
        ("title: " + "9" * 5000, "an invalid date or number"),
    ],
)
def test_text_that_is_not_a_shoot_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=r"shoot\.yaml.*" + message):
        parse_shoot(text.encode(), Path("shoot.yaml"))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse_shoot(data, Path("shoot.yaml"))


def test_only_files_with_a_photo_extension_are_photos(tmp_path: Path) -> None:
    write(tmp_path, SHOOT, ("DSC_0001.jpg", "DSC_0002.JPG", "notes.txt", "möbel -1 (2).png"))
    assert [path.name for path in list_photos(tmp_path)] == ["DSC_0001.jpg", "DSC_0002.JPG", "möbel -1 (2).png"]


@pytest.mark.parametrize("folder", ["photos", "mattes"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "passwd.png is a link or a folder"),
        (lambda path: path.mkdir(), "passwd.png is a link or a folder"),
        (os.mkfifo, "passwd.png is a link or a folder"),
        (lambda path: path.with_name("new\nline.png").touch(), r"'new\\nline.png' cannot be used. Rename"),
        (lambda path: path.with_name(os.fsdecode(b"a\xff.png")).touch(), r"'a\\udcff.png' cannot be used. Rename"),
    ],
)
def test_a_link_folder_or_unusable_name_is_reported_and_not_skipped(
    tmp_path: Path, folder: str, make: Callable[[Path], None], message: str
) -> None:
    write(tmp_path, SHOOT)
    (tmp_path / folder).mkdir(exist_ok=True)
    make(tmp_path / folder / "passwd.png")
    with pytest.raises(BadInput, match=message):
        listing(tmp_path)


@pytest.mark.parametrize("name", ["shoot.yaml", "photos"])
def test_a_shoot_with_a_link_to_another_place_is_rejected(tmp_path: Path, name: str) -> None:
    shoot = write(tmp_path, SHOOT)
    (shoot / name).rename(tmp_path / "elsewhere")
    (shoot / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match=name):
        read_shoot(shoot)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (write(tmp_path, SHOOT) / "shoot.yaml").unlink()
    (tmp_path / "shoot.yaml").mkdir()
    with pytest.raises(BadInput, match=r"shoot\.yaml cannot be read: Is a directory"):
        read_shoot(tmp_path)


def test_a_shoot_without_photos_is_bad_input(tmp_path: Path) -> None:
    write(tmp_path, SHOOT, ())
    with pytest.raises(BadInput, match="has no photos"):
        list_photos(tmp_path)


def test_listing_changes_with_a_photo(tmp_path: Path) -> None:
    write(tmp_path, SHOOT)
    before = listing(tmp_path)
    (tmp_path / "photos" / "DSC_0001.jpg").write_bytes(b"other")
    assert listing(tmp_path) != before
    assert [name for name, _, _ in before] == ["shoot.yaml", "photos/DSC_0001.jpg"]
