"""Check that the words on a product can still be read in a picture that was made of it."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from pipeline.core.arrays import Rgb
from pipeline.core.records import Check
from pipeline.imaging.checks.evidence import finding

CHARACTERS_PER_ERROR = 6  # a reader may mistake one letter in so many; digits and short words must be exact
NEAR = 1.0  # of a text's box, on each side: where it may be found again
NAMED_MAX = 8  # words in a reason
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l"})  # which readers take for each other in the same print

Box = tuple[float, float, float, float]
"""Left, top, width, height in px."""


class ReadLine(Protocol):
    """A line that a reader found in a picture."""

    @property
    def text(self) -> str:
        """What it says."""
        ...

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width, height in px of the picture."""
        ...


Read = Callable[[Rgb], Sequence[ReadLine]]
"""A reader: the lines in a picture [h, w, 3] uint8 sRGB."""


class Text(NamedTuple):
    """Words that a picture should show, separated by spaces, and where."""

    words: str
    box: Box


def legible_text(before: Rgb, after: Rgb, texts: Sequence[Text], read: Read) -> Check:
    """Check that the words of `texts` that can be read in `before` can be read in `after`, near the same place.

    Both pictures [h, w, 3] show the same side, and the boxes are in px of both. `after` is read first, and `before`
    only if a word is missing, so that a misreading that both share is no fault. A picture without texts passes.
    """
    return legibility(sum(len(text.words.split()) for text in texts), lost_words(before, after, texts, read))


def lost_words(before: Rgb, after: Rgb, texts: Sequence[Text], read: Read) -> tuple[str, ...]:
    """The words that `legible_text` finds lost, each once."""
    missing = unread(texts, read(after)) if texts else ()
    return words_in(missing, read(before)) if missing else ()


def enlarged_text(before: Sequence[ReadLine], after: Sequence[ReadLine]) -> Check:
    """Check that the lines of a picture are still there after it was enlarged; boxes are in px of the enlarged one."""
    texts = [Text(line.text, line.box) for line in before]
    lost = [word for text in unread(texts, after) for word in text.words.split()]
    words = _in_words(sum(len(text.words.split()) for text in texts), lost, "picture")
    return finding("enlarged_text", len(lost), "words", words, threshold=0, passed=not lost, severity="review")


def legibility(looked_for: int, lost: Sequence[str]) -> Check:
    """The check's record. `looked_for`: number of words; `lost`: those that only the photo shows legibly."""
    words = _in_words(looked_for, lost, "photo")
    return finding("legible_text", len(lost), "words", words, threshold=0, passed=not lost, severity="review")


def _in_words(looked_for: int, lost: Sequence[str], shown_by: str) -> str:
    if lost:
        named = ", ".join(f'"{word}"' for word in lost[:NAMED_MAX])
        more = f" and {len(lost) - NAMED_MAX} more" if len(lost) > NAMED_MAX else ""
        return f"the {shown_by} shows {named}{more}, which cannot be read here"
    return f"{looked_for} words on the product were looked for and read" if looked_for else "no words to look for"


def unread(texts: Sequence[Text], lines: Sequence[ReadLine]) -> tuple[Text, ...]:
    """The texts, reduced to the words that no line near them has; a text without any is left out."""
    missing = []
    for text in texts:
        near = _key("".join(line.text for line in _in_order(lines) if _meet(text.box, line.box)))
        words = [word for word in text.words.split() if _key(word) and not _found(word, near)]
        if words:
            missing.append(Text(" ".join(words), text.box))
    return tuple(missing)


def words_in(texts: Sequence[Text], lines: Sequence[ReadLine]) -> tuple[str, ...]:
    """The words of the texts that lines near them have, each once."""
    still = {text.box: text.words.split() for text in unread(texts, lines)}
    return tuple(
        dict.fromkeys(
            word for text in texts for word in text.words.split() if _key(word) and word not in still.get(text.box, ())
        )
    )


def _in_order(lines: Iterable[ReadLine]) -> list[ReadLine]:
    return sorted(lines, key=lambda line: (line.box[0], line.box[1]))


def _meet(box: Box, other: Box) -> bool:
    """Whether `other` meets `box` after this was extended by `NEAR` of its shorter side."""
    reach = NEAR * min(box[2], box[3])
    return all(
        other[axis] < box[axis] + box[axis + 2] + reach and box[axis] - reach < other[axis] + other[axis + 2]
        for axis in (0, 1)
    )


def _key(text: str) -> str:
    """Letters and digits alone, in lower case, with those made equal that readers take for each other."""
    return re.sub(r"[\W_]+", "", text.casefold()).translate(_ALIKE)


def _found(word: str, text: str) -> bool:
    """Whether a word stands in a text of `_key`, with as many wrong letters as its length permits."""
    key = _key(word)
    exact = len(key) < CHARACTERS_PER_ERROR or any(character.isdigit() for character in word)
    return key in text if exact else errors_in(key, text) <= len(key) // CHARACTERS_PER_ERROR


def errors_in(word: str, text: str) -> int:
    """The least edit distance (Levenshtein) of `word` to any part of `text` (Sellers 1980)."""
    row = [0] * (len(text) + 1)  # a part may begin anywhere
    for number, letter in enumerate(word, start=1):
        above, row = row, [number]
        for column, other in enumerate(text):
            row.append(min(above[column] + (letter != other), above[column + 1] + 1, row[column] + 1))
    return min(row)
