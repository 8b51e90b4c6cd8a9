import pytest

from pipeline.language.claims.ledger import ledger, objections
from tests.language.measured.golden_captions import FILES, LANGUAGES, caption_of, read, subject_of


@pytest.mark.parametrize("language", LANGUAGES)
def test_embedded_writer_claims_nothing_without_evidence(language):
    products = {path.stem: read(path)["product"] for path in FILES}
    refused = {
        name: objections(ledger(caption_of(product, language), subject_of(product, language).evidence))
        for name, product in products.items()
    }
    assert len(refused) >= 20
    assert {name: words for name, words in refused.items() if words} == {}
