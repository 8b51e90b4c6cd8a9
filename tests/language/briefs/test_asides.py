"""What stands in a brief beside its wishes: it sets nothing, is not refused, and is noted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.language.briefs import grammar
from pipeline.language.briefs.lexicon import TALK, lexicon
from tests.language.briefs.briefs import KNOWN, corpus

WISH = "front on white, crop 4:5"


def read(text):
    return grammar.read(text, KNOWN, grammar.Params(), lambda usd: None)


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("For the spring drop, we would like {}.", "For the spring drop"),
        ("{}, because the last batch came out too dark.", "because the last batch came out too dark"),
        ("{}, since our buyers love wood.", "since our buyers love wood"),
        ("Our client keeps asking for it: {}.", "Our client keeps asking for it"),
        ("We're refreshing the homepage, so {}.", "We're refreshing the homepage"),
        ("The last one was on marble and cheap. {}.", "The last one was on marble and cheap"),
        ("Boss wants it by 5pm: {}.", "Boss wants it by 5pm"),
        ("{}. Nothing else needs changing.", "Nothing else needs changing"),
        ("{}; nächsten Sommer geht es auf die Messe.", "Sommer geht"),
        ("Für unseren Frühjahrskatalog: {}.", "Für unseren Frühjahrskatalog"),
        ("{}, damit man besser reinschauen kann.", "damit man besser reinschauen kann"),
        ("Pour la collection de printemps : {}.", "Pour la collection de printemps"),
        ("{}, car ça marche mieux en boutique.", "car ça marche mieux en boutique"),
        ("{} avant vendredi.", "avant vendredi"),
        ("{} by Friday evening.", "Friday evening"),
        ("{}, hopefully.", "hopefully"),
        ("{}, rather than on marble.", "than on marble"),
    ],
)
def test_talk_beside_a_wish_changes_nothing_and_is_noted(text, noted):
    plan, alone = read(text.format(WISH)), read(WISH)
    assert plan.shoot == alone.shoot and not plan.refused
    (note,) = plan.notes
    assert note.startswith(grammar.SETS_NOTHING) and noted in note


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("because we need it from the left on oak", "because we need it from the left on oak"),
        ("for a vintage look", "vintage look"),
        ("for Etsy", "Etsy"),
        ("in our brand green", "brand green"),
        ("dramatically brighter", "dramatically brighter"),
        ("half hidden butterfly", "butterfly"),
        ("with a spoon", "spoon"),
        ("add a cat beside it", "add a cat beside it"),
        ("make it pop", "make it pop"),
        ("steam: yes", "steam"),
    ],
)
def test_what_may_be_a_wish_is_refused_wherever_it_stands(text, refused):
    plan = read(f"{WISH}; {text}")
    assert plan.shoot == read(WISH).shoot
    assert any(refused in one.text for one in plan.refused)


@pytest.mark.parametrize(
    ("text", "backdrops"),
    [
        ("we had it on white last time, now try beige", ["beige"]),
        ("oak instead of marble", ["oak"]),
        ("swap the marble for oak", ["oak"]),
        ("plutôt sur du chêne que sur du marbre", ["oak"]),
        ("The marble is lovely but could we try walnut?", ["walnut"]),
        ("two shots: one on white, one on oak", ["white", "oak"]),
        ("front, plain black behind", ["black"]),
        ("front, sage green, wider scene", ["sage"]),
        ("gradient from top blue to bottom white", ["blue-to-white"]),
    ],
)
def test_only_the_backdrop_that_is_wanted_is_set(text, backdrops):
    assert [backdrop.name for backdrop in read(text).shoot.backdrops] == backdrops


@pytest.mark.parametrize(
    ("text", "angles"),
    [
        ("3/4 right", ["three-quarter-right"]),
        ("\u00be gauche", ["three-quarter-left"]),
        ("45 L and 45 R", ["left-45", "right-45"]),
        ("- front\n- top\n- both sides", ["front", "top", "left", "right"]),
        ("1x front / 1x 30 left", ["front", "left-30"]),
        ("septante degrés à gauche", ["left-70"]),
        ("crop the front to 4:5", ["front"]),
        ("overhead view, put the lamp on white", ["top"]),
        ("oak; front, slightly rotated to the left", ["front"]),
        ("oak; between 30 and 45 degrees left", []),
        ("light from the left and above", []),
        ("a softer shadow. And let it fall to the left.", []),
    ],
)
def test_angles_are_read_as_they_are_written_in_lists_and_in_short(text, angles):
    assert [angle.name for angle in read(text).shoot.angles] == angles


@pytest.mark.parametrize("text", ["ease off the contrast by 5%", "take the contrast down by 5%", "w/ 5% less contrast"])
def test_less_contrast_is_less_however_it_is_said(text):
    (edits,) = read(f"front; {text}").shoot.edits.values()
    assert edits.contrast == 0.95


@pytest.mark.parametrize(
    "text",
    [
        "Dear Rose,\n{}\n\nRegards,\nMr White",
        "Hallo Herr Braun, {}. MfG, Dr. Braun",
        "{}. Cheers, Violet",
        "Hoi Sarah,\n{}\nSent from my phone",
        "{}. Merci d'avance, Rose",
    ],
)
def test_names_of_people_are_no_colours(text):
    plan = read(text.format(WISH))
    assert plan.shoot == read(WISH).shoot and not plan.refused


def test_a_height_in_degrees_counts_more_than_a_vague_one():
    (angle,) = read("slightly from above please, like 30 degrees, on oak").shoot.angles
    assert angle.elevation_deg == 30


def test_an_amount_under_an_unknown_verb_is_refused_because_its_sign_is_not_known():
    plan = read("front; wobble contrast by 5%")
    assert not plan.shoot.edits and plan.refused


def test_light_that_may_be_a_view_sets_neither():
    plan = read("oak; soft light and from the right")
    assert not plan.shoot.angles and "write `light from the left`" in plan.refused[0].reason


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([brief for brief in corpus("tuned") if brief.get("shoot") and not brief.get("refused")]),
    st.sampled_from(sorted({" ".join(key) for key, (first, *_) in lexicon().entries.items() if first.kind == TALK})),
)
def test_a_sentence_of_talk_changes_no_plan(brief, words):
    before = read(brief["text"])
    try:
        after = read(f"{brief['text']}\n\nOur {words} is here.\n")
    except BadInput:
        raise AssertionError(words) from None
    assert after.shoot == before.shoot
