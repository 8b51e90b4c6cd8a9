import pytest

from pipeline.language import measured
from pipeline.language.base import Facts
from pipeline.language.checks import LIMITS, faults_of
from tests.language.measured.golden_captions import FILES, LANGUAGES, RULES, caption_of, read, shown, subject_of
from tests.language.subjects import DESK


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
def test_caption_may_be_published_and_keeps_every_fact(path, language) -> None:
    product = read(path)["product"]
    subject = subject_of(product, language)
    caption = measured.write(subject, measured.Params(), DESK).caption
    facts = Facts.model_validate({key: value for key, value in product.items() if key not in {"seen", "readings"}})
    assert faults_of(caption, facts, RULES) == ()
    assert caption.language == language and caption.engine == "measured" and caption.model is None
    assert all(len(text) <= LIMITS["alt_text"] == 125 for text in caption.alt_texts.values())
    assert facts.attributes.items() <= caption.attributes.items()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_brand_is_said_once_in_each_text(path) -> None:
    product = read(path)["product"]
    for language in LANGUAGES if product["brand"] else ():
        caption = caption_of(product, language)
        for text in (caption.title, caption.description, *caption.titles.values()):
            assert text.casefold().count(product["brand"].casefold()) == 1
