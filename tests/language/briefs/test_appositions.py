"""Words that say more of a thing before them."""

import pytest

from tests.language.briefs.briefs import read, shown


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
