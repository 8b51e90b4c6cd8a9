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


@pytest.mark.parametrize(
    "text",
    [
        "There's a loose thread on the sleeve. Please remove it.",
        "Da ist ein Fleck auf dem Ärmel. Bitte entfernen.",
        "Il y a une tache sur la manche. Enlevez-la svp.",
    ],
)
def test_a_part_that_is_complained_of_is_what_is_removed(text):
    plan = read(text)
    assert [wish.alters_product for wish in plan.wishes] == [True] and not plan.refused


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("There's too much air at the bottom, cut off 8%", "bottom"),
        ("Unten ist mir zu viel Luft, schneidet da bitte 8 % weg.", "bottom"),
        ("En haut il y a trop de vide, coupez 8 %", "top"),
    ],
)
def test_a_cut_is_of_the_edge_that_is_complained_of(text, edge):
    assert settings_of(text)[1]["front"] == {"crop": {edge: 0.08}}


def test_a_way_that_is_complained_of_is_no_view():
    assert settings_of("Das Bild kippt nach links, dreh es um 1° im Uhrzeigersinn")[0] == []


def test_the_lamp_is_put_where_a_pronoun_says_so():
    light = read("L'ombre est trop dure, adoucis-la et mets-la à gauche").shoot.light
    assert light is not None and (light.azimuth_deg, light.softness) == (90, 0.9)
