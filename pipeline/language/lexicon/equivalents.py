"""Says a known value in three languages, so that a claim in one of them is supported by a fact in another."""

from pipeline.language.lexicon.concepts import concept_of
from pipeline.language.lexicon.tables import UNIFORM, colours, countries, materials
from pipeline.language.lexicon.units import read_age
from pipeline.language.lexicon.words import LANGUAGES, LIST_MARKS, key_of


def in_other_words(name: str, value: str) -> str:
    """What the lexicon knows the value of an attribute as, in every language; empty where it knows nothing of it."""
    concept = concept_of(name)
    words: list[str] = []
    for part in dict.fromkeys((value, *LIST_MARKS.split(value))):
        key = key_of(part.split("%")[-1])
        known = concept.values.get(key) if concept else None
        words += list(known.words.values()) if known else []
        if (colour := colours().get(key)) and concept and concept.name == "colour":
            words += [colour.text(language, form) for language in LANGUAGES for form in range(UNIFORM)]
        if material := materials().get(key):
            words += [material.before, material.en, material.de, material.fr]
        if concept and concept.takes == "country" and key in countries():
            words += list(countries()[key].values())
        if concept and concept.takes == "age" and (age := read_age(part)):
            words += [age.text(language) for language in LANGUAGES]
    return ", ".join(dict.fromkeys(words))
