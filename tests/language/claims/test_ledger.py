import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import Held
from pipeline.core.records import Caption
from pipeline.language.claims.ledger import ledger, objections, stands, without_false
from tests.language.claims.known import MUG


def caption(**texts):
    given = {
        "engine": "toy",
        "title": "Harbour Coffee Roasters teal stoneware mug",
        "description": "A teal stoneware mug. It holds 350 ml. It is dishwasher safe.",
        "bullets": ("Dishwasher safe", "Stoneware"),
        "titles": {"google": "Teal stoneware mug"},
        "alt_text": "Teal mug, front view",
        "alt_texts": {"front": "Teal mug, front view", "back": "Teal mug, back view"},
        "attributes": {"colour": "teal"},
        "prompt": "a teal stoneware mug",
    }
    return Caption.model_validate(given | texts)


def corrected(**texts):
    written = caption(**texts)
    return without_false(written, ledger(written, MUG))


def test_true_caption_stays_as_it_is():
    written = caption()
    claims = ledger(written, MUG)
    assert objections(claims) == ()
    assert without_false(written, claims) == (written, claims)
    assert {claim.field for claim in claims} == {
        "title", "titles", "description", "bullets", "alt_text", "attributes", "prompt",
    }  # fmt: skip


def test_false_sentence_bullet_title_and_attribute_are_dropped_and_recorded():
    kept, claims = corrected(
        description="A teal stoneware mug. It is microwave safe. It holds 350 ml.",
        bullets=("Made in Italy", "Dishwasher safe"),
        titles={"google": "Porcelain mug", "amazon_main": "Teal mug"},
        attributes={"colour": "teal", "size": "500 ml", "handle": "wide"},
        alt_text="Red mug, front view",
        alt_texts={"front": "Red mug, front view"},
        prompt="a red stoneware mug",
    )
    assert kept.description == "A teal stoneware mug. It holds 350 ml."
    assert kept.bullets == ("Dishwasher safe",)
    assert kept.titles == {"amazon_main": "Teal mug"}
    assert kept.attributes == {"colour": "teal"}
    assert kept.alt_text == kept.alt_texts["front"] == "Harbour Coffee Roasters teal stoneware mug, front view"
    assert kept.prompt == "a stoneware mug"
    assert {claim.words for claim in claims if claim.dropped} == {
        "microwave safe", "Italy", "Porcelain", "size: 500 ml", "handle: wide", "Red", "red",
    }  # fmt: skip
    assert objections(ledger(kept, MUG)) == ()


def test_objections_name_field_words_and_reason():
    written = caption(description="A red mug. It holds 350 ml.")
    assert objections(ledger(written, MUG)) == (
        "description claims 'red': fact:colour, measured:colour.teal, measured:colour.cream says otherwise",
    )


def test_caption_that_loses_its_title_is_held():
    with pytest.raises(Held, match="its title claims 'Red'") as held:
        corrected(title="Red mug")
    assert held.value.code == "caption-claims-unsupported"


def test_caption_without_a_true_sentence_is_held():
    with pytest.raises(Held, match="no sentence of its description"):
        corrected(description="The best mug. Made in Italy.")


@pytest.mark.parametrize(
    ("language", "harmless", "promise"),
    [
        ("en", "A companion for slow mornings.", "Heals tired wrists."),
        ("de", "Ein Begleiter für langsame Morgen.", "Kein Sturz macht ihm etwas aus."),
        ("fr", "Un compagnon pour les matins lents.", "Votre peau vous dira merci."),
    ],
)
def test_free_tone_drops_a_sentence_only_if_it_seems_to_promise(language, harmless, promise):
    true = {"en": "It holds 350 ml.", "de": "Er fasst 350 ml.", "fr": "Il contient 350 ml."}[language]
    written = caption(language=language, description=f"{true} {harmless} {promise}", bullets=(harmless,))
    free, _ = without_false(written, ledger(written, MUG, "free"))
    assert free.description == f"{true} {harmless}"
    assert free.bullets == ()
    strict, _ = without_false(written, ledger(written, MUG))
    assert strict.description == true


@given(st.text(max_size=80), st.text(max_size=40))
def test_whatever_is_written_what_is_kept_makes_no_false_claim(description, bullet):
    written = caption(description=f"A teal mug. {description}", bullets=(bullet,) if bullet.strip() else ())
    try:
        kept, _ = without_false(written, ledger(written, MUG))
    except Held:
        return
    assert all(stands(claim) for claim in ledger(kept, MUG))
