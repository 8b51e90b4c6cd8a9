from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.shoot import listing, open_shoot, parse_shoot, read_shoot

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
        ({"titel": "x"}, ["titel", "Write `title`"]),
        ({"title": "M\x1b[31mug"}, ["line", "U+001B"]),
        ({"angles": [{"name": "a", "azimuth_deg": "left"}]}, ["angles.0.azimuth_deg", "'left'"]),
        ({"angles": [{"name": "a", "azimuth_deg": float("nan")}]}, ["angles.0.azimuth_deg"]),
        ({"angles": []}, ["angles"]),
        ({"angles": [{"name": "a", "azimuth_deg": 1}] * 2}, ["angles", "a twice"]),
        ({"backdrops": [{"name": "x", "kind": "solid", "colour": "whitish"}]}, ["backdrops.0.colour", "'whitish'"]),
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
        ("- a\n- b", "is not a mapping of fields"),
        ("", "is empty"),
        ("\x00", "is not YAML"),
        ("sku: !!python/object:os.system x", "line 1: 'x' has the tag !!python/object:os.system"),
        (BOMB, r"line 13: more than 20000 values"),
        ("&a\nsku: *a", r"line 2: \*a contains itself"),
        ("sku: " + "[" * 10_000, "line 1: .* nested deeper than 20"),
    ],
)
def test_text_that_is_not_a_shoot_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=r"shoot\.yaml.*" + message):
        parse_shoot(text.encode(), Path("shoot.yaml"))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse_shoot(data, Path("shoot.yaml"))


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


def test_listing_changes_with_a_photo(tmp_path: Path) -> None:
    write(tmp_path, SHOOT)
    before = listing(tmp_path)
    (tmp_path / "photos" / "DSC_0001.jpg").write_bytes(b"other")
    assert listing(tmp_path) != before
    assert [name for name, _, _ in before] == ["shoot.yaml", "photos/DSC_0001.jpg"]


@pytest.mark.parametrize("name", ["shoot.yml", "Shoot.yaml", "SHOOT.YAML", "shoot.yaml.txt"])
def test_a_shoot_file_of_another_name_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (write(tmp_path, SHOOT) / "shoot.yaml").rename(tmp_path / name)
    with pytest.raises(BadInput, match=f"{name} is not read, because of its name. Rename it to shoot.yaml"):
        read_shoot(tmp_path)


def test_a_mask_that_a_retouch_names_must_be_there(tmp_path: Path) -> None:
    retouch = {"front": [{"remove": "hang tag", "mask": "masks/tag.png"}]}
    folder = write(tmp_path, {**SHOOT, "retouch": retouch})
    with pytest.raises(BadInput, match=r"shoot\.yaml names masks/tag\.png, but .* is not a file"):
        read_shoot(folder)
    before = listing(folder)
    (folder / "masks").mkdir()
    (folder / "masks" / "tag.png").write_bytes(b"png")
    assert read_shoot(folder).retouch["front"][0].remove == "hang tag"
    assert listing(folder) != before and not open_shoot(folder).files.left_out


@pytest.mark.parametrize(
    ("retouch", "message"),
    [
        ({"fornt": [{"remove": "tag"}]}, "retouch: 'fornt' is not a requested angle"),
        ({"front": [{"remove": "tag", "mask": "../tag.png"}]}, "mask"),
        ({"front": [{"remove": "tag", "box": [0.1, 0.2, 1.3, 0.4]}]}, "box"),
        ({"front": [{"box": [0.1, 0.2, 0.3, 0.4]}]}, "remove"),
    ],
)
def test_a_retouch_that_cannot_be_meant_is_named(tmp_path: Path, retouch: object, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_shoot(write(tmp_path, {**SHOOT, "retouch": retouch}))
