"""Judges one claim by the evidence."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from pipeline.core.evidence import Claim, ClaimKind, Measurement, Verdict
from pipeline.language.claims.find import PRICE, Found
from pipeline.language.claims.known import SURE_READING, EvidenceIndex, plain
from pipeline.language.claims.terms import NEGATION, family_of, matches, terms
from pipeline.language.colours import FAMILIES
from pipeline.language.lexicon.words import LANGUAGES
from pipeline.language.numerals import PAIR

TRACE, LARGE = 0.02, 0.2  # least share of the surface for a colour to be mentioned, and to be the product's colour
ALIKE = 0.8  # least similarity of a quotation and what was read
WOVEN = frozenset({"striped", "checked", "herringbone", "plain"})  # families of patterns that need no print
OF_THE_PRODUCT = frozenset({"title", "titles", "attributes"})
"""Fields in which a colour is the product's own, not that of a detail."""


def judged(field: str, found: Found, known: EvidenceIndex) -> Claim:
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


def _term(field: str, found: Found, known: EvidenceIndex) -> Verdicts:
    """A statement supports the same value and a broader one; a different one of the family speaks against it."""
    if found.value.removeprefix(NEGATION) not in terms(found.kind):
        yield from _code(field, found, known)
    for source, stated in known.claims:
        if stated.kind != found.kind:
            continue
        if _includes(found.kind, stated.value, found.value):
            yield source, True
        elif _excludes(found.kind, source, stated.value, found.value):
            yield source, False


def _code(field: str, found: Found, known: EvidenceIndex) -> Verdicts:  # noqa: ARG001 - every judge has the same parameters
    """Every part of a code or an abbreviation must stand in a statement. The like of it speaks against it: A5, A4."""
    code = re.sub(r"^DIN (?=[A-C]\d)", "", found.value)  # a size of paper
    parts = [known.says(part) for part in re.split(r"[\s&'’./-]+", code) if part]
    if all(parts):
        yield from ((source, True) for said in parts for source in said)
    letters = re.match(r"[A-Z]+(?=\d)", code)
    if letters:
        like = re.compile(rf"(?<!\w){letters[0]}\d+(?!\w)")
        yield from ((source, False) for source, text in known.sources if like.search(text))


def _includes(kind: ClaimKind, stated: str, claimed: str) -> bool:
    """Whether who states `stated` also says `claimed`. One value of a family denies the others of it."""
    if stated == claimed:
        return True
    if stated.startswith(NEGATION):
        return False
    if claimed.startswith(NEGATION):
        return claimed.removeprefix(NEGATION) != stated and family_of(kind, stated) == family_of(kind, claimed)
    term = terms(kind)[stated]
    if kind == "pattern" and claimed in {"patterned", "printed"} and term.family != "plain":
        return claimed == "patterned" or term.family not in WOVEN
    if kind in {"colour", "pattern", "finish"}:
        return term.family == family_of(kind, claimed)
    return claimed in term.broader or (kind == "material" and claimed == term.family)


def _excludes(kind: ClaimKind, source: str, stated: str, claimed: str) -> bool:
    """Whether a statement of shoot.yaml speaks against `claimed`: the opposite, or another value of its family.

    The attribute `material` says of what the whole product is made, hence speaks against every other material.
    """
    if source.startswith("reading:"):
        return False
    if stated.startswith(NEGATION):
        return stated.removeprefix(NEGATION) == claimed
    if family_of(kind, stated) == family_of(kind, claimed):
        return True
    return kind == "material" and source.startswith("fact:material")


def _colour(field: str, found: Found, known: EvidenceIndex) -> Verdicts:
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
            yield measurement.id, _measured_family(measurement) == family


def _measured_family(measurement: Measurement) -> str:
    """The family of a measured colour, in the words of the terms."""
    for match in matches(measurement.value, LANGUAGES):
        if match.kind == "colour":
            return family_of("colour", match.value)
    return FAMILIES.get(measurement.value, measurement.value)


def _pattern(field: str, found: Found, known: EvidenceIndex) -> Verdicts:
    yield from _term(field, found, known)
    family = family_of("pattern", found.value)
    if family == "printed":
        yield from ((reading.id, True) for reading in known.evidence.readings if reading.score >= SURE_READING)
    for measurement in known.measured("pattern"):
        measured = family_of("pattern", measurement.value)
        if measured == "patterned":
            yield measurement.id, family != "plain"
        else:
            yield measurement.id, measured == family or (family in {"printed", "patterned"} and measured != "plain")


def _finish(field: str, found: Found, known: EvidenceIndex) -> Verdicts:
    yield from _term(field, found, known)
    for measurement in known.measured("gloss"):
        yield measurement.id, family_of("finish", measurement.value) == family_of("finish", found.value)


def _number(field: str, found: Found, known: EvidenceIndex) -> Verdicts:
    """The same number, or the same size in another unit. Another number of the same dimension speaks against it."""
    quantity = found.quantity
    if quantity is None:
        yield from _code(field, found, known)
        return
    if found.words.lower() in PAIR and known.paired:
        yield "fact:category" if "category" in known.evidence.facts else "fact:title", True
    for source, other in known.numbers:
        if other.dimension == quantity.dimension and not source.startswith("reading:"):
            yield source, other.equals(quantity)
        elif other.equals(quantity):
            yield source, True
    if quantity.dimension == "count":
        yield from ((source, True) for source in known.says(found.words))


def _text(field: str, found: Found, known: EvidenceIndex) -> Verdicts:  # noqa: ARG001 - as `_code`
    """A quotation must have been read off the product, or stand in shoot.yaml."""
    quoted = plain(found.value)
    readings = [reading for reading in known.evidence.readings if _part_of(quoted, plain(reading.text))]
    yield from ((reading.id, True) for reading in readings)
    together = " ".join(plain(reading.text) for reading in known.evidence.readings)
    if not readings and _part_of(quoted, together):
        yield from ((r.id, True) for r in known.evidence.readings if set(plain(r.text).split()) & set(quoted.split()))
    yield from ((source, True) for source in known.says(found.value))
    if known.evidence.readings:
        yield known.evidence.readings[0].id, False


def _name(field: str, found: Found, known: EvidenceIndex) -> Verdicts:  # noqa: ARG001 - as `_code`
    """A brand or maker must be named by a statement; shoot.yaml's brand speaks against another one."""
    yield from ((source, True) for source in known.says(found.value))
    if known.evidence.facts.get("brand"):
        yield "fact:brand", False


def _origin(field: str, found: Found, known: EvidenceIndex) -> Verdicts:  # noqa: ARG001 - as `_code`
    """Who states a region also says its country, but not the reverse."""
    stated = [(source, other) for source, other in known.claims if other.kind == "origin"]
    yield from ((source, found.value in {other.value, other.value.split()[0]}) for source, other in stated)
    yield from ((source, True) for source in known.says(found.words))


def _never(field: str, found: Found, known: EvidenceIndex) -> Verdicts:  # noqa: ARG001 - as `_code`
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


def _part_of(quoted: str, text: str) -> bool:
    if not text:
        return False
    if quoted in text:
        return True
    blocks = SequenceMatcher(None, quoted, text, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 3) >= ALIKE * len(quoted)
