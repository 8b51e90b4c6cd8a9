"""Forms of verbs that are led back to their infinitives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.briefs.conjugation import ENDINGS, infinitives
from tests.language.briefs.briefs import shown


@pytest.mark.parametrize(
    ("form", "language", "infinitive"),
    [
        ("dropped", "en", "drop"),
        ("making", "en", "make"),
        ("carries", "en", "carry"),
        ("zieh", "de", "ziehen"),
        ("stort", "de", "storen"),
        ("mettrais", "fr", "mettre"),
        ("tomberait", "fr", "tomber"),
        ("pouviez", "fr", "pouvoir"),
        ("adoucissez", "fr", "adoucir"),
    ],
)
def test_a_form_is_led_back_to_its_infinitive(form, language, infinitive):
    assert infinitive in infinitives(form, language)


@given(st.text("abdegimnoprst", min_size=3, max_size=8), st.sampled_from(sorted(ENDINGS)), st.data())
def test_every_ending_leads_from_the_form_back_to_the_verb(stem, language, data):
    ending, added = data.draw(st.sampled_from(sorted(ENDINGS[language].items())))
    found = infinitives(stem + ending, language)
    assert {stem + each for each in added} - {stem + ending} <= set(found)
    assert stem + ending not in found


@pytest.mark.parametrize(
    "text",
    [
        "Je mettrais la tasse sur ardoise, de face",
        "Si vous pouviez la montrer de face sur ardoise",
    ],
)
def test_forms_that_no_table_lists_are_read(text):
    assert shown(text) == (["front"], ["slate"])
