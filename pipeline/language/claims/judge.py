"""Judges one claim by the evidence."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from pipeline.core.evidence import Claim, ClaimKind, Evidence, Measurement, Verdict
from pipeline.language.claims.find import PRICE, Found
from pipeline.language.claims.places import places
from pipeline.language.claims.quantity import Quantity, quantities
from pipeline.language.claims.terms import LANGUAGES, NEGATION, family_of, matches, terms
from pipeline.language.lexicon.equivalents import in_other_words

SURE_READING = 0.8  # least score of text read off the product that supports a claim
TRACE, LARGE = 0.02, 0.2  # least share of the surface for a colour to be mentioned, and to be the product's colour
ALIKE = 0.8  # least similarity of a quotation and what was read
OF_THE_PRODUCT = frozenset({"title", "titles", "attributes"})
"""Fields in which a colour is the product's own, not that of a detail."""


@dataclass(frozen=True)
class Known:
    """The evidence, prepared for looking claims up."""

    evidence: Evidence

    @cached_property
    def sources(self) -> list[tuple[str, str]]:
        """Every statement as (id, text): facts, then what was read with a sufficient score."""
        facts = [
            (f"fact:{name}", f"{name.replace('_', ' ')}: {value}; {in_other_words(name, value)}".removesuffix("; "))
            for name, value in self.evidence.facts.items()
        ]
        sure = [(reading.id, reading.text) for reading in self.evidence.readings if reading.score >= SURE_READING]
        return facts + sure

    @cached_property
    def claims(self) -> list[tuple[str, Found]]:
        """The claims that the statements themselves make, each with its statement's id."""
        spoken = [(source, Found(*match)) for source, text in self.sources for match in matches(text, LANGUAGES)]
        return spoken + [
            (source, Found("origin", place.code, place.words, place.start, place.end))
            for source, text in self.sources
            for place in places(text)
        ]

    @cached_property
    def numbers(self) -> list[tuple[str, Quantity]]:
        """Every number of the statements and of the measured sizes."""
        measured = [
            (m.id, quantity)
            for m in self.evidence.measurements
            if m.kind == "size" and m.number is not None
            for quantity in quantities(f"{m.number} {m.unit}")
        ]
        return [(source, quantity) for source, text in self.sources for quantity in quantities(text)] + measured

    def says(self, words: str) -> list[str]:
        """Ids of the statements that contain these words."""
        pattern = re.compile(rf"(?<!\w){re.escape(_plain(words))}(?!\w)")
        return [source for source, text in self.sources if pattern.search(_plain(text))]

    def measured(self, kind: str) -> list[Measurement]:
        """The measurements of one kind."""
        return [measurement for measurement in self.evidence.measurements if measurement.kind == kind]


def judged(field: str, found: Found, known: Known) -> Claim:
    """The claim with its evidence and verdict. `field`: the caption's field that makes it."""
    judge = _JUDGES.get(found.kind, _term)
    verdicts = list(judge(field, found, known))
    supporting = [source for source, supports in verdicts if supports]
    against = [source for source, supports in verdicts if not supports]
    if supporting:
        return _claim(field, found, supporting, "supported")
    if against:
        return _claim(field, found, against, "contradicted")
    return _claim(field, found, [], "unsupported")


Verdicts = Iterator[tuple[str, bool]]
"""Ids of the evidence, each with whether it supports the claim (True) or speaks against it (False)."""


def _claim(field: str, found: Found, evidence: list[str], verdict: Verdict) -> Claim:
    why = {
        "supported": "",
        "contradicted": f"{', '.join(dict.fromkeys(evidence))} says otherwise",
        "unsupported": "nothing that is known of the product says so",
    }[verdict]
    return Claim(
        field=field,
        kind=found.kind,
        words=found.words,
        value=found.value,
        evidence=tuple(dict.fromkeys(evidence)),
        verdict=verdict,
        reason=why,
    )


def _term(field: str, found: Found, known: Known) -> Verdicts:  # noqa: ARG001 - every judge has the same parameters
    """A statement supports the same value and a broader one; a different one of the family speaks against it."""
    for source, stated in known.claims:
        if stated.kind != found.kind:
            continue
        if _includes(found.kind, stated.value, found.value):
            yield source, True
        elif _excludes(found.kind, source, stated.value, found.value):
            yield source, False


def _includes(kind: ClaimKind, stated: str, claimed: str) -> bool:
    """Whether who states `stated` also says `claimed`."""
    if stated == claimed:
        return True
    if NEGATION in stated[:4] + claimed[:4]:
        return False
    term = terms(kind)[stated]
    if kind in {"colour", "pattern", "finish"}:
        return term.family == family_of(kind, claimed)
    return claimed in term.broader or (kind == "material" and claimed == term.family)


