import pytest

from pipeline.core.records import Caption
from pipeline.language.base import TitleRule, Voice
from pipeline.language.checks import cut, faults_of


def caption(**changes: object) -> Caption:
    good = {
        "engine": "llm",
        "title": "Nordlys Harbour Tee in navy",
        "description": "A T-shirt with a printed anchor. It has a round neck and weighs 180 g.",
        "alt_text": "Navy T-shirt with a white anchor",
        "attributes": {"colour": "navy", "neck": "round"},
        "prompt": "a navy t-shirt with a white anchor print",
    }
    return Caption.model_validate({**good, **changes})


def test_valid_caption_has_no_faults() -> None:
    assert faults_of(caption()) == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("See www.other.example", "a link"),
        ("Write to me@shop.example", "a link"),
        ("Buy at other-shop.com", "a link"),
        ("A <b>bold</b> shirt", "markup"),
        ("A shirt\u202e", "a control character"),
    ],
)
@pytest.mark.parametrize("field", ["title", "description", "alt_text", "prompt"])
def test_forbidden_text_is_found_in_every_field(field: str, text: str, fault: str) -> None:
    faults = faults_of(caption(**{field: text}))
    assert len(faults) == 1 and fault in faults[0] and field in faults[0]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"title": " "}, "title is empty"),
        ({"alt_text": "word " * 60}, "more than 125"),
        ({"attributes": {"care": "see www.other.example"}}, "attribute care contains a link"),
    ],
)
def test_empty_and_long_texts_and_links_in_attributes_are_found(changes: dict[str, object], fault: str) -> None:
    faults = faults_of(caption(**changes))
    assert len(faults) == 1 and fault in faults[0]


@pytest.mark.parametrize("text", ["short", "one two three four", "x" * 50, "  many   spaces here  "])
def test_cut_stays_within_its_limit(text: str) -> None:
    assert 0 < len(cut(text, 12)) <= 12
    assert cut(text, 100) == " ".join(text.split())


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"description": "A Cosy shirt."}, "description has the banned word 'cosy'"),
        ({"bullets": ("A must have",)}, "bullet 1 has the banned word 'must have'"),
        ({"titles": {"google": "Cosy tee"}}, "title for google has the banned word 'cosy'"),
    ],
)
def test_banned_words_are_found_in_every_text_of_any_engine(changes: dict[str, object], fault: str) -> None:
    assert faults_of(caption(**changes), (), Voice(banned=("cosy", "must have"))) == (fault,)
    assert faults_of(caption(**changes)) == ()


def test_banned_word_inside_another_word_is_no_fault() -> None:
    assert faults_of(caption(description="It has shirtsleeves."), (), Voice(banned=("sleeves", "shirts"))) == ()


def test_titles_that_break_their_channels_rules_are_found() -> None:
    rules = (TitleRule(channel="amazon_main", characters=20, repeats=2), TitleRule(channel="google", characters=15))
    titles = {"amazon_main": "Tee tee TEE shirt", "google": "Tee tee TEE shirt", "shopify": "any " * 90}
    assert faults_of(caption(titles=titles), rules) == (
        "title for amazon_main has the word 'tee' more than 2 times",
        "title for google has 17 characters, more than 15",
    )


def test_bullets_are_few_and_short() -> None:
    faults = faults_of(caption(bullets=("word " * 40, *"abcde")))
    assert faults == ("there are 6 bullets, more than 5", "bullet 1 has 200 characters, more than 160")
