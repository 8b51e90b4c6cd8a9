import pytest

from tests.language.briefs.briefs import PARTS, corpus, differences, verdict


@pytest.mark.parametrize("brief", corpus("tuned"), ids=lambda brief: f"{brief['style']}-{brief['text'][:40]}")
def test_the_half_that_the_grammar_was_tuned_by_is_exact(brief):
    assert differences(brief) == []


@pytest.mark.parametrize(
    ("part", "exact", "wrong"),
    [
        ("kept", 80, 0),
        ("tuned2", 71, 0),
        ("kept2", 76, 0),
        ("kept3", 55, 0),
        ("kept4", 39, 0),
        ("strangers_tuned", 80, 0),
        ("strangers_kept", 79, 0),
        ("strangers2_kept", 80, 0),
        ("strangers3", 119, 0),
        ("strangers4", 120, 0),
        ("strangers5", 100, 0),
        ("strangers6", 129, 0),
        ("strangers7", 90, 0),
    ],
)
def test_the_other_parts_stay_as_exact_as_measured(part, exact, wrong):
    verdicts = [verdict(brief) for brief in corpus(part)]
    assert verdicts.count("exact") >= exact and verdicts.count("wrong") <= wrong


def test_the_corpus_has_five_styles_and_three_languages():
    briefs = [brief for part in PARTS for brief in corpus(part)]
    assert len(briefs) >= 150 and len(corpus("kept")) >= 75
    assert len({brief["text"] for brief in briefs}) == len(briefs)
    assert {brief["style"] for brief in briefs} == {"terse", "chatty", "list", "e-mail", "mixed"}
    for language in ("en", "de", "fr"):
        assert sum(brief["language"] == language for brief in briefs) >= 30
