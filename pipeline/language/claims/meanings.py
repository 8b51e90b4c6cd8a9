"""What a fact of shoot.yaml means in English, German and French, from the lexicon."""

import re
from collections.abc import Iterator

from pipeline.language.lexicon.concepts import Concept, concept_of
from pipeline.language.lexicon.tables import categories, colours, countries, materials
from pipeline.language.lexicon.words import LANGUAGES, LIST_MARKS, key_of

LONGEST = 4  # words of the longest phrase that is looked up
NAMES = frozenset({"brand", "model"})  # a name means nothing else
AGE = re.compile(r"\b(\d{1,2})\s*\+")
_CHOICE = re.compile(r"<([^/>]*)/[^>]*>")


def meanings(name: str, value: str) -> tuple[str, ...]:
    """Texts in three languages that say the same as the fact, each at most once. Empty if the lexicon has none."""
    if name in NAMES:
        return ()
    concept = concept_of(name)
    found = [text for part in dict.fromkeys((value, *LIST_MARKS.split(value))) for text in _phrases(part)]
    if concept is not None:
        found += list(_known(concept, value))
    return tuple(dict.fromkeys(found))


def nouns(name: str, value: str) -> Iterator[bool]:
    """For each kind of product that the fact names, whether it comes in pairs: shoes, trousers."""
    for phrase in _runs(value):
        category = categories().get(key_of(phrase)) if name in {"title", "category"} else None
        if category is not None:
            yield category["en"].plural


def _known(concept: Concept, value: str) -> Iterator[str]:
    yield from concept.label.values()
    for part in (value, *LIST_MARKS.split(value)):
        known = concept.values.get(key_of(part))
        if known is not None:
            yield from known.words.values()
            yield from (_CHOICE.sub(r"\1", text) for text in (known.says or {}).values())
    if concept.takes == "age" and (age := AGE.search(value)):
        yield f"{age[1]} years"


def _phrases(text: str) -> Iterator[str]:
    """The translations of every run of words that the lexicon knows."""
    for phrase in _runs(text):
        key = key_of(phrase)
        if (material := materials().get(key)) is not None:
            yield from (material.before, material.en, material.de, material.fr)
        if (colour := colours().get(key)) is not None:
            yield from (form for language in LANGUAGES for form in (colour.text(language),))
        if (category := categories().get(key)) is not None:
            yield from (category[language].text for language in LANGUAGES)
        if (country := countries().get(key)) is not None:
            yield from country.values()


def _runs(text: str) -> Iterator[str]:
    """Every run of up to `LONGEST` words, the longest first."""
    words = re.findall(r"[\w'’.&%°-]+", text)
    for length in range(min(LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])
