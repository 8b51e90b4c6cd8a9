import pytest

from pipeline.language.lexicon.units import date_text, dative, read_age, read_quantity


@pytest.mark.parametrize(
    ("given", "en", "de", "fr"),
    [
        ("350 ml", "350 ml", "350 ml", "350 ml"),
        ("350ml", "350 ml", "350 ml", "350 ml"),
        ("1,5 l", "1.5 l", "1,5 l", "1,5 l"),
        ("2.0 Ah", "2.0 Ah", "2,0 Ah", "2,0 Ah"),
        ("0.125 l", "0.125 l", "0,125 l", "0,125 l"),
        ("10 x 9 x 8 cm", "10 × 9 × 8 cm", "10 × 9 × 8 cm", "10 × 9 × 8 cm"),
        ("10cm x 9cm", "10 × 9 cm", "10 × 9 cm", "10 × 9 cm"),
        ("55-59 cm", "55–59 cm", "55–59 cm", "55–59 cm"),
        ('15.6"', "15.6 in", "15,6 Zoll", "15,6 pouces"),
        ("30 h", "30 hours", "30 Stunden", "30 heures"),
        ("1001 hours", "1001 hours", "1001 Stunden", "1001 heures"),
        ("1 year", "1 year", "1 Jahr", "1 an"),
        ("32 fl oz", "32 fl oz", "32 fl oz", "32 fl oz"),
        ("80 %", "80%", "80 %", "80 %"),
        ("18000 mAh", "18000 mAh", "18000 mAh", "18000 mAh"),
    ],
)
def test_quantities_are_written_as_each_language_does(given: str, en: str, de: str, fr: str) -> None:
    quantity = read_quantity(given)
    assert quantity
    assert [" ".join(quantity.text(language).split()) for language in ("en", "de", "fr")] == [en, de, fr]


@pytest.mark.parametrize(
    ("given", "source", "number"),
    [("1,000 g", "en", "1000"), ("1.000 g", "de", "1000"), ("1.500 kg", "en", "1.500"), ("1,500 kg", "fr", "1,500")],
)
def test_thousands_are_told_from_decimals_by_the_source(given: str, source: str, number: str) -> None:
    quantity = read_quantity(given, source)  # type: ignore[arg-type]
    assert quantity and quantity.numbers == (number,)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "large",
        "about 3 l",
        "3 l, with lid",
        "10 cm x 9 kg",
        "3 parsec",
        "EN 71",
        "1.2.3 m",
        "1" + "0" * 28,
        "9" * 40,
    ],
)
def test_text_that_is_no_quantity_is_left_alone(given: str) -> None:
    assert read_quantity(given) is None


@pytest.mark.parametrize(
    "given", ["3+", "from 3 years", "ab 3 Jahren", "3 years +", "dès 3 ans", "3 years and up", "3"]
)
def test_least_age_is_read_in_three_languages(given: str) -> None:
    age = read_age(given)
    assert age and age.text("de") == "3 Jahre" and dative(age.text("de"), "de") == "3 Jahren"


@pytest.mark.parametrize("given", ["0-6 months", "adults", "3 kg", "from 3 to 5 years"])
def test_other_ages_are_not_taken_for_a_least_age(given: str) -> None:
    assert read_age(given) is None


def test_dates_are_written_out() -> None:
    assert [date_text("2024-03-14", language) for language in ("en", "de", "fr")] == [
        "14 March 2024", "14. März 2024", "14 mars 2024",
    ]  # fmt: skip
    assert date_text("14/03/2024", "en") is None and date_text("2024-13-40", "en") is None
