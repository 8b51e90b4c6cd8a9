import pytest

from pipeline.language.colours import TABLE
from pipeline.language.lexicon.tables import (
    UNIFORM,
    categories,
    categories_in,
    category_of,
    colours,
    countries,
    forms,
    materials,
)
from pipeline.language.lexicon.words import LANGUAGES, key_of, rows


def test_at_least_150_categories_have_a_noun_in_every_language() -> None:
    nouns = {tuple(category[language].text for language in LANGUAGES) for category in categories().values()}
    assert len(nouns) >= 150
    assert all(noun.text and noun.plurals for category in categories().values() for noun in category.values())


def test_every_noun_has_the_gender_that_its_articles_need() -> None:
    for category in categories().values():
        german, french = category["de"], category["fr"]
        assert german.gender in {"m", "f", "n"} or german.plural, german
        assert french.gender in {"m", "f"}, french
        assert not category["en"].gender


def test_no_word_of_a_language_names_two_categories() -> None:
    lines = [columns[:3] for columns in rows("categories.txt")]
    for column in range(3):
        words = [line[column] for line in lines]
        assert sorted({word for word in words if words.count(word) > 1}) == []


@pytest.mark.parametrize(
    ("word", "noun"),
    [("Mugs", "mug"), ("T-Shirts", "T-shirt"), ("t shirt", "T-shirt"), ("Becher", "mug"), ("tasses", "cup"),
     ("Kochmesser", "chef's knife"), ("chef’s knife", "chef's knife"), ("sneaker", "sneakers"),
     ("watches", "wristwatch"), ("Huile d'olive", "olive oil"), ("BOUCLES D’OREILLES", "earrings")],
)  # fmt: skip
def test_category_is_found_by_its_words_in_any_number_and_language(word: str, noun: str) -> None:
    assert categories()[key_of(word)]["en"].text == noun


def test_word_that_two_languages_share_means_what_it_means_in_the_source() -> None:
    german, english = category_of("Tee", "de"), category_of("Tee", "en")
    assert german and german["en"].text == "tea"
    assert english and english["en"].text == "T-shirt"


def test_every_measured_colour_has_its_words() -> None:
    assert all(colours()[key_of(named.name)].en == named.name for named in TABLE)
    assert all(len(colour.fr) == UNIFORM for colour in colours().values())


def test_french_colours_agree_unless_they_are_nouns() -> None:
    assert [colours()["black"].text("fr", form) for form in range(4)] == ["noir", "noire", "noirs", "noires"]
    assert {colours()["teal"].text("fr", form) for form in range(4)} == {"bleu canard"}


def test_materials_and_countries_are_found_in_every_language() -> None:
    assert materials()["edelstahl"] == materials()["acier inoxydable"] == materials()["stainless steel"]
    assert materials()["holz"].before == "wooden"
    for name in ("USA", "États-Unis", "the USA"):
        assert countries()[key_of(name)] == {"en": "the USA", "de": "in den USA", "fr": "aux États-Unis"}


def test_languages_are_told_by_their_own_words() -> None:
    assert "becher" in forms("de") and "becher" not in forms("en")
    assert key_of("Schreibtischleuchte") in forms("de") and key_of("chaussures de course") in forms("fr")
    assert "rucksack" in categories_in("en") and "rucksack" in categories_in("de")
