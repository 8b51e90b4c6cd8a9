"""How shoot.yaml is read as people type it."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ImageColor

from pipeline.core.errors import BadInput
from pipeline.shoot import Shoot, parse_shoot, read_shoot
from tests.test_shoot import SHOOT, write

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
