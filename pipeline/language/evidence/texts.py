"""From the lines of all photos to readings: cleaned, without repetitions, bounded in length and number."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from pipeline.core.evidence import Reading
from pipeline.language.evidence.readers.base import Line

CHARACTERS_MAX, READINGS_MAX = 200, 100
ALIKE = 0.8  # similarity, 0 to 1, of two lines that are one text read twice
ALIKE_CHARACTERS = 6  # shorter lines may be similar and still mean something else
PART_CHARACTERS = 4  # of a line whose end turns out of sight in another photo


class _Found(NamedTuple):
    """A cleaned line. `order`: position of its photo."""

    order: int
    photo: str
    line: Line
    key: str


def readings_of(lines: Mapping[str, Sequence[Line]]) -> tuple[Reading, ...]:
    """The texts of a product, photo by photo and from top to bottom. `lines`: by photo; the order of photos counts.

    A text that several photos show is listed once, as the photo with the best score shows it.
    """
    found = [
        _Found(order, photo, cleaned, key)
        for order, (photo, of_photo) in enumerate(lines.items())
        for line in of_photo
        if _is_text(key := _key((cleaned := line.model_copy(update={"text": clean(line.text)})).text))
    ]
    kept: list[_Found] = []
    for one in sorted(found, key=_best_first):
        if not any(_same(one, other) for other in kept):
            kept.append(one)
    shown = sorted(kept[:READINGS_MAX], key=lambda one: (one.order, one.line.box[1], one.line.box[0], one.key))
    return tuple(
        Reading(number=number, text=one.line.text, photo=one.photo, box=one.line.box, score=one.line.score)
        for number, one in enumerate(shown)
    )


def lines_of(lines: Mapping[str, Sequence[Line]]) -> tuple[Reading, ...]:
    """Every line of every photo, cleaned, in the order in which they were read. `lines`: by photo."""
    cleaned = [
        (photo, text, line)
        for photo, of_photo in lines.items()
        for line in of_photo
        if _is_text(_key(text := clean(line.text)))
    ]
    return tuple(
        Reading(number=number, text=text, photo=photo, box=line.box, score=line.score)
        for number, (photo, text, line) in enumerate(cleaned)
    )


def clean(text: str) -> str:
    """The text composed (NFC), in one line, without control and format characters, at most `CHARACTERS_MAX` long."""
    plain = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Zs"} else character
        for character in unicodedata.normalize("NFC", text)
        if unicodedata.category(character) not in {"Cf", "Cs", "Co", "Cn"}
    )
    return " ".join(plain.split())[:CHARACTERS_MAX].strip()


def _best_first(found: _Found) -> tuple[float, int, int, int, int]:
    """Long lines before their parts, so that a part never replaces the whole; then by score."""
    _, top, width, height = found.line.box
    return -round(found.line.score, 1), -len(found.key), found.order, -width * height, top


def _same(first: _Found, second: _Found) -> bool:
    """Whether two lines are the same text. In one photo, similar lines are two texts."""
    if first.key == second.key:
        return True
    if first.photo == second.photo or _digits(first.key) != _digits(second.key):
        return False
    short, long = sorted((first.key, second.key), key=len)
    if len(short) >= max(PART_CHARACTERS, len(long) / 2) and short in long:
        return True
    matcher = SequenceMatcher(None, short, long, autojunk=False)
    return len(short) >= ALIKE_CHARACTERS and matcher.ratio() >= ALIKE


def _is_text(key: str) -> bool:
    """Whether it has a word or a number. Readers take drawn arrows and crosses for single Chinese characters."""
    return len(key) > 1 or (len(key) == 1 and key.isascii())


def _key(text: str) -> str:
    """Letters and digits alone, in lower case: spacing and punctuation are what readers get wrong first."""
    return re.sub(r"[\W_]+", "", text.casefold())


def _digits(key: str) -> str:
    return "".join(character for character in key if character.isdigit())
