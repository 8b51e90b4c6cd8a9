import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from pipeline.core.text import (
    CJK,
    FONTS,
    LATIN,
    REPLACEMENT,
    SEPARATORS,
    draw_text,
    font,
    length_px,
    runs,
    shortened_inside,
    wrapped,
)

NAMES = {
    "German": "Größe süß Ärger",
    "Polish": "łódź żółć",
    "Vietnamese": "Bình hoa sứ trắng ễ ộ",
    "Greek": "Ωμέγα κεραμικό",
    "Russian": "Жёлтая ваза",
    "Ukrainian": "Ґанок і їжак",  # noqa: RUF001
    "Japanese": "日本語 青い花瓶 カタカナ",
    "Korean": "한국어 꽃병 뷁",
    "Simplified Chinese": "中文 花盆 龙",
    "Traditional Chinese": "繁體 龍 鬱",
    "signs": "15° ± 0,5 → № 3 × “a” – b…",  # noqa: RUF001
}


def ink(text: str) -> np.ndarray:
    image = Image.new("L", (400, 60), 255)
    draw_text(ImageDraw.Draw(image), (4, 4), text, 32, fill="black")
    return np.asarray(image)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_every_character_has_a_glyph_in_the_font_that_draws_it(name: str) -> None:
    assert REPLACEMENT not in "".join(part for _, part in runs(name))
    for face, part in runs(name):
        missing = font(32, face).getmask("\uffff")  # what the font itself draws for a character that it lacks
        for character in part:
            drawn = font(32, face).getmask(character)
            assert (drawn.size, bytes(drawn)) != (missing.size, bytes(missing)), character


@pytest.mark.parametrize("face", [LATIN, CJK])
def test_the_listed_coverage_is_that_of_the_font(face: str) -> None:
    ranges = json.loads((FONTS / "coverage.json").read_text())[face]
    listed = [code for first, last in ranges for code in range(first, last + 1)]
    codes = [code for code in listed if unicodedata.category(chr(code)) not in SEPARATORS]
    missing = font(32, face).getmask("\uffff")
    for code in np.random.default_rng(0).choice(codes, 500, replace=False):
        drawn = font(32, face).getmask(chr(code))
        assert (drawn.size, bytes(drawn)) != (missing.size, bytes(missing)), hex(code)
    assert 0x1F3FA not in codes and len(codes) > 2500


def test_fonts_change_within_a_line_where_the_script_does() -> None:
    assert runs("Vase 花瓶 3") == [(LATIN, "Vase "), (CJK, "花瓶"), (LATIN, " 3")]


def test_characters_without_a_glyph_are_shown_as_replacement_characters() -> None:
    assert runs("\U0001f3fa\ufe0f x") == [(LATIN, f"{REPLACEMENT} x")]
    assert (ink("\U0001f3fa") == ink(REPLACEMENT)).all() and (ink(REPLACEMENT) < 128).any()


def test_decomposed_names_of_macos_look_like_composed_ones() -> None:
    assert (ink("Gro\u0308ße") == ink("Größe")).all()
    assert length_px("u\u0308", 20) == length_px("ü", 20)


@settings(deadline=None)
@given(st.text(st.characters(), max_size=40) | st.text("\u2028\u2029\r\n\t\x00\u200b\ud800a花", max_size=8))
def test_any_text_can_be_drawn(text: str) -> None:
    draw_text(ImageDraw.Draw(Image.new("L", (50, 50))), (0, 0), text, 16, fill="white", anchor="mm")


@settings(deadline=None)
@given(st.text(max_size=60), st.integers(40, 300))
def test_shortened_lines_fit_and_keep_both_ends(text: str, width_px: int) -> None:
    short = shortened_inside(text, width_px, 16)
    assert length_px(short, 16) <= width_px or len(short) <= 5
    assert short[:1] == text[:1] and short[-1:] == text[-1:]


def test_long_reasons_are_wrapped_and_truncated() -> None:
    lines = wrapped("the product's colours have changed and " * 12, 300, 18, 3)
    assert len(lines) == 3 and lines[-1].endswith("...")
    assert all(length_px(line, 18) <= 300 for line in lines)
    assert wrapped("", 300, 18, 3) == []
    assert all(length_px(line, 18) <= 100 for line in wrapped("x" * 200, 100, 18, 2))


@pytest.mark.parametrize(("anchor", "left", "right"), [("la", 200, 400), ("ra", 0, 200), ("ma", 150, 250)])
def test_anchors_place_mixed_text_as_one_line(anchor: str, left: int, right: int) -> None:
    image = Image.new("L", (400, 60), 255)
    draw_text(ImageDraw.Draw(image), (200, 4), "Ab 花", 24, fill="black", anchor=anchor)  # type: ignore[arg-type]
    columns = np.flatnonzero((np.asarray(image) < 128).any(axis=0))
    assert left <= columns.min() and columns.max() < right
