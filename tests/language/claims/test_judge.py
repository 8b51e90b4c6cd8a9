import pytest

from pipeline.language.claims.find import claims_in
from pipeline.language.claims.judge import EvidenceIndex, judged
from tests.language.claims.known import MUG, TEE


def verdicts(text, evidence, field="description", language="en"):
    known = EvidenceIndex(evidence)
    return {claim.words: judged(field, claim, known).verdict for claim in claims_in(text, language)}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A glossy teal stoneware mug with cream inside, dishwasher safe, holds 350 ml", "en"),
        ("Holds 0.35 l; a ceramic mug by Harbour Coffee Roasters", "en"),
        ("Becher aus Steinzeug in Petrol, spülmaschinengeeignet, fasst 350 ml", "de"),
        ("Mug en grès bleu sarcelle, passe au lave-vaisselle, contient 350 ml", "fr"),
    ],
)
def test_what_the_evidence_says_is_supported(text, language):
    found = verdicts(text, MUG, language=language)
    assert len(found) >= 3 and set(found.values()) == {"supported"}, found


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a dark green, printed T-shirt of organic cotton, 70 cm long", "en"),
        ('the front reads "Trail & Tea Club", "Est. 1987"', "en"),
        ("100% cotton, made in Portugal, in a set of 3", "en"),
        ("T-shirt aus Bio-Baumwolle, dunkelgrün, in Portugal gefertigt, Maschinenwäsche", "de"),
        ("T-shirt en coton bio, vert foncé, fabriqué au Portugal", "fr"),
    ],
)
def test_readings_and_measurements_are_evidence(text, language):
    found = verdicts(text, TEE, language=language)
    assert found and set(found.values()) == {"supported"}, found


@pytest.mark.parametrize(
    ("words", "text", "evidence"),
    [
        ("red", "a red mug", MUG),
        ("porcelain", "a porcelain mug", MUG),
        ("500 ml", "holds 500 ml", MUG),
        ("dishwasher safe", "not dishwasher safe", MUG),
        ("matt", "a matt surface", MUG),
        ("plain", "a plain T-shirt", TEE),
        ("wool", "made of wool and fabric: wool", TEE.model_copy(update={"facts": {"material": "cotton"}})),
        ("4", "a set of 4", TEE),
        ("Italy", "made in Italy", TEE),
        ('"Coffee Crew"', 'it says "Coffee Crew"', TEE),
        ("Nike", "a T-shirt by Nike", TEE),
    ],
)
def test_claims_against_the_evidence_are_contradicted(words, text, evidence):
    assert verdicts(text, evidence)[words] == "contradicted"


@pytest.mark.parametrize(
    "text",
    [
        "microwave safe", "certified organic", "the finest mug", "Only 19.99 €", "made in Portugal", "20 cm high",
        "keeps drinks hot", "award-winning", "a lifetime guarantee", "the most beautiful mug", "free shipping",
    ],
)  # fmt: skip
def test_claims_without_evidence_are_unsupported(text):
    found = verdicts(text, MUG)
    assert found and set(found.values()) == {"unsupported"}, found


def test_title_names_the_products_own_colour():
    assert verdicts("Cream mug", MUG, field="title") == {"Cream": "contradicted"}
    assert verdicts("cream inside", MUG) == {"cream": "supported"}


def test_uncertain_reading_supports_nothing():
    assert verdicts("waterproof", TEE) == {"waterproof": "unsupported"}
