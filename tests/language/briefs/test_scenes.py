"""Which mood belongs to which backdrop."""

import pytest

from tests.language.briefs.briefs import read, shown

MARBLE = "light marble kitchen counter, morning light"


@pytest.mark.parametrize(
    ("text", "backdrops"),
    [
        ("a version with snow, and another one with autumn colours", ["snow", "autumn"]),
        ("eine Version mit Schnee und eine mit Herbststimmung", ["snow", "autumn"]),
        ("une version avec neige et une autre avec ambiance automne", ["snow", "autumn"]),
        ("two versions: sunset and sunrise", ["sunset", "sunrise"]),
        ("deux versions : neige et automne", ["snow", "autumn"]),
        ("Eiche, einmal mit Schnee, einmal mit Sonnenuntergang", ["oak, snow", "oak, sunset"]),
        ("on oak: two versions, sunset and sunrise", ["oak, sunset", "oak, sunrise"]),
        ("one at sunset, one at night, on oak", ["oak, sunset", "oak, night"]),
        ("oak at sunset, marble at night", ["oak, sunset", f"{MARBLE}, night"]),
        ("on oak with morning light; on slate with evening light", ["oak, morning light", "slate, evening light"]),
        ("a version on oak and another one with snow", ["oak", "snow"]),
        ("in winter, with morning light", ["winter, morning light"]),
        ("sur du chêne, avec une ambiance coucher de soleil", ["oak, sunset"]),
        ("- oak, sunrise\n- front, oak, sunrise", ["oak, sunrise"]),
    ],
)
def test_each_scene_has_the_moods_that_are_said_of_it(text, backdrops):
    assert shown(text)[1] == backdrops


@pytest.mark.parametrize(
    ("text", "extend"),
    [
        ("leave room for text at the top, on marble", "tall"),
        ("on marble, with space on the left", "wide"),
        ("landscape, 3:2, with room on the right, on marble", "wide"),
    ],
)
def test_room_beside_the_product_continues_the_scene(text, extend):
    plan = read(text)
    assert [one.extend for one in plan.shoot.backdrops] == [extend] and not plan.shoot.angles and not plan.refused
