import re

import pytest

from pipeline.language.lexicon.concepts import concept_of, concepts
from pipeline.language.lexicon.tables import Noun
from pipeline.language.lexicon.words import LANGUAGES
from pipeline.language.measured.grammar import filled

PHRASES = [
    (concept.name, language, phrase[language])
    for concept in concepts().values()
    for phrase in (concept.says, concept.point, concept.measure, *(value.says for value in concept.values.values()))
    if phrase
    for language in LANGUAGES
]


@pytest.mark.parametrize("noun", [Noun("x", "x", "m"), Noun("x", "x", "f", plural=True)], ids=["one", "many"])
def test_every_phrase_is_whole_for_any_noun(noun: Noun) -> None:
    for name, language, phrase in PHRASES:
        text = filled(phrase, noun, language, "3 cm", "3 cm", 3)
        assert not re.search(r"[<>{}\[\]]|/", text.replace("3/4", "")), (name, phrase, text)


def test_phrases_agree_with_their_product_in_number() -> None:
    one, many = Noun("x", "x", "m"), Noun("x", "x", "m", plural=True)
    for concept in concepts().values():
        for value in (concept.says, *(known.says for known in concept.values.values())):
            for language in LANGUAGES if value else ():
                assert value
                both = [filled(value[language], noun, language, "3 cm", "3 cm", 3) for noun in (one, many)]
                invariable = language == "en" and both[0].startswith("should ")
                assert (both[0] == both[1]) is invariable, (concept.name, both)


@pytest.mark.parametrize(
    ("name", "concept"),
    [("Colour", "colour"), ("Farbe", "colour"), ("country_of_origin", "origin"), ("Kabellänge", "cable length"),
     ("longueur de chaîne", "chain length"), ("EU size", "EU size"), ("Washing", "care")],
)  # fmt: skip
def test_attribute_is_known_by_its_name_in_any_language(name: str, concept: str) -> None:
    found = concept_of(name)
    assert found and found.name == concept


def test_unknown_attribute_means_nothing() -> None:
    assert concept_of("flux capacitance") is None
