import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from pipeline.core.errors import BadInput
from pipeline.shoot import Shoot, listing, open_shoot, parse_shoot, read_shoot

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


TYPED = """sku: sku-1
collection: spring
title: Blue box
brand: Acme
category: home/box
attributes: {colour: blue}
capture: {rig: handheld, front: a.jpg}
angles:
- {name: front, azimuth_deg: 0, elevation_deg: 10}
backdrops:
- {name: white, kind: solid, colour: '#ffffff'}
channels: [shopify]
"""


def typed(old: str, new: str) -> Shoot:
    """The shoot of `TYPED` with `old` replaced."""
    assert old in TYPED
    return parse_shoot(TYPED.replace(old, new).encode(), Path("shoot.yaml"))


def complaint(old: str, new: str) -> str:
    with pytest.raises(BadInput) as caught:
        typed(old, new)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "azimuth_deg"),
    [("045", 45), ("010", 10), ("090", 90), ("-45", -45), ("+22.5", 22.5), ("4.5e1", 45), ("'45'", 45), ("-0.5", -0.5)],
)
def test_numbers_are_read_as_people_mean_them(written: str, azimuth_deg: float) -> None:
    assert typed("azimuth_deg: 0", f"azimuth_deg: {written}").angles[0].azimuth_deg == azimuth_deg


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("1:30", "'1:30' is not a number"),
        ("yes", "'yes' is not a number"),
        ("true", "'true' is not a number"),
        ("0x10", "'0x10' is not a number"),
        ("'22,5'", "'22,5' is not a number. Write `azimuth_deg: 22.5`"),
        ("45°", "'45°' is not a number. Write `azimuth_deg: 45`"),
        ("45 deg", "'45 deg' is not a number. Write `azimuth_deg: 45`"),
        ("", "the value is missing. Write one"),
        (".nan", "finite number"),
        (".inf", "finite number"),
        ("1e999", "finite number"),
        ("1000000000", "less than or equal to 360"),
        ("2024-03-01", "'2024-03-01' is not a number"),
    ],
)
def test_what_is_no_angle_is_refused_with_its_line(written: str, what: str) -> None:
    error = complaint("azimuth_deg: 0", f"azimuth_deg: {written}")
    assert "shoot.yaml: line 9: angles.0.azimuth_deg: " in error
    assert what in error
    assert "angles: " not in error


@pytest.mark.parametrize("degrees", ["90.1", "135", "-91", "1000"])
def test_elevations_beyond_the_poles_are_refused(degrees: str) -> None:
    assert "angles.0.elevation_deg" in complaint("elevation_deg: 10", f"elevation_deg: {degrees}")


@pytest.mark.parametrize(
    ("sku", "kind"),
    [
        ("00123", "a number"), ("00189", "a number"), ("4711", "a number"), ("12e5", "a number"),
        ("2024-03-01", "a date"), ("2024-13-45", "a date"), ("true", "true or false"),
    ],
)  # fmt: skip
def test_text_that_looks_like_another_value_must_be_quoted(sku: str, kind: str) -> None:
    error = complaint("sku: sku-1", f"sku: {sku}")
    assert f"line 1: sku: text is asked for, and {sku} is {kind}. Quote it: `sku: '{sku}'`" in error
    assert typed("sku: sku-1", f"sku: '{sku}'").sku == sku


def test_yes_and_no_are_text_where_text_is_asked_for() -> None:
    shoot = typed("{colour: blue}", "{on: blue, country: NO, vegan: no, dishwasher: yes}")
    assert shoot.attributes == {"on": "blue", "country": "NO", "vegan": "no", "dishwasher": "yes"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("channels:", "title: Red box\nchannels:", "line 12: 'title' is given twice, first in line 3"),
        ("front: a.jpg}", "front: a.jpg, named: {front: a.jpg, front: b.jpg}}", "line 7: 'front' is given twice"),
        ("- {name: front,", "\t- {name: front,", "line 9 is not YAML: a tab"),
        ("channels:", "---\nsku: b\nchannels:", "line 12 is not YAML: a second document"),
        ("title: Blue box", "title: Box: the blue one", "Quote it: `title: 'Box: the blue one'`"),
        ("title: Blue box", "title: '10' wide", "line 3 is not YAML"),
        ("title: Blue box", "title: %50 off", "Quote it: `title: '%50 off'`"),
        ("title: Blue box", "title: @home box", "Quote it: `title: '@home box'`"),
        ("'#ffffff'", "#ffffff", "Quote it: `colour: '#ffffff'`"),
        (
            "{name: white, kind: solid, colour: '#ffffff'}",
            "name: white\n  kind: solid\n  colour: #fff",
            "# starts a comment. Quote it: `colour: '#fff'`",
        ),
        ("title: Blue box", "title: #1 box", "Quote it: `title: '#1 box'`"),
        ("'#ffffff'", "000000", "Quote it: `colour: '#000000'`"),
        ("'#ffffff'", "'#ffff'", "is not a colour such as '#ffffff', '#fff' or white"),
        ("sku: sku-1", "sku: möbel-1", "line 1: sku: 'möbel-1' is not a name of 1 to 100 letters"),
        ("sku: sku-1", "sku: möbel-1", "Write `sku: mobel-1`"),
        ("sku: sku-1", "sku: 'sku-1 '", "Write `sku: sku-1`"),
        ("[shopify]", "shopify", "line 12: channels: a list is asked for (got 'shopify'). Write `channels: [shopify]`"),
        ("colour: blue", "colour: ", "line 6: attributes.colour: the value is missing"),
        ("{colour: blue}", "blue", "a group is asked for (got 'blue')"),
        ("rig: handheld, ", "rigg: handheld, ", "line 7: capture.rigg: there is no such field here. Write `rig`"),
        ("front: a.jpg", "front: 0001", "Quote it: `front: '0001'`"),
        ("brand: Acme\n", "", "brand: is missing. Add `brand: ...`"),
        (
            "brand: Acme",
            "brnd: Acme",
            "line 4: brnd: there is no such field here; line 1: brand: is missing",
        ),
        ("brand: Acme", "brand Acme", "line 4 is not YAML: 'brand Acme' is not `name: value`"),
        ("title: Blue box", "title: !!float x", "line 3: 'x' has the tag !!float"),
        ("title: Blue box", "title: {<<: x}", "line 3: << merges something that is not a mapping"),
        ("title: Blue box", "title: '   '", "line 3: title: is blank"),
        (
            "title: Blue box",
            "title: |\n  Blue\n  box",
            "is not one line. Write `title: Blue box`",
        ),
    ],
)
def test_a_slip_is_named_with_its_line_and_what_to_write(old: str, new: str, message: str) -> None:
    assert message in complaint(old, new)


