import pytest

from pipeline.language.base import Facts, TitleRule, Voice
from pipeline.language.checks import repeated
from pipeline.language.lexicon.words import Language
from pipeline.language.measured.editor import Editor
from pipeline.language.measured.product import product_of
from pipeline.language.measured.titles import channel_titles, full_title

EDITOR = Editor(Voice())


def titled(facts: Facts, language: Language) -> str:
    return full_title(facts, product_of(facts, (), language, EDITOR), EDITOR)[0]


def channel_title(title: str, rule: TitleRule, language: Language = "en", **attributes: str) -> str:
    facts = Facts(title=title, category="mug", attributes=attributes)
    return channel_titles(title, product_of(facts, (), language, EDITOR), (rule,), EDITOR)[rule.channel]


@pytest.mark.parametrize(
    ("title", "category", "expected"),
    [
        (
            "Harbour stoneware mug", "mug",
            ("Harbour stoneware mug", "Becher „Harbour“ aus Steinzeug", "mug « Harbour » en grès"),
        ),
        (
            "Becher Hafen aus Steinzeug", "Becher",
            ("Hafen stoneware mug", "Becher Hafen aus Steinzeug", "mug « Hafen » en grès"),
        ),
        (
            "Aurora 700 headphones", "headphones",
            ("Aurora 700 headphones", "Kopfhörer „Aurora 700“", "casque audio « Aurora 700 »"),
        ),
        ("Zylo Handtuch", "Handtuch", ("Zylo towel", "Zylo Handtuch", "serviette « Zylo »")),
        ("Großes Handtuch", "Handtuch", ("towel", "Großes Handtuch", "serviette")),
        ("Petit tapis Sira", "tapis", ("Sira rug", "Teppich „Sira“", "Petit tapis Sira")),
        ("Chef's knife, 20 cm", "chef's knife", ("chef's knife, 20 cm", "Kochmesser, 20 cm", "couteau de chef, 20 cm")),
        ("Zylo X2", "unheard of", ("Zylo X2", "Zylo X2", "Zylo X2")),
        ("Mug with a story", "unheard of/tools", ("mug with a story", "Becher", "mug")),
    ],
)  # fmt: skip
def test_title_is_translated_as_far_as_it_is_known(title: str, category: str, expected: tuple[str, str, str]) -> None:
    facts = Facts(title=title, category=category, brand="Ostwind", attributes={"care": "hand wash", "Größe": "M"})
    found = [titled(facts, language) for language in ("en", "de", "fr")]  # type: ignore[arg-type]
    assert [text.removeprefix("Ostwind ") for text in found] == list(expected)


@pytest.mark.parametrize(
    ("brand", "title", "expected"),
    [
        ("Nordlys", "Harbour mug", "Nordlys Harbour mug"),
        ("Nordlys", "Nordlys Harbour mug", "Nordlys Harbour mug"),
        ("Nordlys", "The Nordlys mug", "The Nordlys mug"),
        ("Harbour Coffee", "Harbour mug", "Harbour Coffee mug"),
        ("Blue Heron", "Blue mug", "Blue Heron blue mug"),
        ("", "Harbour mug", "Harbour mug"),
        ("Nordlys", "Nordlys", "Nordlys"),
        ("Nordlys", "Stoneware Mug", "Nordlys Stoneware Mug"),
        ("Nordlys", "Stoneware mug", "Nordlys stoneware mug"),
    ],
)
def test_brand_is_said_once(brand: str, title: str, expected: str) -> None:
    assert titled(Facts(title=title, brand=brand, category="mug"), "en") == expected


def test_title_that_contradicts_its_category_is_not_translated() -> None:
    facts = Facts(title="Harbour lamp", category="mug", brand="Nordlys")
    assert titled(facts, "de") == "Nordlys Harbour lamp"


def test_channel_title_adds_what_fits_and_is_not_said() -> None:
    given = {"colour": "teal", "material": "stoneware", "capacity": "350 ml", "care": "hand wash"}
    google = TitleRule(channel="google", characters=150)
    assert channel_title("Teal mug", google, **given) == "Teal mug, stoneware, 350 ml"
    assert channel_title("Becher", google, "de", **given) == "Becher, Petrol, aus Steinzeug, 350 ml"
    assert channel_title("Teal mug", google.model_copy(update={"characters": 20}), **given) == "Teal mug, stoneware"


def test_channel_title_is_cut_between_words() -> None:
    rule = TitleRule(channel="google", characters=20)
    assert channel_title("A mug for long mornings at sea", rule) == "A mug for long"
    assert channel_title("A" * 30, rule) == "A" * 20


def test_word_is_not_repeated_more_often_than_the_channel_permits() -> None:
    rule = TitleRule(channel="amazon_main", characters=200, repeats=2)
    title = channel_title("Mug mug MUG and another mug", rule, colour="teal", material="stoneware")
    assert title == "Mug mug and another, teal, stoneware" and repeated(title, 2) == ()
    assert channel_title("Teal teal mug", rule, colour="light blue", material="glass").startswith(
        "Teal teal mug, light"
    )
