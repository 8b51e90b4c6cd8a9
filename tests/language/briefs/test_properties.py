"""What must hold for any brief."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from tests.language.briefs.briefs import PARTS, UNREAD, corpus, read

BRIEFS = [brief for part in PARTS if part not in UNREAD for brief in corpus(part) if brief.get("shoot")]
SENTENCES = (
    "Thanks so much for your help!", "No rush at all.", "The last batch sold out within a week.",
    "We are launching the new collection in September.", "Our customers love the details.",
    "Let me know if you have any questions.", "Sorry for the short notice.", "I'll get back to you about the invoice.",
    "Vielen Dank für die schnelle Hilfe!", "Es eilt nicht.", "Wir starten die neue Kollektion im September.",
    "Unsere Kunden mögen das sehr.", "Melde dich gern, wenn du Fragen hast.",
    "Merci beaucoup pour votre aide !", "Rien ne presse.", "Nous lançons la nouvelle collection en septembre.",
    "Nos clients en sont ravis.", "N'hésitez pas à m'appeler.",
)  # fmt: skip
ITEMS = {
    "en": ("front", "45° left", "from above", "on light oak", "crop 4:5", "10% brighter", "soft light", "for Amazon"),
    "de": ("Vorderseite", "45° links", "von oben", "auf Eiche", "Zuschnitt 4:5", "10 % heller", "weiches Licht"),
    "fr": ("face", "45° à gauche", "de dessus", "sur chêne clair", "format 4:5", "10 % plus clair", "lumière douce"),
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(BRIEFS), st.sampled_from(SENTENCES), st.booleans())
def test_a_sentence_of_courtesy_or_reason_changes_no_setting(brief, sentence, first):
    try:
        before = read(brief["text"]).shoot
    except BadInput:
        return
    greeted = brief["style"] == "e-mail" or brief["text"].startswith("Morning")
    text = f"{sentence}\n\n{brief['text']}" if first and not greeted else f"{brief['text']}\n\n{sentence}\n"
    assert read(text).shoot == before


def settings_of(text):
    shoot = read(text).shoot
    edits = {name: one.model_dump_json() for name, one in shoot.edits.items()}
    return {one.name for one in shoot.angles}, {one.name for one in shoot.backdrops}, shoot.channels, shoot.light, edits


@pytest.mark.parametrize("language", ITEMS)
@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(["- {}", "* {}", "{}", "[ ] {}"]))
def test_the_order_of_the_items_of_a_list_changes_no_setting(language, data, bullet):
    items = data.draw(st.lists(st.sampled_from(ITEMS[language]), min_size=2, unique=True))
    mixed = data.draw(st.permutations(items))
    lines = ["\n".join(bullet.format(item) for item in each) for each in (items, mixed)]
    assert settings_of(lines[0]) == settings_of(lines[1])
