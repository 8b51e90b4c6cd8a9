from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.records import Caption
from pipeline.language.base import Facts
from pipeline.language.llm.agent import Unusable
from pipeline.language.llm.words import Words, caption_of, nonsense_in
from tests.language.llm.answers import GOOD
from tests.language.subjects import subject

FACTS = Facts(title="Harbour Tee", brand="Nordlys", category="T-shirt")


def caption(language: str = "en", **changes: str) -> Caption:
    texts = {name: GOOD[name] for name in ("title", "description", "alt_text", "prompt")}
    return Caption.model_validate({"engine": "llm", "attributes": {}, "language": language, **texts, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "Fjord Cup"}, "none of the shop's words, such as 'nordlys'"),
        ({"title": "Nordlys ÿÿÿÿÿÿ"}, "title repeats 'ÿÿÿÿÿ'"),
        ({"description": "navy navy navy navy"}, "description repeats 'navy navy navy'"),
        ({"description": "{{[[]]}} 0x00 ##!! ||| <>"}, "description is not made of words"),
        ({"prompt": "ǡQݽ但eY鼟ꢉo=z+흯但eY鼟ꢉo"}, "prompt is not English"),
        ({"prompt": "\\u0000\\u0001 12 34"}, "prompt is not made of words"),
    ],
)
def test_noise_is_told_from_a_caption(changes: dict[str, str], reason: str) -> None:
    assert reason in nonsense_in(caption(**changes), FACTS)


@pytest.mark.parametrize(
    ("language", "changes"),
    [
        ("en", {}),
        ("en", {"title": "NORDLYS tee, 350 ml, size XXXXL, 100% cotton"}),
        ("de", {"title": "Nordlys T-Shirt in Marineblau", "description": "Ein T-Shirt aus Baumwolle, 180 g/m²."}),
        (
            "ja",
            {
                "title": "ノルドリュス ハーバーTシャツ",
                "description": "ネイビーのTシャツです。前面に白いプリントがあります。",
            },
        ),
        ("ja", {"title": "ノルドリュス", "description": "ネイビーのシャツです。"}),
        ("de", {"title": "Nordlys Schifffahrt", "description": "Die Schifffahrt: drei f in einem Wort."}),
    ],
)
def test_captions_of_any_language_and_script_are_no_noise(language: str, changes: dict[str, str]) -> None:
    assert nonsense_in(caption(language, **changes), FACTS) == ""


def test_translated_title_without_a_brand_may_differ_from_the_shops() -> None:
    facts = Facts(title="Stoneware mug", category="mug")
    assert nonsense_in(caption("de", title="Steingutbecher"), facts) == ""
    assert "none of the shop's words" in nonsense_in(caption("en", title="Steingutbecher"), facts)


@given(st.text(min_size=1, max_size=60))
def test_any_title_is_judged_without_an_error(title: str) -> None:
    assert isinstance(nonsense_in(caption(title=title), FACTS), str)


def test_noise_is_sent_back_without_a_draft_and_objections_with_one() -> None:
    what, words = subject(), Words.model_validate(GOOD)
    with pytest.raises(Unusable) as caught:
        caption_of(words.model_copy(update={"title": "zzzzzz"}), what, "llm", "m", lambda draft: ())
    assert caught.value.otherwise is None
    with pytest.raises(Unusable, match="too dry") as caught:
        caption_of(words, what, "llm", "m", lambda draft: ("too dry",))
    assert caught.value.otherwise.attributes["material"] == "cotton"
    assert caption_of(words, replace(what, language="en"), "llm", "m", lambda draft: ()).title == GOOD["title"]
