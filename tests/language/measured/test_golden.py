from pathlib import Path

import pytest

from pipeline.language import measured
from pipeline.language.checks import LIMITS, faults_of
from pipeline.language.claims.ledger import ledger, objections
from pipeline.shoot import read_shoot
from tests.language.measured.golden_captions import (
    FILES,
    FOLDER,
    LANGUAGES,
    RULES,
    caption_of,
    desk_of,
    read,
    shown,
    subject_of,
)

ROOT = Path(__file__).parents[3]


def test_there_are_enough_products_in_three_languages() -> None:
    assert len(FILES) >= 25
    assert all(set(read(path)) == {"product", *LANGUAGES} for path in FILES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_caption_is_the_one_that_was_read(path, language) -> None:
    entry = read(path)
    assert shown(caption_of(entry["product"], language)) == entry[language]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_first_draft_may_be_published_and_keeps_every_fact(path, language) -> None:
    product = read(path)["product"]
    subject = subject_of(product, language)
    written = measured.write(subject, measured.Params(), desk_of(subject))
    caption = written.caption
    assert written.attempts == 1
    assert faults_of(caption, RULES) == () and objections(ledger(caption, subject.evidence)) == ()
    assert caption.language == language and caption.engine == "measured" and caption.model is None
    assert all(len(text) <= LIMITS["alt_text"] == 125 for text in caption.alt_texts.values())
    assert caption.attributes == subject.facts.attributes


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_brand_is_said_once_in_each_text(path) -> None:
    product = read(path)["product"]
    for language in LANGUAGES if product["brand"] else ():
        caption = caption_of(product, language)
        for text in (caption.title, caption.description, *caption.titles.values()):
            assert text.casefold().count(product["brand"].casefold()) == 1


@pytest.mark.parametrize("name", ["mug", "tee"])
def test_the_documentation_shows_what_is_written_for_the_samples(name) -> None:
    entry = read(FOLDER / f"{name}.yaml")
    page = (ROOT / "docs" / "captions.md").read_text(encoding="utf-8")
    shoot = read_shoot(ROOT / "examples" / "collection" / f"{name}-001")
    assert {field: getattr(shoot, field) for field in ("title", "brand", "category", "attributes")} == {
        field: value for field, value in entry["product"].items() if field not in {"seen", "readings"}
    }
    for language in LANGUAGES:
        assert f"| `{language}` | {entry[language]['description']} |" in page
        assert name != "mug" or f"| {' · '.join(entry[language]['bullets'])} |" in page
