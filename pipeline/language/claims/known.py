"""The evidence of one product, prepared for looking claims up."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from pipeline.core.evidence import Evidence, Measurement
from pipeline.language.claims.find import Found
from pipeline.language.claims.places import places
from pipeline.language.claims.quantity import Quantity, quantities
from pipeline.language.claims.terms import matches
from pipeline.language.lexicon.concepts import concept_of
from pipeline.language.lexicon.equivalents import categories_in, in_other_words
from pipeline.language.lexicon.words import COMMON, LANGUAGES

SURE_READING = 0.8  # least score of text read off the product that supports a claim
NO = frozenset({"no", "none", "false", "nein", "keine", "kein", "non", "aucun", "aucune", "not", "nicht"})
YES = frozenset({"yes", "true", "ja", "oui"})
STOP = frozenset().union(*COMMON.values())
PREFIX, PART = 6, 5  # letters that related words begin with, and of a word within a compound


@dataclass(frozen=True)
class EvidenceIndex:
    """The evidence, prepared for looking claims up."""

    evidence: Evidence

    @cached_property
    def sources(self) -> list[tuple[str, str]]:
        """Every statement as (id, text): facts, what they mean in other languages, and sure readings."""
        stated = [(f"fact:{name}", text) for name, value in self.evidence.facts.items() for text in _said(name, value)]
        sure = [(reading.id, reading.text) for reading in self.evidence.readings if reading.score >= SURE_READING]
        return stated + sure

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

    @cached_property
    def paired(self) -> bool:
        """Whether the product is sold in pairs, like shoes."""
        named = [self.evidence.facts.get(name, "") for name in ("title", "category")]
        return any(category["en"].plural for text in named for category in categories_in(text))

    def says(self, words: str) -> list[str]:
        """Ids of the statements that contain these words."""
        pattern = re.compile(rf"(?<!\w){re.escape(plain(words))}(?!\w)")
        return [source for source, text in self.sources if pattern.search(plain(text))]

    def measured(self, kind: str) -> list[Measurement]:
        """The measurements of one kind."""
        return [measurement for measurement in self.evidence.measurements if measurement.kind == kind]

    def backing(self, text: str) -> list[str]:
        """Ids of the statements that a text repeats: all of it, or at least half of its words, and one of a value.

        A word is repeated by a related one: `automatische` by `automatic`, `Holzdeckel` by `Deckel`. An attribute with
        its label in another language repeats its fact: `Größe: M`, of `taille: M`.
        """
        label, _, value = text.partition(":")
        named = [name for name, stated in self.evidence.facts.items() if _same(name, stated, label, value)]
        if named:
            return [f"fact:{name}" for name in named]
        if whole := self.says(text):
            return whole
        spoken = _content(text)
        found = [(word, source) for word in spoken for source, known in self._words if _related(word, known)]
        if 2 * len({word for word, _ in found}) < len(spoken):
            return []
        sources = dict.fromkeys(source for _, source in found)
        return [source for source in sources if source not in {"fact:title", "fact:brand", "fact:category"}]

    @cached_property
    def _words(self) -> list[tuple[str, str]]:
        return [(source, word) for source, text in self.sources for word in _content(text)]


def plain(text: str) -> str:
    """Text for comparing: lower case, one space, without accents and punctuation at its ends."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).split()).strip(" .,;:!?")


def _said(name: str, value: str) -> list[str]:
    """What a fact says, in its own words and in others. `no` denies what the fact's name says."""
    label = name.replace("_", " ")
    if plain(value) in NO:
        return [f"not {label}"]
    if plain(value) in YES:
        return [label]
    return [text for text in (f"{label}: {value}", in_other_words(name, value)) if text]


def _same(name: str, stated: str, label: str, value: str) -> bool:
    """Whether `label: value` is the attribute `name: stated`, by any name of it that the lexicon knows."""
    if plain(stated) != plain(value):
        return False
    return plain(name) == plain(label) or (concept_of(name) is not None and concept_of(name) == concept_of(label))


def _content(text: str) -> list[str]:
    words = re.findall(r"[^\W_]+", plain(text))
    return [word for word in words if word not in STOP and (len(word) > 2 or any(map(str.isdigit, word)))]


def _related(word: str, known: str) -> bool:
    if word == known:
        return True
    shorter = min(len(word), len(known))
    if shorter >= PART and (known in word or word in known):
        return True
    return shorter >= PREFIX and word[:PREFIX] == known[:PREFIX]
