"""Says a known value in three languages, so that a claim in one of them is supported by a fact in another."""

import re
from collections.abc import Iterator

from pipeline.language.lexicon.concepts import Concept, concept_of
from pipeline.language.lexicon.tables import UNIFORM, Category, categories, colours, countries, materials
from pipeline.language.lexicon.units import read_age
from pipeline.language.lexicon.words import LANGUAGES, LIST_MARKS, key_of

LONGEST = 4  # words of a category
LABELLED = frozenset(("certificate", "gemstone"))  # whose labels are claims by themselves


def in_other_words(name: str, value: str) -> str:
    """What the lexicon knows the value of a fact as, in every language; empty where it knows nothing of it."""
    if name in {"title", "category"}:
        return ", ".join(dict.fromkeys(noun.text for category in categories_in(value) for noun in category.values()))
    concept = concept_of(name)
    parts = dict.fromkeys((value, *LIST_MARKS.split(value)))
    words = [word for part in parts for word in _words(part, concept)]
    if concept and concept.name in LABELLED:
        words += concept.label.values()
    return ", ".join(dict.fromkeys(words))


def categories_in(text: str) -> Iterator[Category]:
    """The categories that the text names, those of more words first."""
    words = key_of(text.replace("/", " ")).split()
    for count in range(LONGEST, 0, -1):
        for at in range(len(words) - count + 1):
            category = categories().get(" ".join(words[at : at + count]))
            if category:
                yield category


def _words(part: str, concept: Concept | None) -> Iterator[str]:
    """The words of one value of a list."""
    key = key_of(part.rsplit("%", maxsplit=1)[-1])
    known = concept.values.get(key) if concept else None
    if known:
        yield from known.words.values()
        yield from (re.sub(r"<[^>]*>\s*", "", phrase) for phrase in (known.says or {}).values())
    if (colour := colours().get(key)) and concept and concept.name == "colour":
        yield from (colour.text(language, form) for language in LANGUAGES for form in range(UNIFORM))
    if material := materials().get(key):
        yield from (material.before, material.en, material.de, material.fr)
    if concept and concept.takes == "country" and key in countries():
        yield from countries()[key].values()
    if concept and concept.takes == "age" and (age := read_age(part)):
        yield from (age.text(language) for language in LANGUAGES)
