from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.imaging.checks.judge import judge
from pipeline.imaging.checks.words import Text, errors_in, legible_text, unread, words_in

BLANK = np.zeros((100, 200, 3), np.uint8)
BOX = (10, 10, 100, 20)


class Line(NamedTuple):
    text: str
    box: tuple[float, float, float, float]


def reader(*pictures):
    """A reader that knows what each picture, by its first value, says."""
    lines = dict(enumerate(pictures))
    return lambda rgb: lines[int(rgb[0, 0, 0])]


def compared(before, after, *words):
    """The check of texts that `before` and `after` say at `BOX`."""
    read = reader([Line(before, BOX)], [Line(after, BOX)])
    return legible_text(BLANK, BLANK + 1, [Text(text, BOX) for text in words], read)


@pytest.mark.parametrize(
    ("expected", "after", "lost"),
    [
        ("EST. 1987", "EST.1987", ()),
        ("EST. 1987", "EST. 1007", ("1987",)),
        ("EST. 1987", "EST 19B7", ("1987",)),
        ("TRAIL & TEA CLUB", "trail&teaclub", ()),
        ("TRAIL & TEA CLUB", "TRAIL & CLUB", ("TEA",)),
        ("MOUNTAINEERS", "MOUNTAlNEERS", ()),
        ("MOUNTAINEERS", "MOUNTAIMEERS", ()),
        ("MOUNTAINEERS", "MUNTAIMEEBS", ("MOUNTAINEERS",)),
        ("No.27", "O.27", ("No.27",)),
        ("茶 TEA", "TEA", ("茶",)),
        ("NORTH", "", ("NORTH",)),
    ],
)
def test_words_are_compared_as_strictly_as_their_meaning_demands(expected, after, lost):
    check = compared(expected, after, expected)
    assert check.value == len(lost) and check.passed is (not lost)
    assert all(f'"{word}"' in check.words for word in lost)
    verdict, reasons = judge([check])
    assert (verdict, reasons) == (("in review", (check.words,)) if lost else ("published", ()))


def test_a_word_that_the_photo_itself_does_not_show_is_not_missed():
    assert compared("NORTH RDGE", "NORTH", "NORTH RIDGE").passed
    assert not compared("NORTH RIDGE", "NORTH", "NORTH RIDGE").passed


def test_the_photo_is_read_only_if_a_word_is_missing():
    def read(rgb):
        assert rgb[0, 0, 0] == 1, "the photo was read"
        return [Line("NORTH RIDGE", BOX)]

    assert legible_text(BLANK, BLANK + 1, [Text("NORTH RIDGE", BOX)], read).passed
    assert legible_text(BLANK, BLANK + 9, [], read).words == "no words to look for"


def test_a_word_counts_only_near_its_place():
    texts = [Text("SMALL BATCH", BOX)]
    assert unread(texts, [Line("SMALL", BOX), Line("BATCH", (12, 31, 40, 20))]) == ()
    assert unread(texts, [Line("SMALL", BOX), Line("BATCH", (12, 90, 40, 20))]) == (Text("BATCH", BOX),)
    assert words_in(texts, [Line("SMALL", BOX), Line("BATCH", (12, 90, 40, 20))]) == ("SMALL",)


def test_more_words_than_a_reason_holds_are_counted():
    text = " ".join(f"word{letter}" for letter in "abcdefghijk")
    check = compared(text, "", text)
    assert check.value == 11 and "and 3 more" in check.words


def plain_errors_in(word, text):
    """The definition: the least edit distance to any part, computed part by part."""

    def distance(a, b):
        if not a or not b:
            return len(a) + len(b)
        return min(distance(a[1:], b[1:]) + (a[0] != b[0]), distance(a[1:], b) + 1, distance(a, b[1:]) + 1)

    parts = {text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)}
    return min(distance(word, part) for part in parts)


@given(st.text(alphabet="abc", max_size=4), st.text(alphabet="abc", max_size=5))
def test_errors_are_the_least_edit_distance_to_any_part(word, text):
    assert errors_in(word, text) == plain_errors_in(word, text)


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_a_word_within_a_text_has_no_errors(before, word, after):
    assert errors_in(word, before + word + after) == 0
