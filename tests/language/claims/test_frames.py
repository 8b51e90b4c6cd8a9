import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.claims.frames import capitals, framed


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("with the lettering RIVER CLUB", "text", "RIVER CLUB"),
        ("l'inscription BELLE-ÎLE en relief", "text", "BELLE-ÎLE"),
        ("for E27 bulbs", "size", "E27"),
        ("Format A4", "size", "A4"),
        ("tested to EN 388", "certificate", "EN 388"),
        ("RFID protection", "certificate", "RFID"),
        ("LED-Leuchtmittel liegt bei", "certificate", "LED"),
        ("a jug by Nilsson & Daughters", "name", "Nilsson"),
        ("Becher von Karla Holm", "name", "Karla Holm"),
        ("signée Duval", "name", "Duval"),
        ("made with care in Ghent", "origin", "Ghent"),
        ("fabriqué à la main à Cholet", "origin", "Cholet"),
        ("aus einer Manufaktur in Meran", "origin", "Meran"),
    ],
)
def test_claims_are_recognised_by_their_form(text, kind, value):
    assert (kind, value) in [(claim.kind, claim.value) for claim in (*capitals(text), *framed(text))]


@pytest.mark.parametrize(
    "text",
    [
        "A teal mug",
        "HARBOUR STONEWARE MUG IN TEAL",
        "Bitte von Hand waschen",
        "Size M T-shirt",
        "made in small batches",
    ],
)
def test_plain_words_are_no_such_claims(text):
    assert [*capitals(text), *framed(text)] == []


@given(st.text(max_size=80))
def test_words_are_those_of_the_text(text):
    assert all(text[claim.start : claim.end] == claim.words for claim in (*capitals(text), *framed(text)))
