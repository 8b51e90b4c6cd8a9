import pytest

from pipeline.language import measured
from pipeline.language.claims.ledger import ledger, objections
from tests.language.measured.golden_captions import FILES, LANGUAGES, read, subject_of
from tests.language.subjects import DESK


@pytest.mark.parametrize("language", LANGUAGES)
def test_first_drafts_of_the_embedded_writer_claim_nothing_without_evidence(language):
    subjects = {path.stem: subject_of(read(path)["product"], language) for path in FILES}
    refused = {
        name: objections(ledger(measured.write(subject, measured.Params(), DESK).caption, subject.evidence))
        for name, subject in subjects.items()
    }
    assert len(refused) >= 20
    assert {name: words for name, words in refused.items() if words} == {}
