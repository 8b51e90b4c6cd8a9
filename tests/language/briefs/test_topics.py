"""What `it` refers to after a statement."""

import pytest

from tests.language.briefs.briefs import read


def settings_of(text):
    shoot = read(text).shoot
    edits = {name: one.model_dump(exclude_defaults=True) for name, one in shoot.edits.items()}
    return [angle.name for angle in shoot.angles], edits, shoot.light and shoot.light.softness


@pytest.mark.parametrize(
    "text",
    [
        "The light is too hard, make it softer.",
        "The shadow is fine. Make it softer.",
        "The light is a bit hard, could you make it softer?",
        "Das Licht ist zu hart, mach es weicher.",
        "La lumière est trop dure, adoucis-la.",
    ],
)
def test_a_softer_it_is_the_light_that_was_called_hard(text):
    assert settings_of(text) == ([], {}, 0.9)


@pytest.mark.parametrize(
    "text",
    [
        "The contrast is a bit much, take it down by 10%.",
        "The contrast is a bit much so take it down by 10%.",
        "Der Kontrast ist zu stark, nimm ihn um 10 % runter.",
        "Le contraste est trop fort, baisse-le de 10 %.",
    ],
)
def test_an_amount_changes_what_was_called_too_much(text):
    _, edits, _ = settings_of(text)
    assert len(edits) > 1 and all(one == {"contrast": 0.9} for one in edits.values())


@pytest.mark.parametrize(
    ("text", "angle"),
    [
        ("The front is too dark, make it 10% brighter.", "front"),
        ("the back shot is way too dark. Can you make it 10% brighter?", "back"),
        ("Die Ansicht von links ist zu dunkel, bitte mach sie 10 % heller.", "left"),
        ("La vue de face est trop sombre : éclaircis-la de 10 %.", "front"),
        ("The left one is too dark, 10% brighter please", "left"),
        ("The back right is too flat, brighten it by 10%", "back-right"),
        ("brighten the back by 10%", "back"),
    ],
)
def test_a_view_that_is_complained_of_is_the_one_that_changes(text, angle):
    assert settings_of(text) == ([angle], {angle: {"brightness_ev": 0.138}}, None)


def test_a_darker_backdrop_is_refused_also_as_it():
    plan = read("The background is too bright, make it darker; front")
    assert not plan.shoot.edits and [one.text for one in plan.refused] == ["make it darker"]


def test_a_sentence_about_it_goes_on_about_the_lamp():
    shoot = read("Make the light soft. It should come from the left.").shoot
    assert not shoot.angles and (shoot.light.azimuth_deg, shoot.light.softness) == (-90, 0.9)


@pytest.mark.parametrize(
    ("text", "angle", "degrees"),
    [
        ("rotate the left one by 0.8 degrees counterclockwise", "left", 0.8),
        ("drehe das linke Bild um 2° im Uhrzeigersinn", "left", -2),
        ("tourne l'image de droite de 2° dans le sens horaire", "right", -2),
    ],
)
def test_the_picture_that_is_rotated_is_not_the_way(text, angle, degrees):
    assert settings_of(text) == ([angle], {angle: {"rotate_deg": degrees}}, None)
    assert set(read("rotate to the left by 2°").shoot.edits) > {"front", "left"}
