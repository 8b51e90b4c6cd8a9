"""Words of directions that mean none."""

import pytest

from pipeline.core.errors import BadInput
from tests.language.briefs.briefs import read, shown


@pytest.mark.parametrize(
    "text",
    [
        "See the notes below: {}.",
        "Please do the shots below: {}.",
        "As above, {}.",
        "I'll get back to you. {}.",
        "Please send it back by Friday. {}.",
        "Right, so: {}.",
        "What's left to do: {}.",
        "top priority: {}",
        "{}, right?",
        "Top, danke! {}.",
        "wie oben, {}",
        "Ce serait top d'avoir : {}",
        "la liste ci-dessous : {}",
        "the front page needs it: {}",
        "give it the green light, {}",
    ],
)
def test_an_idiom_beside_a_wish_sets_nothing(text):
    assert shown(text.format("left on oak")) == (["left"], ["oak"])


@pytest.mark.parametrize(
    ("text", "angles"),
    [
        ("get the back on white", ["back"]),
        ("get back and front on white", ["back", "front"]),
        ("need back of the tee on white", ["back"]),
        ("front, 45° above", ["front-up-45"]),
        ("vue de face et dessus sur chêne", ["front", "top"]),
        ("left, back, right on white", ["left", "back", "right"]),
    ],
)
def test_a_direction_that_is_wanted_stays_one(text, angles):
    assert shown(text)[0] == angles


@pytest.mark.parametrize(
    "text",
    [
        "from white to grey gradient behind the mug",
        "un dégradé du blanc au gris derrière la tasse",
        "ein Verlauf von Weiß nach Grau dahinter",
    ],
)
def test_behind_the_product_is_the_backdrop(text):
    assert shown(f"front; {text}") == (["front"], ["white-to-grey"])


@pytest.mark.parametrize(
    "text",
    [
        "between front and left",
        "mirror it left to right",
        "the mug should be on the left of the picture",
        "behind and a little from the left",
        "same contrast as the left one",
        "two cm from the right",
    ],
)
def test_sides_that_are_a_way_a_place_or_a_comparison_are_no_views(text):
    plan = read(f"on white; {text}")
    assert not plan.shoot.angles and plan.refused


@pytest.mark.parametrize(
    ("text", "alters"), [("paint it red", True), ("färb sie rot", True), ("paint the background red", False)]
)
def test_what_is_painted_is_the_product_unless_the_backdrop_is_named(text, alters):
    plan = read(text)
    assert [wish.alters_product for wish in plan.wishes] == [alters] and bool(plan.shoot.backdrops) != alters


def test_a_verb_that_moves_the_light_moves_no_product():
    assert read("move the light to the left").shoot.light.azimuth_deg == -90
    with pytest.raises(BadInput, match="'move' is not among the words"):
        read("move the mug to the left")


@pytest.mark.parametrize(
    ("text", "backdrop"),
    [
        ("oak (light)", "light oak"), ("Background: oak, dark", "dark oak"), ("Eiche (hell)", "light oak"),
        ("chêne (clair)", "light oak"), ("something wooden, oak maybe", "oak"),
        ("Holz, am liebsten Nussbaum", "walnut"),
        ("stone: slate", "slate"),
    ],
)  # fmt: skip
def test_one_backdrop_is_said_more_exactly(text, backdrop):
    assert shown(f"front. {text}") == (["front"], [backdrop]) and not read(f"front. {text}").refused


@pytest.mark.parametrize(
    "text", ["lamp front, white", "Could we have the lamp from the front on white?", "la lampe de face sur fond blanc"]
)
def test_a_lamp_is_the_product_where_no_other_is_named(text):
    plan = read(text)
    assert shown(text) == (["front"], ["white"]) and plan.shoot.light is None


def test_a_lamp_that_is_put_somewhere_is_the_light():
    plan = read("the mug on oak, put the lamp on the right")
    assert not plan.shoot.angles and plan.shoot.light.azimuth_deg == 90
