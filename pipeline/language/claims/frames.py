"""Claims that are recognised by their form: writing in capitals, codes, makers, places after `made in`."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.core.evidence import ClaimKind
from pipeline.language.claims.quantity import UNITS

LETTERS_OF_WRITING = 5  # fewer capitals in a row are an abbreviation
SHOUTED = 12  # letters from which a text in capitals is a text, and no abbreviation
MOSTLY = 0.8  # share of capitals in such a text
_CAPITAL = "A-ZÀ-ÖØ-Þ"
_TOKEN = re.compile(
    rf"(?<![^\W_])(?:(?=[^\W_]*[{_CAPITAL}][^\W_]*[{_CAPITAL}\d]|[^\W_]*\d[^\W_]*[{_CAPITAL}])[{_CAPITAL}\d]+)(?![^\W_])"
)
_BETWEEN = re.compile(r"\s?[&'’./-]?\s?\d*\s?")
_NUMBER = re.compile(r"[\s-]\d+(?![\w.,%])")
_COUNTED = re.compile(r"\d\s?$")
_NAME = rf"([{_CAPITAL}][\w&'’-]+(?:\s+(?=[{_CAPITAL}])[{_CAPITAL}][\w&'’-]+){{0,2}})"
MAKER = re.compile(
    rf"\b(?:(?i:by|from the house of|by the makers of|aus dem hause|par|signée?s?|de la maison)\s+{_NAME}"
    rf"|von\s+([{_CAPITAL}][\w&'’-]+(?:\s+[{_CAPITAL}][\w&'’-]+){{1,2}}))"
)
PLACE = re.compile(
    r"\b(?i:(?:hand)?(?:made|crafted|manufactured|produced|designed|woven|knitted|sewn|built|assembled|finished|workshop|"
    r"studio|factory|mill)(?:\s+[a-z]+){0,2}?\s+(?:in|near)"
    r"|(?:fabriqu|façonn|tiss|tricot|conç|imagin|cous|assembl|produi|dessin)\w*(?:\s+à la main)?\s+(?:en|au|aux|à)"
    r"|(?:atelier|manufacture)\s+(?:en|au|aux|à|près de)|(?:manufaktur|werkstatt|fabrik)\s+in(?:\s+(?:der|den|dem))?)"
    rf"\s+(?i:the\s+)?{_NAME}"
)


class Framed(NamedTuple):
    """A claim recognised by its form. `value`: what is claimed."""

    kind: ClaimKind
    value: str
    words: str
    start: int
    end: int


def framed(text: str) -> Iterator[Framed]:
    """Every maker and place that the words around it make one."""
    for match in MAKER.finditer(text):
        group = 1 if match[1] else 2
        yield Framed("name", match[group], match[group], *match.span(group))
    for match in PLACE.finditer(text):
        yield Framed("origin", match[1], match[1], *match.span(1))


def capitals(text: str) -> Iterator[Framed]:
    """Runs of words in capitals: writing on the product or an abbreviation. In a text all in capitals, none."""
    letters = [letter for letter in text if letter.isalpha()]
    if len(letters) >= SHOUTED and sum(map(str.isupper, letters)) >= MOSTLY * len(letters):
        return
    runs: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text):
        if match[0].lower() in UNITS and _COUNTED.search(text, 0, match.start()):
            continue
        if runs and _BETWEEN.fullmatch(text, runs[-1][1], match.start()):
            runs[-1] = (runs[-1][0], match.end())
        else:
            runs.append(match.span())
    for start, end in runs:
        number = _NUMBER.match(text, end)
        stop = number.end() if number else end
        words = text[start:stop]
        yield Framed(_kind(words), words, words, start, stop)


def _kind(words: str) -> ClaimKind:
    """Writing if long; else a size (A4, E27, XL), or the abbreviation of a norm, a test or a technique."""
    if sum(letter.isalpha() for letter in words) >= LETTERS_OF_WRITING and not any(c.isdigit() for c in words):
        return "text"
    return "size" if re.fullmatch(r"[A-Z]\d+|X*[SL]", words) else "certificate"
