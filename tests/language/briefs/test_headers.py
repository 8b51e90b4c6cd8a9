"""What a heading says of the items of its list."""

import pytest

from tests.language.briefs.briefs import read


def test_each_item_takes_over_what_the_heading_says():
    plan = read("Remove:\n- hang tag\n- loose thread\n\nBackdrop: white")
    assert [wish.text for wish in plan.wishes if wish.alters_product] == ["hang tag", "loose thread"]
    assert not plan.refused


@pytest.mark.parametrize("heading", ["Please avoid:", "No:", "Bitte nicht:", "Sans :"])
def test_nothing_of_a_list_of_what_is_not_wanted_is_set(heading):
    plan = read(f"front on white\n{heading}\n- marble\n- snow")
    assert [one.name for one in plan.shoot.backdrops] == ["white"] and [one.text for one in plan.refused] == ["snow"]


@pytest.mark.parametrize(
    "text",
    [
        "Front:\n- crop 4:5\n- 10% brighter\nBack:\n- crop 1:1",
        "- front\n  - crop 4:5\n  - 10% brighter\n- back\n  - crop 1:1",
        "* front - crop 4:5 - 10% brighter\n* back - crop 1:1",
    ],
)
def test_edits_below_a_view_are_of_that_view(text):
    plan = read(text)
    edits = {name: one.model_dump(exclude_defaults=True) for name, one in plan.shoot.edits.items()}
    assert edits == {
        "front": {"crop": {"aspect": "4:5"}, "brightness_ev": 0.138},
        "back": {"crop": {"aspect": "1:1"}},
    }
    assert not plan.refused


def test_a_list_about_the_light_is_about_no_view():
    shoot = read("Light:\n- soft\n- from the left\nfront").shoot
    assert [angle.name for angle in shoot.angles] == ["front"]
    assert (shoot.light.azimuth_deg, shoot.light.softness) == (-90, 0.9)
