"""A later wish takes the place of an earlier one where the brief says so."""

import pytest

from pipeline.language.briefs import grammar
from tests.language.briefs.briefs import read, shown


@pytest.mark.parametrize(
    ("text", "angles", "backdrops"),
    [
        ("front on white, no wait, on grey", ["front"], ["grey"]),
        ("front on oak. Sorry, I meant walnut.", ["front"], ["walnut"]),
        ("front. Scratch that, back. On white", ["back"], ["white"]),
        ("from the left, no, from the right, on oak", ["right"], ["oak"]),
        ("Front on oak? No, walnut.", ["front"], ["walnut"]),
        ("front on oak, hmm no, walnut please", ["front"], ["walnut"]),
        ("45° left, no wait, 30°, on white", ["left-30"], ["white"]),
        ("Von links auf Eiche. Quatsch, von rechts.", ["right"], ["oak"]),
        ("auf Weiß, ach nein, auf Grau, von vorne", ["front"], ["grey"]),
        ("de gauche, non pardon, de droite, sur chêne", ["right"], ["oak"]),
        ("de face sur chêne, ou plutôt noyer", ["front"], ["walnut"]),
        ("de face sur blanc. Finalement, sur gris.", ["front"], ["grey"]),
        ("front on white. Actually, could we also have the left?", ["front", "left"], ["white"]),
        ("front on white, sorry for the hassle", ["front"], ["white"]),
        ("Sorry, front on white please", ["front"], ["white"]),
        ("go from oak to walnut, front", ["front"], ["walnut"]),
        ("passer du blanc au gris, de face", ["front"], ["grey"]),
    ],
)
def test_the_later_of_two_wishes_about_one_thing_is_set(text, angles, backdrops):
    assert shown(text) == (angles, backdrops)


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        ("front; crop 4:5, actually make that 1:1", {"crop": {"aspect": "1:1"}}),
        ("front, 10% brighter. Actually make it 20%.", {"brightness_ev": 0.263}),
        ("front, 10% brighter, or better 15%", {"brightness_ev": 0.202}),
        ("von vorne, 10 % heller, nein, 20 %", {"brightness_ev": 0.263}),
        ("front; brighter, no, darker", {"brightness_ev": -0.3}),
    ],
)
def test_a_corrected_edit_has_the_later_amount_alone(text, edits):
    (found,) = read(text).shoot.edits.values()
    assert found.model_dump(exclude_defaults=True) == edits


def test_what_was_taken_back_is_noted():
    assert read("front on white, no wait, on grey").notes == (f"{grammar.REPLACED}: 'white'",)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("front on white; 10% brighter, no wait, lower", "10% brighter"),
        ("left and right on white, no wait, back", "no wait, back"),
        ("Is grey possible, otherwise white; front", "otherwise white"),
        ("oak if possible, else walnut; front", "else walnut"),
        ("If oak isn't possible, marble is fine; front", "If oak"),
        ("Falls Eiche nicht geht, nehmt Nussbaum; vorne", "nehmt Nussbaum"),
        ("si le chêne n'est pas possible, prenez le noyer ; de face", "prenez le noyer"),
    ],
)
def test_where_it_is_not_clear_which_wish_counts_both_are_refused(text, refused):
    plan = read(text)
    assert any(refused in one.text for one in plan.refused)
    assert plan.shoot.light is None and not plan.shoot.edits
    assert {one.name for one in plan.shoot.backdrops} <= {"white"} - ({"white"} if "grey" in text else set())


@pytest.mark.parametrize(
    ("text", "backdrop"),
    [
        ("On white or on cream? Go with cream", "cream"),
        ("weiß oder creme? Nimm creme", "cream"),
        ("J'hésite entre beige et ivoire pour le fond… non, ivoire, c'est décidé.", "ivory"),
        ("Between oak and walnut... go for walnut", "walnut"),
    ],
)
def test_a_choice_that_the_brief_makes_itself_is_noted(text, backdrop):
    plan = read(text)
    assert shown(text) == ([], [backdrop]) and not plan.refused


@pytest.mark.parametrize(
    ("text", "angle"),
    [("from the left, 45 degrees is enough", "left-45"), ("Von rechts, 60 Grad reichen", "right-60")],
)
def test_degrees_that_follow_a_side_are_of_that_side(text, angle):
    assert shown(text) == ([angle], [])


def test_an_amount_that_follows_takes_the_place_of_the_usual_one():
    edits = read("Slightly darker, say 5%. Fix the keystone, i.e. correct the perspective by 3%").shoot.edits["front"]
    assert (edits.brightness_ev, edits.perspective.vertical) == (-0.074, 0.03)


def test_a_bare_number_after_no_corrects_the_amount():
    assert read("15 % dunkler. Ne, 20.").shoot.edits["front"].brightness_ev == -0.322
