"""What is said of what there is sets nothing."""

import pytest

from tests.language.briefs.briefs import KNOWN, read, shown


@pytest.mark.parametrize(
    "text",
    [
        "the left looks great on grey; {}",
        "la vue de gauche est parfaite ; {}",
        "die Rückseite haben wir schon; {}",
        "Our site is dark grey; {}",
        "Unsere Seite ist schwarz, deshalb {}",
        "Der Deckel ist rot, {}",
        "Summer is over; {}",
        "We shot it on concrete in May. {}",
        "on a déjà le chêne ; {}",
        "I need it by 4:30; {}",
        "The marble is too busy, {}",
    ],
)
def test_a_fact_beside_a_wish_sets_nothing_and_is_noted(text):
    plan = read(text.format("front on white"))
    assert shown(text.format("front on white")) == (["front"], ["white"])
    assert not plan.refused and not plan.shoot.edits and plan.notes


@pytest.mark.parametrize(
    "text",
    [
        "the client loves oak",
        "50% of our customers like oak",
        "Our competitor has theirs on marble",
        "Die Konkurrenz zeigt alles auf Marmor",
        "stop using oak",
        "everything but the back",
        "show the blue one",
        "from light to dark grey gradient",
        "at most 10% brighter",
        "bis zu 10 % heller",
        "au plus 10 % plus clair",
        "the light less harsh",
        "pas d'ombre dure",
        "white at the top",
        "lighter than the grey",
        "wooden table with a white cloth",
        "contrast 90%",
    ],
)
def test_what_may_be_a_wish_or_its_opposite_is_refused(text):
    plan = read(f"front, crop 4:5; {text}")
    assert [angle.name for angle in plan.shoot.angles] == ["front"] and plan.refused
    assert not plan.shoot.backdrops and plan.shoot.light is None
    (edits,) = plan.shoot.edits.values()
    assert edits.model_dump(exclude_defaults=True) == {"crop": {"aspect": "4:5"}}


def test_a_fact_that_accepts_is_a_wish():
    assert shown("white is fine, front is enough") == (["front"], ["white"])


@pytest.mark.parametrize(
    "text",
    [
        "If the left side turns out blurry, just give me the right one instead.",
        "Wenn die linke Seite unscharf ist, nehmt die rechte. Auf Grau.",
        "Si le dos est flou, prenez la face. Sur gris.",
        "Wir überlegen, ob Schiefer besser wäre. Auf Grau.",
        "I can't tell the front from the back. On grey.",
    ],
)
def test_what_depends_on_something_or_is_open_is_refused(text):
    plan = read(text)
    assert plan.refused and not plan.shoot.angles and {one.name for one in plan.shoot.backdrops} <= {"grey"}


@pytest.mark.parametrize(
    "text", ["the whites are blown out", "die Schwarztöne saufen ab", "les noirs sont bouchés", "we're golden"]
)
def test_dark_and_bright_parts_of_a_picture_are_no_backdrop(text):
    plan = read(f"{text}. 10% brighter")
    assert not plan.shoot.backdrops and not plan.refused and len(plan.shoot.edits) == len(KNOWN.angles)
