import pytest

from pipeline.core.evidence import Evidence, Measurement, Reading
from pipeline.language.claims.find import claims_in
from pipeline.language.claims.judge import judged
from pipeline.language.claims.known import EvidenceIndex
from pipeline.language.claims.ledger import ledger, stands
from tests.language.claims.known import MUG
from tests.language.claims.test_ledger import caption

BOX = {"photo": "A", "box": (0, 0, 9, 9)}
BOOTS = Evidence(
    facts={
        "title": "Moor boots",
        "category": "shoes/boots",
        "material": "solid oak, boxwood inlay",
        "waterproof": "no",
        "vegan": "yes",
        "origin": "Provence",
        "age": "6+",
        "lamp": "E14",
        "closure": "automatic",
        "care": "hand wash only, no ironing",
    },
    measurements=(
        Measurement(name="colour.pale-yellow", kind="colour", value="pale yellow", number=0.9),
        Measurement(name="pattern", kind="pattern", value="striped"),
    ),
    readings=(Reading(number=0, text="RIVER CLUB", score=0.9, **BOX),),
)


def verdicts(text, language="en", field="description"):
    known = EvidenceIndex(BOOTS)
    return {claim.words: judged(field, claim, known).verdict for claim in claims_in(text, language)}


@pytest.mark.parametrize(
    ("text", "language", "words", "verdict"),
    [
        ("not waterproof", "en", "waterproof", "supported"),
        ("Waterproof boots", "en", "Waterproof", "contradicted"),
        ("vegan", "fr", "vegan", "supported"),
        ("aus massiver Eiche", "de", "massiver Eiche", "supported"),
        ("en bois", "fr", "bois", "supported"),
        ("en ébène", "fr", "ébène", "contradicted"),
        ("made in France", "en", "France", "supported"),
        ("made in Brittany", "en", "Brittany", "contradicted"),
        ("hellgelb", "de", "hellgelb", "supported"),
        ("gelbfarbenes Leder", "de", "gelbfarbenes", "supported"),
        ("a yellow pattern", "en", "pattern", "supported"),
        ("a floral design", "en", "floral", "contradicted"),
        ("a pair of boots", "en", "pair", "supported"),
        ("Do not put it in the dishwasher.", "en", "dishwasher", "supported"),
        ("It is not heavy and goes in the dishwasher.", "en", "goes in the dishwasher", "contradicted"),
        ("It goes in the sink and the dishwasher.", "en", "dishwasher", "contradicted"),
        ("Lavez-les à la main, jamais au lave-linge", "fr", "lave-linge", "unsupported"),
        ("kein Bügeln nötig", "de", "Bügeln", "supported"),
        ("im Doppelpack", "de", "Doppelpack", "contradicted"),
        ("ab sechs Jahren", "de", "sechs Jahren", "supported"),
        ("for E27 bulbs", "en", "E27", "contradicted"),
        ("for E14 bulbs", "en", "E14", "supported"),
        ("RIVER CLUB on the shaft", "en", "RIVER CLUB", "supported"),
        ("MOUNTAIN CREW on the shaft", "en", "MOUNTAIN CREW", "contradicted"),
    ],
)
def test_claims_are_judged_by_what_facts_mean(text, language, words, verdict):
    assert verdicts(text, language)[words] == verdict


def test_statements_back_their_translation_and_nothing_else():
    known = EvidenceIndex(BOOTS)
    assert known.backing("Automatischer Verschluss") == ["fact:closure"]
    assert known.backing("Verschluss: automatic") == ["fact:closure"]
    assert known.backing("Kragen: on") == []
    assert known.backing("A wide handle") == known.backing("Wide moor boots") == []
    assert known.backing("Moor boots.") == ["fact:title"]


def test_text_in_which_no_claim_is_recognised_needs_evidence_too():
    written = caption(description="Stoneware. Morning mood comes in every sip.", bullets=("A wide handle",))
    others = {claim.words: stands(claim) for claim in ledger(written, MUG) if claim.kind == "other"}
    assert others == {"Morning mood comes in every sip.": False, "A wide handle": False}


def test_caption_in_a_language_without_terms_is_checked_for_what_is_recognised():
    texts = {
        "title": "Taza Harbour",
        "description": "Una taza de gres. Tiene 500 ml. Lista para el café. Hecha en PORTO VELHO.",
        "bullets": ("Un asa ancha",),
        "titles": {},
        "alt_text": "Taza",
        "alt_texts": {},
    }
    claims = ledger(caption(language="es-MX", **texts), MUG)
    assert [claim.words for claim in claims if not stands(claim)] == ["500 ml", "PORTO VELHO"]
