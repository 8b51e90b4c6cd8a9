import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.language.briefs import grammar
from pipeline.language.briefs.lexicon import lexicon
from pipeline.language.briefs.spelling import spellings
from tests.language.briefs.briefs import KNOWN


def read(text):
    return grammar.read(text, KNOWN, grammar.Params(), lambda usd: None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("backgroud", "background"), ("fornt", "front"), ("concrte", "concrete"), ("Hintergund", "hintergrund")],
)
def test_one_wrong_letter_is_read_as_the_word_that_is_meant(written, meant):
    assert spellings([written], lexicon()) == {written.lower(): meant}


@pytest.mark.parametrize("word", ["beach", "plants", "frost", "flour", "shell", "stove", "form", "withe"])
def test_a_word_of_a_dictionary_is_never_taken_for_another(word):
    assert spellings([word], lexicon()) == {}


def test_a_word_near_two_known_words_is_not_decided():
    assert spellings(["aunsicht", "xront"], lexicon()) == {"xront": "front"}  # Ansicht or Aufsicht?


def test_the_plan_says_how_a_mistyped_word_was_read():
    plan = read("front, on marbel")
    assert [backdrop.name for backdrop in plan.shoot.backdrops] == ["marble"] and not plan.refused
    assert plan.notes == ("'marbel' is read as 'marble'",)
    assert not read("front, on marble").notes


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["concrete", "terrazzo", "background", "hintergrund", "luminosite"]), st.data())
def test_any_one_letter_left_out_is_that_word_or_nothing(word, data):
    at = data.draw(st.integers(0, len(word) - 1))
    written = word[:at] + word[at + 1 :]
    assert spellings([written], lexicon()).get(written, word) == word
