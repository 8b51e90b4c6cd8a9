import pytest

from pipeline.core.errors import BadInput
from pipeline.language.briefs import grammar
from tests.language.briefs.briefs import KNOWN


def read(text):
    return grammar.read(text, KNOWN, grammar.Params(), lambda usd: None)


@pytest.mark.parametrize(
    "text",
    [
        "handle on the right",
        "Henkel rechts",
        "a bit more to the left",
        "un peu plus à gauche",
        "nach links kippen",
        "crop 10 px from the left",
        "dusty pink background",
        "sur une nappe blanche",
        "auf rotem Samt",
        "no snow",
        "ein Zehntel heller",
        "make the background darker",
        "white or grey",
        "anything but white",
        "black and white",
    ],
)
def test_a_phrase_that_the_word_beside_it_changes_sets_nothing(text):
    plan = read(f"back; {text}")
    assert [angle.name for angle in plan.shoot.angles] == ["back"] and plan.refused
    assert not plan.shoot.backdrops and not plan.shoot.edits and plan.shoot.light is None


@pytest.mark.parametrize(
    ("text", "brightness_ev"),
    [
        ("-1/3 EV", -0.333),
        ("+\u00bd EV", 0.5),
        ("pull the exposure down by one stop", -1),
        ("two thirds of a stop brighter", 0.667),
        ("eine Drittelblende dunkler", -0.333),
        ("increase exposure by 2/3 of a stop", 0.667),
        ("d'un diaphragme plus sombre", -1),
        ("brightness 120%", 0.263),
    ],
)
def test_a_fraction_and_its_sign_are_read_whole_or_not_at_all(text, brightness_ev):
    (edits,) = read(f"front; {text}").shoot.edits.values()
    assert edits.brightness_ev == brightness_ev


def test_a_trim_goes_on_after_a_comma():
    (edits,) = read("front; crop 8% top, 4% bottom").shoot.edits.values()
    assert (edits.crop.top, edits.crop.bottom) == (0.08, 0.04)


@pytest.mark.parametrize(
    "text",
    [
        "a harder light, which comes from the right",
        "une lumière plus dure, qui vient de la droite",
        "ein härteres Licht, das von rechts kommt",
    ],
)
def test_a_clause_on_the_lamp_is_not_a_view(text):
    plan = read(text)
    assert not plan.shoot.angles and plan.shoot.light is not None
    assert (plan.shoot.light.azimuth_deg, plan.shoot.light.softness) == (90, 0.1)


def test_a_side_that_may_be_of_the_light_or_of_the_view_is_refused():
    (refused,) = read("soft light, from the left").refused
    assert "write `light from the left` or `view from the left`" in refused.reason


def test_a_ratio_that_is_called_by_the_other_orientation_is_refused():
    (refused,) = read("front; 4:5 landscape").refused
    assert "4:5 is portrait, not landscape" in refused.reason
    assert read("front; 3:4 portrait").shoot.edits["front"].crop.aspect == "3:4"


def test_each_angle_on_each_backdrop_is_said_in_the_plan():
    (note,) = read("front on white and back on oak").notes
    assert note == (
        "each of the 2 angles is made on each of the 2 backdrops; write one brief for each pair that is wanted alone"
    )


def test_edits_beside_an_angle_that_is_refused_are_said_to_reach_all():
    plan = read("side view, crop 4:5")
    assert plan.refused and len(plan.shoot.edits) == len(KNOWN.angles)
    assert plan.notes == ("no angle of the brief was understood, so its edits apply to all angles of the shoot",)
    assert not read("crop 4:5").notes


@pytest.mark.parametrize("text", ["Hope you can make it levitate.", "Thanks for making it levitate."])
def test_a_wish_dressed_as_a_pleasantry_is_refused_not_lost(text):
    assert any("levitate" in refused.text for refused in read(f"Hi,\n{text}\nFront on white.").refused)
    with pytest.raises(BadInput, match="levitate"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "show the back label", "front pocket visible", "just the right shoe", "linker Schuh", "less grey background",
        "daylight from the left", "more contrast between mug and background", "rotate left",
        "trim a sliver off the bottom", "from white (top) to grey (bottom)",
    ],
)  # fmt: skip
def test_a_side_or_a_shade_of_something_else_is_no_view_and_no_edit(text):
    plan = read(f"{text}. Crop 4:5")
    assert plan.refused and not plan.shoot.angles
    assert all(set(one.model_dump(exclude_defaults=True)) == {"crop"} for one in plan.shoot.edits.values())
