"""Clauses about no picture."""

import pytest

from pipeline.language.briefs import grammar
from tests.language.briefs.briefs import read, shown


@pytest.mark.parametrize(
    "text",
    [
        "Our art director has been on about it for days",
        "The T-shirt pictures look rather dull on our site",
        "we're two days from launch and I still have no hero",
        "When will it be ready?",
        "Call me when you're done",
        "My boss asked why the T-shirt looks so muddy",
        "Buyers keep asking what the sole looks like from behind",
        "There's a fingerprint on the bottle",
        "the handle looks odd from the left",
        "The crop on the last one was awful",
        "the pictures for Amazon came back a tad gloomy",
        "We're relaunching in autumn",
        "Ehrlich gesagt kippt das Bild",
        "Unsere Kundinnen fragen ständig, wie der Schal von hinten aussieht",
        "Eiche hatten wir ja schon",
        "Ich weiß, ich nerve",
        "La photo penche",
        "Le client trouve ça trop sombre",
        "Les bords fuient vers le haut",
        "The glaze will differ",
        "Die Schatten nerven",
        "Der Bote kommt um drei",
        "Säuft sonst ab im Druck",
        "Our printer chokes on dark files",
        "Right, the horizon's off",
    ],
)
def test_what_is_said_sets_nothing_and_is_noted(text):
    plan = read(f"{text.rstrip('?')}. Front on slate.")
    assert shown(f"{text}. Front on slate.") == (["front"], ["slate"])
    assert not plan.refused and not plan.shoot.channels and grammar.SETS_NOTHING in plan.notes[-1]


@pytest.mark.parametrize(
    "text",
    [
        "It has to float", "We need a spoon", "The background is a beach", "There should be steam",
        "Take it down a notch", "Could you send the bottle in CMYK?", "Is it possible to add a spoon?",
        "A cat sits next to the mug", "Steam rises from the mug", "Flowers stand behind it", "Someone drinks from it",
        "The mug stands on a stack of books", "Eine Katze sitzt daneben", "Une cuillère repose à côté de la tasse",
        "Wir brauchen einen Löffel", "Es muss schweben", "Il faudrait une cuillère", "Mirror the picture",
    ],
)  # fmt: skip
def test_what_may_be_a_wish_is_refused(text):
    assert read(f"{text}. Front on slate.").refused


@pytest.mark.parametrize(
    "text",
    [
        "We sell on Otto and need the front on slate",
        "A slate backdrop would give the designers room for a headline, front",
        "Ich würde gern sehen, wie die Tasse auf Schiefer wirkt, von vorn",
    ],
)
def test_a_wish_beside_what_is_said_is_met(text):
    assert shown(text) == (["front"], ["slate"]) and not read(text).refused


@pytest.mark.parametrize(
    "text",
    [
        "We are a small family workshop and make ceramic jugs",
        "Die Naht sehen unsere Kundinnen immer zuerst",
        "Kunden sehen zuerst den Boden",
        "die letzten Bilder waren flau",
        "ruf einfach an",
        "Je rêve d'un film d'espionnage",
        "Wir hatten den Schuh bisher immer vor Schwarz",
        "so far we had it on black",
        "Bisher von links",
        "Nos clients voient d'abord le dos",
    ],
)
def test_what_a_writer_says_of_themselves_or_buyers_sets_nothing(text):
    plan = read(f"front on white. {text}.")
    assert shown(f"front on white. {text}.") == (["front"], ["white"]) and not plan.refused
    assert any(text in note for note in plan.notes)


@pytest.mark.parametrize(
    "text",
    ["Our customers should see the seam", "We are a young label and would love a dreamy look"],
)
def test_what_a_writer_wishes_for_buyers_is_refused(text):
    assert [one.text for one in read(f"front on white. {text}.").refused] == [text]
