import pytest

from pipeline.language.briefs.lexicon import rows
from pipeline.language.claims.judge import family_of
from pipeline.language.claims.terms import matches
from pipeline.language.lexicon.named import claimed_with, named, said
from pipeline.language.lexicon.tables import countries, country_adjectives, country_codes
from pipeline.language.lexicon.words import LANGUAGES

OTHER_KIND = {"copper", "kupfer*", "verchromt*"}  # a colour's or a finish's first


@pytest.mark.parametrize(("table", "kind"), [("colours", "colour"), ("materials", "material")])
def test_what_the_writer_says_is_recognised_as_a_claim(table, kind):
    for name, entry in named(table).items():
        for language in LANGUAGES if entry.family else ():
            for words in claimed_with(table, name, language):
                found = {(m.kind, m.value) for m in matches(words.replace("*", ""), (language,))}
                families = {family_of(kind, value) for of, value in found if of == kind}
                assert entry.family in families or words in OTHER_KIND, (name, language, words, found)


def test_entry_without_family_is_said_and_never_claimed():
    silent = [name for name, entry in named("materials").items() if not entry.family]
    assert "textile" in silent and not claimed_with("materials", "textile", "en")
    assert any(columns[0] == "textile" for columns in said("materials"))


def test_words_of_one_colour_in_briefs_are_of_one_family_in_captions():
    of_brief = [(value, language, words) for kind, value, language, words in rows() if kind == "COLOUR"]
    for value in dict.fromkeys(value for value, _, _ in of_brief):
        if value not in named("colours"):
            continue
        family = named("colours")[value].family
        spoken = [(language, words) for name, language, words in of_brief if name == value]
        for language, words in spoken:
            found = {match.value for match in matches(words, (language,)) if match.kind == "colour"}
            assert found == set() or family in {family_of("colour", one) for one in found}, (
                value,
                language,
                words,
                found,
            )


def test_countries_of_the_writer_are_those_of_claims():
    assert country_codes()["türkei"] == country_codes()["turkey"] == "TR"
    assert country_codes()["holland"] == "NL" and "us" not in country_codes()
    assert country_adjectives()["new zealand"] == country_adjectives()["neuseeländisch"] == "NZ"
    assert set(country_adjectives().values()) <= set(country_codes().values())
    assert len(countries()) >= len(country_codes())
