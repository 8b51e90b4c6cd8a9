"""What is not wanted."""

import pytest

from tests.language.briefs.briefs import read, shown


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("front, not marble again please, oak", "not marble"),
        ("front. Forget the marble. Oak.", "Forget the marble"),
        ("front on oak, please don't crop it", "don't crop it"),
        ("front on oak; the background shouldn't be white", "shouldn't be white"),
        ("I can't stand the grey any more. Oak please, front", "can't stand the grey"),
        ("von vorn auf Eiche, nicht auf Weiß", "nicht auf Weiß"),
        ("Bitte keine Deko, einfach von vorn auf Eiche", "keine Deko"),
        ("Mir gefällt das Grau nicht. Nehmt bitte Eiche, von vorn", "Grau nicht"),
        ("de face, pas de marbre cette fois, plutôt du chêne", "Pas de marbre".lower()),
        ("Je ne veux plus de marbre, mettez-moi du chêne, de face", "ne veux plus de marbre"),
    ],
)
def test_what_is_not_wanted_is_noted_where_something_else_is_wanted(text, note):
    plan = read(text)
    assert shown(text) == (["front"], ["oak"]) and not plan.refused and not plan.shoot.edits
    assert any(note in one for one in plan.notes)


@pytest.mark.parametrize(
    "text",
    [
        "front, no marble", "front, not on white", "von vorn, kein Holz", "front, everything but marble",
        "front on oak, not on oak", "front, not too bright", "de face, pas trop mat", "front, no snow",
    ],
)  # fmt: skip
def test_what_is_not_wanted_is_refused_where_the_shoot_may_do_it(text):
    assert read(text).refused


def test_what_is_scrapped_is_taken_back():
    text = "Front first. Actually no, scrap the front, I'd rather have the left side and then the right side."
    assert shown(text) == (["left", "right"], []) and not read(text).refused


@pytest.mark.parametrize(
    "text", ["oak not marble, front", "Eiche nicht Marmor, vorne", "du chêne pas du marbre, de face"]
)
def test_what_follows_not_is_not_wanted(text):
    assert shown(text) == (["front"], ["oak"]) and not read(text).refused


@pytest.mark.parametrize(
    "text",
    [
        "everything on white except the back, which goes on grey",
        "alles auf Weiß außer der Rückseite, die kommt auf Grau",
    ],
)
def test_an_exception_and_what_is_said_of_it_are_refused(text):
    plan = read(f"{text}. Crop 4:5")
    assert len(plan.refused) == 2 and not plan.shoot.angles and not plan.shoot.backdrops


def test_a_shadow_that_is_not_wanted_is_met_by_the_light_that_is():
    plan = read("no harsh shadows please, soft light")
    assert plan.shoot.light is not None and plan.shoot.light.softness == 0.9 and not plan.refused


def test_a_view_that_is_answered_with_no_is_not_wanted():
    assert shown("front yes, back no") == (["front"], []) and not read("front yes, back no").refused
