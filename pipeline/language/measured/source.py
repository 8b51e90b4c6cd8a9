"""Finds the language in which shoot.yaml is written, and what of it stays as it is in another language."""

import re
from collections.abc import Iterable

from pipeline.language.base import Facts
from pipeline.language.lexicon.concepts import concept_of
from pipeline.language.lexicon.tables import forms
from pipeline.language.lexicon.words import COMMON, LANGUAGES, Language, key_of, quoted

LONGEST = 4  # words of a lexicon's entry


def votes(text: str) -> dict[Language, int]:
    """How many words and phrases of `text` are known in each language."""
    words = [word.strip(",;:()") for word in key_of(text).split()]
    phrases = {" ".join(words[at : at + count]) for count in range(1, LONGEST + 1) for at in range(len(words))}
    return {language: len(phrases & forms(language)) + len(COMMON[language] & set(words)) for language in LANGUAGES}


def source_of(facts: Facts, target: Language) -> Language:
    """The language of shoot.yaml's facts; `target` where nothing tells."""
    total = dict.fromkeys(LANGUAGES, 0)
    for text in _texts(facts):
        for language, count in votes(text).items():
            total[language] += count
    for name, value in facts.attributes.items():
        concept = concept_of(name)
        for language in LANGUAGES if concept else ():
            known = concept.values.get(key_of(value)) if concept else None
            total[language] += int(concept is not None and key_of(concept.label[language]) == key_of(name))
            total[language] += int(known is not None and key_of(known.words[language]) == key_of(value))
    most = max(total.values())
    return target if total[target] == most else next(one for one in LANGUAGES if total[one] == most)


def as_given(text: str, source: Language, target: Language) -> str:
    """A value that the lexicon does not know: in quotation marks where it is in another language than the text."""
    return text if source == target or is_proper(text, source) else quoted(text, target)


def is_proper(text: str, source: Language) -> bool:
    """Whether `text` reads as names and codes only (`GOTS`, `USB-C`, `Bluetooth 5.3`), which no language changes."""
    words = re.findall(r"[^\W_][\w.'\u2019-]*", text)
    codes = [any(letter.isdigit() for letter in word) or word.isupper() for word in words]
    capitals = all(word[0].isupper() or word[0].isdigit() for word in words)
    return capitals and (source != "de" or any(codes) or not words)  # German nouns have capitals too


def _texts(facts: Facts) -> Iterable[str]:
    yield facts.title
    yield facts.category.split("/")[-1]
    yield from facts.attributes.values()
