import pytest

from pipeline.core.evidence import Evidence
from pipeline.core.records import Caption
from pipeline.language.claims.ledger import ledger, objections
from pipeline.language.lexicon.equivalents import in_other_words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Pflege", "spülmaschinenfest", ["dishwasher safe", "compatible lave-vaisselle", "au lave-vaisselle"]),
        ("Material", "80 % Bio-Baumwolle, 20 % Elasthan", ["organic cotton", "coton biologique", "elastane"]),
        ("couleur", "vert olive", ["olive", "Oliv"]),
        ("age", "3+", ["3 years", "3 Jahre", "3 ans"]),
        ("pays d'origine", "États-Unis", ["the USA", "in den USA"]),
        ("category", "home/kitchen/French press", ["Pressstempelkanne", "cafetière à piston"]),
        ("title", "Harbour corkscrew in oak", ["Korkenzieher", "tire-bouchon"]),
    ],
)
def test_known_values_are_said_in_every_language(name: str, value: str, words: list[str]) -> None:
    said = in_other_words(name, value)
    assert all(word in said for word in words), said


@pytest.mark.parametrize(("name", "value"), [("story", "teal"), ("care", "as you like"), ("x", ""), ("title", "Zylo")])
def test_nothing_is_known_of_other_values(name: str, value: str) -> None:
    assert in_other_words(name, value) == ""


@pytest.mark.parametrize(
    ("facts", "true", "false"),
    [
        ({"Material": "Massiveiche"}, "It is made of solid oak.", "It is made of walnut."),
        ({"age": "8+", "play time": "45 min"}, "Suitable from 8 years.", "Suitable from 3 years."),
        ({"matière": "vermeil"}, "Made of gold-plated silver.", "Made of stainless steel."),
    ],
)
def test_claim_is_judged_by_a_fact_in_another_language(facts: dict[str, str], true: str, false: str) -> None:
    for sentence, holds in ((true, True), (false, False)):
        caption = Caption(
            engine="x", title="Zylo", description=sentence, alt_text="Zylo", attributes={}, prompt="a product"
        )
        assert (objections(ledger(caption, Evidence(facts=facts))) == ()) is holds, sentence
