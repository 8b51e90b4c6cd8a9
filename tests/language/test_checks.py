import pytest

from pipeline.core.records import Caption
from pipeline.language.base import Facts
from pipeline.language.checks import cut, faults_of

FACTS = Facts(title="Harbour Tee", brand="Nordlys", attributes={"colour": "navy", "material": "organic cotton"})


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
    assert faults_of(caption(), FACTS) == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Now for $25", "a price"),
        ("Only 25,00 € today", "a price"),
        ("Yours for 19.99 EUR", "a price"),
        ("Now 30% off", "an offer"),
        ("On sale this week", "an offer"),
        ("See www.other.example", "a link"),
        ("Write to me@shop.example", "a link"),
        ("Buy at other-shop.com", "a link"),
        ("A <b>bold</b> shirt", "markup"),
        ("A shirt\u202e", "a control character"),
        ("A waterproof shirt", "claims 'waterproof'"),
        ("The #1 shirt", "claims '#1'"),
        ("A dishwasher safe shirt", "claims 'dishwasher safe'"),
    ],
)
@pytest.mark.parametrize("field", ["title", "description", "alt_text", "prompt"])
def test_forbidden_text_is_found_in_every_field(field: str, text: str, fault: str) -> None:
    faults = faults_of(caption(**{field: text}), FACTS)
    assert len(faults) == 1 and fault in faults[0] and field in faults[0]


def test_claim_made_by_shoot_yaml_is_allowed() -> None:
    assert faults_of(caption(description="Made of organic cotton."), FACTS) == ()
    assert faults_of(caption(attributes={"care": "organic wash, $3"}), FACTS) == ("attribute care contains a price",)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"attributes": {"color": "red"}}, "attribute colour says 'red', shoot.yaml says 'navy'"),
        ({"attributes": {"Material": "polyester"}}, "attribute material says 'polyester'"),
        ({"title": "Nordlys Harbour Tee in red"}, "title names red, shoot.yaml gives the colour 'navy'"),
        ({"title": " "}, "title is empty"),
        ({"alt_text": "word " * 60}, "more than 160"),
    ],
)
def test_contradictions_and_excess_lengths_are_found(changes: dict[str, object], fault: str) -> None:
    faults = faults_of(caption(**changes), FACTS)
    assert len(faults) == 1 and fault in faults[0]


@pytest.mark.parametrize("text", ["short", "one two three four", "x" * 50, "  many   spaces here  "])
def test_cut_stays_within_its_limit(text: str) -> None:
    assert 0 < len(cut(text, 12)) <= 12
    assert cut(text, 100) == " ".join(text.split())
