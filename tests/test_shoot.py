from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadInput
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


def test_a_good_shoot_reads(tmp_path: Path) -> None:
    shoot = read_shoot(write(tmp_path, SHOOT))
    assert shoot.sku == "mug-001"
    assert shoot.angles[0].elevation_deg == 0.0


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"sku": "../etc"}, ["sku", "'../etc'"]),
        ({"sku": None}, ["sku"]),
        ({"titel": "x"}, ["titel", "Extra inputs"]),
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
        ({"edits": {"back": {"rotate_deg": 1}}}, ["edits", "'back'", "use one of ['front']"]),
        ({"edits": {"front": {"rotate_deg": "much"}}}, ["edits.front.rotate_deg", "'much'"]),
        ({"edits": {"front": {"crop": {"left": 2}}}}, ["edits.front.crop.left", "'2'"]),
        ({"capture": {"front": "missing.jpg"}}, ["capture.front", "missing.jpg", "name a photo"]),
        ({"capture": {"front": "../../x.jpg"}}, ["capture.front"]),
        ({"capture": {"front": "DSC_0001.jpg", "named": {"back": "DSC_0001.jpg"}}}, ["capture.named", "back"]),
    ],
)
def test_a_bad_field_is_named_with_file_value_and_remedy(tmp_path: Path, change: object, names: list[str]) -> None:
    assert isinstance(change, dict)
    with pytest.raises(BadInput) as caught:
        read_shoot(write(tmp_path, {**SHOOT, **change}))
    for name in ["shoot.yaml", *names]:
        assert name in str(caught.value)


@pytest.mark.parametrize("text", ["sku: [", "- a\n- b", "", "\x00", "sku: !!python/object:os.system x"])
def test_text_that_is_no_shoot_is_one_clear_error(text: str) -> None:
    with pytest.raises(BadInput, match=r"shoot\.yaml"):
        parse_shoot(text.encode(), Path("shoot.yaml"))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse_shoot(data, Path("shoot.yaml"))


def test_links_and_other_files_are_no_photos(tmp_path: Path) -> None:
    write(tmp_path, SHOOT, ("DSC_0001.jpg", "DSC_0002.JPG", "notes.txt"))
    (tmp_path / "photos" / "passwd.jpg").symlink_to("/etc/passwd")
    assert [path.name for path in list_photos(tmp_path)] == ["DSC_0001.jpg", "DSC_0002.JPG"]


def test_no_photos_is_bad_input(tmp_path: Path) -> None:
    write(tmp_path, SHOOT, ())
    with pytest.raises(BadInput, match="holds no photos"):
        list_photos(tmp_path)


def test_the_listing_changes_with_a_photo(tmp_path: Path) -> None:
    write(tmp_path, SHOOT)
    before = listing(tmp_path)
    (tmp_path / "photos" / "DSC_0001.jpg").write_bytes(b"other")
    assert listing(tmp_path) != before
    assert [name for name, _, _ in before] == ["shoot.yaml", "photos/DSC_0001.jpg"]
