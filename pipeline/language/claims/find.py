"""Finds the atomic claims of a text: terms, quantities, quoted text, places, brands."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

from pipeline.core.evidence import ClaimKind
from pipeline.language.claims.frames import capitals, framed
from pipeline.language.claims.places import places
from pipeline.language.claims.quantity import Quantity, quantities
from pipeline.language.claims.terms import NEGATION, UNLESS_NEGATED, matches
from pipeline.language.lexicon.words import LANGUAGES

_OPEN, _CLOSE = '"\u201c\u201d\u201e\u00ab\u2039', '"\u201c\u201d\u00bb\u203a'  # quotation marks of the three languages
QUOTED = re.compile(rf"[{_OPEN}]\s*([^{_OPEN}{_CLOSE}]{{2,200}}?)\s*[{_CLOSE}]")
PRICE = re.compile(
    r"[$€£¥₹]\s*\d[\d.,]*|\d[\d.,]*\s*(?:[$€£¥₹]|(?:usd|eur|gbp|dollars?|euros?|pounds sterling)\b)"
    r"|\b\d+\s?%\s+(?:off|discount|cheaper|rabatt|de remise|de réduction)",
    re.IGNORECASE,
)
MOST = {  # a superlative by its form
    "en": r"\b(?:the )?(?:most|least) [a-z]+\b|\b[a-z]{3,}(?:iest|(?<![aeiou])[b-df-hj-np-tv-z]est)\b",
    "de": r"\bam [a-zäöüß]+sten\b|\b[a-zäöüß]{3,}(?:ste|ster|stes|sten|stem)\b(?=\s+\w)",
    "fr": r"\b(?:le|la|les) plus [a-zéèêàçîô]+\b",
}
_NOUNS = """
    interest forest harvest modest honest request tempest conquest guest latest nearest rest test west chest vest nest
    midwest earnest protest contest digest invest arrest suggest everest fest crest quest
    erste erster erstes ersten beste meiste meisten nächste nächsten letzte letzten muster kasten polster fenster
    kosten posten westen osten gäste geste küste kiste liste leiste büste reste feste paste
    borsten bürste bürsten garten kante taste tasten leisten weste
"""
NO_SUPERLATIVE = frozenset(_NOUNS.split())


class Found(NamedTuple):
    """A claim in a text before it is judged. `quantity`: of a claim of size or count."""

    kind: ClaimKind
    value: str
    words: str
    start: int
    end: int
    quantity: Quantity | None = None


def claims_in(text: str, language: str) -> list[Found]:
    """The claims of `text`, in order. `language` is a primary tag; English words are found in any text."""
    spoken = tuple(one for one in dict.fromkeys((language, "en")) if one in LANGUAGES)
    found: list[Found] = []
    for claim in _all(text, spoken):
        if not any(claim.start < other.end and other.start < claim.end for other in found):
            found.append(claim)
    return sorted(found, key=lambda claim: claim.start)


def _all(text: str, spoken: tuple[str, ...]) -> Iterator[Found]:
    """Candidates, those that take precedence where they overlap first."""
    yield from (Found("text", match[1], match[0], *match.span()) for match in QUOTED.finditer(text))
    yield from (Found("offer", match[0], match[0], *match.span()) for match in PRICE.finditer(text))
    yield from (Found(*term) for term in matches(text, spoken))
    yield from (Found(*claim) for claim in capitals(text))
    yield from (_counted(text, number) for number in quantities(text))
    yield from (Found("origin", place.code, place.words, place.start, place.end) for place in places(text))
    yield from (Found("name", brand[0], brand[0], *brand.span()) for brand in _brands().finditer(text))
    yield from (Found(*claim) for claim in framed(text))
    for language in spoken:
        for match in re.finditer(MOST.get(language, "(?!)"), text, re.IGNORECASE):
            if match[0].lower() not in NO_SUPERLATIVE:
                yield Found("superlative", match[0].lower(), match[0], *match.span())


def _counted(text: str, number: Quantity) -> Found:
    kind: ClaimKind = "count" if number.dimension == "count" else "size"
    return Found(kind, _negated(text, number.start) + number.words, number.words, number.start, number.end, number)


def _negated(text: str, start: int) -> str:
    return NEGATION if UNLESS_NEGATED.search(text[:start]) else ""


@cache
def _brands() -> re.Pattern[str]:
    path = resources.files(__package__) / "terms" / "brands.txt"
    names = sorted(map(re.escape, path.read_text().splitlines()), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)")
