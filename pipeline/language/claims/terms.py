"""The words that make a claim, in English, German and French: colours, materials, uses, certificates and the like."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple, get_args

from pydantic import TypeAdapter

from pipeline.core.domain import Frozen
from pipeline.core.evidence import ClaimKind
from pipeline.core.yaml_file.nodes import compose, value_of
from pipeline.language.lexicon.named import Table, claimed_with, named
from pipeline.language.lexicon.words import LANGUAGES

FILES: dict[str, ClaimKind] = {
    "colours": "colour",
    "materials": "material",
    "patterns": "pattern",
    "finishes": "finish",
    "uses": "use",
    "certificates": "certificate",
    "superlatives": "superlative",
    "offers": "offer",
}
NAMED: dict[ClaimKind, Table] = {"colour": "colours", "material": "materials"}  # tables that the writer shares
INFLECTIONS = {
    "en": "(?:s|ed)?",
    "de": r"(?:-?farb(?:en|ig))?(?:e|er|es|em|en|s)?",
    "fr": "(?:e|s|es|ée|ées|és)?",
}
NOT = r"(?:not|no|non|without|never|isn't|nicht|kein|keine|keinen|ohne|nie|pas|sans|jamais)"
_BUT = r"(?!(?:and|but|und|aber|sondern|et|mais)\b)"  # ends what a negation denies
UNLESS_NEGATED = re.compile(rf"\b{NOT}(?:[^\w.,;:]+{_BUT}\w+){{0,4}}[^\w.,;:]+$", re.IGNORECASE)
NEGATION = "not "


class Term(Frozen):
    """One canonical value. `family`: what it is a kind of; `broader`: other values that it includes."""

    family: str
    broader: tuple[str, ...] = ()
    en: tuple[str, ...]
    de: tuple[str, ...]
    fr: tuple[str, ...]


class Match(NamedTuple):
    """A term in a text: its kind, canonical value (after `not ` if negated), its words and where they stand."""

    kind: ClaimKind
    value: str
    words: str
    start: int
    end: int


@cache
def terms(kind: ClaimKind) -> dict[str, Term]:
    """The terms of one kind by canonical value; empty for a kind that has none."""
    name = next((name for name, value in FILES.items() if value == kind), None)
    if name is None:
        return {}
    if (table := NAMED.get(kind)) is not None:
        return {value: _named(table, value) for value, entry in named(table).items() if entry.family}
    path = resources.files(__package__) / "terms" / f"{name}.yaml"
    value = value_of(compose(path.read_bytes(), Path(str(path))))
    return TypeAdapter(dict[str, Term]).validate_python(value)


def _named(table: Table, value: str) -> Term:
    entry = named(table)[value]
    words = {language: claimed_with(table, value, language) for language in LANGUAGES}
    return Term(family=entry.family, broader=entry.broader, **words)


def family_of(kind: ClaimKind, value: str) -> str:
    """The family of a canonical value; the value itself if it has none."""
    term = terms(kind).get(value.removeprefix(NEGATION))
    return term.family if term else value


def matches(text: str, languages: tuple[str, ...] = LANGUAGES) -> Iterator[Match]:
    """Every term in `text`, in the words of `languages`; of overlapping terms the longest.

    Of two equally long ones, that which is written out precedes that with a `*`.
    """
    taken: list[tuple[int, int]] = []
    spans = [
        (Match(kind, value, text[found.start() : found.end()], *found.span()), "*" in words)
        for language in languages
        for kind in FILES.values()
        for found in _pattern(kind, language).finditer(text)
        for value, words in (_form_of(kind, language, found),)
    ]
    for match, _ in sorted(spans, key=lambda span: (span[0].start - span[0].end, span[0].start, span[1])):
        if any(match.start < end and start < match.end for start, end in taken):
            continue
        taken.append((match.start, match.end))
        negated = UNLESS_NEGATED.search(text[: match.start]) is not None
        yield match._replace(value=f"{NEGATION}{match.value}") if negated else match


@cache
def _pattern(kind: ClaimKind, language: str) -> re.Pattern[str]:
    """All words of one kind in one language by their first letter, the longest first.

    Each is a group named `t<number>`.
    """
    initials: dict[str, list[str]] = {}
    for index, (_, words) in enumerate(_forms(kind, language)):
        initials.setdefault(words[0].lower(), []).append(f"(?P<t{index}>{_form(words, language)})")
    first = {letter: "" if letter == "*" else f"(?={re.escape(letter)})" for letter in sorted(initials, reverse=True)}
    options = [f"{first[letter]}(?:{'|'.join(initials[letter])})" for letter in first]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(options) or '(?!)'})(?![\w])", re.IGNORECASE)


@cache
def _forms(kind: ClaimKind, language: str) -> list[tuple[str, str]]:
    forms = [(value, words) for value, term in terms(kind).items() for words in getattr(term, language)]
    return sorted(forms, key=lambda form: -len(form[1]))


def _form(words: str, language: str) -> str:
    if "*" in words:
        return re.escape(words).replace(r"\*", r"\w*")
    spaced = re.escape(words).replace(r"\ ", r"[\s-]+")
    coloured = r"(?:[- ]?(?:coloured|colored))?" if language == "en" else ""
    return f"{spaced}{INFLECTIONS[language]}{coloured}"


def _form_of(kind: ClaimKind, language: str, found: re.Match[str]) -> tuple[str, str]:
    """The canonical value that matched, and its words."""
    group = found.lastgroup or ""
    return _forms(kind, language)[int(group[1:])]


assert set(FILES.values()) <= set(get_args(ClaimKind))  # noqa: S101 - a wrong table must not be imported
