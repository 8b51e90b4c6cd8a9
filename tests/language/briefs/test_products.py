"""Unknown nouns at the place of the product."""

import pytest

from pipeline.language.briefs.grammar import AS_PRODUCT
from tests.language.briefs.briefs import read, shown


@pytest.mark.parametrize(
    ("text", "noun"),
    [
        ("please show the goblet from the front on oak", "goblet"),
        ("The tray on oak, front", "tray"),
        ("The trivet, front, on oak", "trivet"),
        ("- trivet from the front\n- on oak", "trivet"),
        ("The front of the colander on oak", "colander"),
        ("Die Kanne hätte ich gern von vorn auf Eiche", "Kanne"),
        ("Wir brauchen:\n- Dose von vorn\n- auf Eiche", "Dose"),
        ("Vorderansicht vom Sieb auf Eiche", "Sieb"),
        ("Ich brauche das Sieb auf Eiche, von vorn", "Sieb"),
        ("Le plateau vu de face, sur du chêne", "plateau"),
        ("Il nous faut le moule de face sur du chêne", "moule"),
        ("On aimerait la passoire de face sur du chêne", "passoire"),
        ("La lampe de chevet de face sur du chêne", "chevet"),
    ],
)
def test_an_unknown_noun_at_the_products_place_is_the_product(text, noun):
    plan = read(text)
    assert shown(text) == (["front"], ["oak"]) and not plan.refused
    assert f"{noun!r} is {AS_PRODUCT}" in plan.notes


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("front on oak, a tray under it", "a tray under it"),
        ("front on a tray", "tray"),
        ("the mug on oak with a spoon, front", "spoon"),
        ("please show the mug and the goblet on oak, front", "goblet"),
        ("The tray and a spoon on oak, front", "tray and a spoon"),
        ("put the tray on the left, front on oak", "put the tray on the left"),
        ("front on oak, the crown on the left", "the crown on the left"),
        ("Dramatic from the front, on oak", "Dramatic"),
        ("zoom from the front, on oak", "zoom"),
        ("von vorn auf Eiche, ein Tablett darunter", "ein Tablett darunter"),
        ("de face sur du chêne, avec un plateau", "avec un plateau"),
        ("vase de fleurs de face sur du chêne", "fleurs"),
    ],
)
def test_what_stands_beside_the_product_is_refused(text, refused):
    plan = read(text)
    assert refused in [one.text for one in plan.refused] and shown(text)[0] == ["front"]
    assert not any(AS_PRODUCT in note for note in plan.notes)


@pytest.mark.parametrize(
    "text",
    [
        "spotlight from the left",
        "the sun from the left",
        "Strahler von links",
        "steam from the left",
        "soleil de gauche",
    ],
)
def test_where_a_lamp_or_the_weather_comes_from_is_no_view(text):
    plan = read(f"front on white. {text}")
    assert shown(f"front on white. {text}") == (["front"], ["white"])
    assert [one.text for one in plan.refused] == [text] and plan.shoot.light is None


def test_only_one_noun_is_the_product():
    plan = read("The goblet from the left, the colander from above")
    assert [one.text for one in plan.refused] == ["colander"]