@pytest.mark.parametrize(
    ("typed_title", "character"),
    [
        (r'"Blue \u202Exob"', "U+202E (RIGHT-TO-LEFT OVERRIDE) after 'Blue '"),
        (r'"Blue\u200b box"', "U+200B (ZERO WIDTH SPACE)"),
        ("Blue\u200b box", "U+200B (ZERO WIDTH SPACE)"),
        (r'"Blue\uFEFF box"', "U+FEFF"),
        (r'"Blue \ud800 box"', "U+D800"),
        (r'"Blue \0 box"', "U+0000"),
        (r'"\u3164"', "U+3164 (HANGUL FILLER)"),
        ("Blue \x07", "U+0007"),
    ],
)
def test_invisible_characters_are_refused_by_name(typed_title: str, character: str) -> None:
    error = complaint("title: Blue box", f"title: {typed_title}")
    assert "line 3" in error
    assert character in error
    assert "Remove it" in error


@pytest.mark.parametrize(
    "title",
    ["Blue box 🎁 日本語", "Crème brûlée “set” 2", "Chef \U0001f469\u200d\U0001f373", "می‌خواهم", "नमस्ते", "50 %"],
)
def test_titles_in_any_script_are_kept(title: str) -> None:
    assert typed("title: Blue box", f"title: {title}").title == title


def test_a_line_break_at_the_end_of_a_title_is_removed() -> None:
    assert typed("title: Blue box", "title: |\n  Blue box").title == "Blue box"


@pytest.mark.parametrize(("colour", "stored"), [("white", "#ffffff"), ("Tomato", "#ff6347"), ("'#1aF'", "#11aaFF")])
def test_short_and_named_colours_are_accepted(colour: str, stored: str) -> None:
    ImageColor.getrgb(colour.strip("'"))  # Pillow keeps what it has parsed in the table of its names
    assert typed("'#ffffff'", colour).backdrops[0].colour == stored


def test_anchors_and_merge_keys_work() -> None:
    text = "- &w {name: w2, kind: solid, colour: '#fefefe'}\n- {<<: *w, name: w3}\n- {name: white,"
    assert [(b.name, b.colour) for b in typed("- {name: white,", text).backdrops] == [
        ("w2", "#fefefe"), ("w3", "#fefefe"), ("white", "#ffffff"),
    ]  # fmt: skip


@pytest.mark.parametrize("change", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_byte_order_mark_and_windows_line_ends_are_accepted(change: Callable[[bytes], bytes]) -> None:
    assert parse_shoot(change(TYPED.encode()), Path("shoot.yaml")) == typed("spring", "spring")


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-16", "line 1: the text is in UTF-16. Save the file as UTF-8"),
        ("utf-16-be", "line 1: the text is in UTF-16"),
        ("cp1252", "line 3: the byte 0xE8 is not UTF-8; in Windows-1252 the line would be 'title: Crème “2”'"),
    ],
)
def test_another_encoding_is_named_with_its_line_and_remedy(encoding: str, message: str) -> None:
    text = TYPED.replace("Blue box", "Crème “2”").encode(encoding)
    with pytest.raises(BadInput) as caught:
        parse_shoot(text, Path("shoot.yaml"))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("file", "front"),
    [
        ("a.JPG", "a.jpg"), ("a.jpg", "A.JPG"), ("a.jpg", "a"), ("_MG_0001.JPG", "_mg_0001"), ("a.jpg", "photos/a.jpg"),
        ("Mo\u0308bel 1.jpg", "M\u00f6bel 1.jpg"), ("写真.jpg", "写真"), ("-a.jpg", "-a.jpg"), ("0001.jpg", "'0001'"),
    ],
)  # fmt: skip
def test_the_front_is_found_by_the_name_that_people_give_it(tmp_path: Path, file: str, front: str) -> None:
    (write(tmp_path, SHOOT, (file,)) / "shoot.yaml").write_text(TYPED.replace("a.jpg", front))
    assert read_shoot(tmp_path).capture.front == unicodedata.normalize("NFC", file)


def test_a_front_that_could_be_two_photos_is_refused(tmp_path: Path) -> None:
    (write(tmp_path, SHOOT, ("a.jpg", "a.png")) / "shoot.yaml").write_text(TYPED.replace("a.jpg", "a"))
    with pytest.raises(BadInput, match=r"capture.front: 'a' could be a.jpg or a.png. Write the whole name"):
        read_shoot(tmp_path)


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