def _excludes(kind: ClaimKind, source: str, stated: str, claimed: str) -> bool:
    """Whether a statement of shoot.yaml speaks against `claimed`: the opposite, or another value of its family.

    The attribute `material` says of what the whole product is made, hence speaks against every other material.
    """
    if source.startswith("reading:"):
        return False
    if family_of(kind, stated) == family_of(kind, claimed):
        return True
    return kind == "material" and source.startswith("fact:material")


def _colour(field: str, found: Found, known: Known) -> Verdicts:
    """In a title, the product's colour: shoot.yaml's, or a large part of the surface; elsewhere any visible one."""
    family = family_of("colour", found.value)
    least = LARGE if field in OF_THE_PRODUCT else TRACE
    stated = [
        (source, other) for source, other in known.claims if other.kind == "colour" and source.startswith("fact:")
    ]
    for source, other in stated:
        yield source, family_of("colour", other.value) == family
    for measurement in known.measured("colour"):
        if (measurement.number or 0.0) >= least:
            yield measurement.id, family_of("colour", measurement.value) == family


def _pattern(field: str, found: Found, known: Known) -> Verdicts:
    yield from _term(field, found, known)
    family = family_of("pattern", found.value)
    for measurement in known.measured("pattern"):
        measured = family_of("pattern", measurement.value)
        if measured == "patterned":
            yield measurement.id, family != "plain"
        else:
            yield measurement.id, measured == family or (family == "printed" and measured != "plain")


def _finish(field: str, found: Found, known: Known) -> Verdicts:
    yield from _term(field, found, known)
    for measurement in known.measured("gloss"):
        yield measurement.id, family_of("finish", measurement.value) == family_of("finish", found.value)


def _number(field: str, found: Found, known: Known) -> Verdicts:  # noqa: ARG001 - as `_term`
    """The same number, or the same size in another unit. Another number of the same dimension speaks against it."""
    quantity = found.quantity
    if quantity is None:
        return
    for source, other in known.numbers:
        if other.dimension == quantity.dimension and not source.startswith("reading:"):
            yield source, other.equals(quantity)
        elif other.equals(quantity):
            yield source, True
    if quantity.dimension == "count":
        yield from ((source, True) for source in known.says(found.words))


def _text(field: str, found: Found, known: Known) -> Verdicts:  # noqa: ARG001 - as `_term`
    """A quotation must have been read off the product, or stand in shoot.yaml."""
    quoted = _plain(found.value)
    readings = [reading for reading in known.evidence.readings if _part_of(quoted, _plain(reading.text))]
    yield from ((reading.id, True) for reading in readings)
    together = " ".join(_plain(reading.text) for reading in known.evidence.readings)
    if not readings and _part_of(quoted, together):
        yield from ((r.id, True) for r in known.evidence.readings if set(_plain(r.text).split()) & set(quoted.split()))
    yield from ((source, True) for source in known.says(found.value))
    if known.evidence.readings:
        yield known.evidence.readings[0].id, False


def _name(field: str, found: Found, known: Known) -> Verdicts:  # noqa: ARG001 - as `_term`
    """A brand or maker must be named by a statement; shoot.yaml's brand speaks against another one."""
    yield from ((source, True) for source in known.says(found.value))
    if known.evidence.facts.get("brand"):
        yield "fact:brand", False


def _origin(field: str, found: Found, known: Known) -> Verdicts:  # noqa: ARG001 - as `_term`
    stated = [(source, other) for source, other in known.claims if other.kind == "origin"]
    yield from ((source, other.value == found.value) for source, other in stated)
    yield from ((source, True) for source in known.says(found.words))


def _never(field: str, found: Found, known: Known) -> Verdicts:  # noqa: ARG001 - as `_term`
    """Superlatives and offers are supported only where shoot.yaml itself uses these words; a price never is."""
    if PRICE.search(found.words):
        return
    yield from ((source, True) for source in known.says(found.words) if source.startswith("fact:"))


_JUDGES = {
    "colour": _colour,
    "pattern": _pattern,
    "finish": _finish,
    "size": _number,
    "count": _number,
    "text": _text,
    "name": _name,
    "origin": _origin,
    "superlative": _never,
    "offer": _never,
}


def _plain(text: str) -> str:
    """Text for comparing: lower case, one space, without accents and punctuation at its ends."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).split()).strip(" .,;:!?")


def _part_of(quoted: str, text: str) -> bool:
    if not text:
        return False
    if quoted in text:
        return True
    blocks = SequenceMatcher(None, quoted, text, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 3) >= ALIKE * len(quoted)
