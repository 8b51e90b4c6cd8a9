import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.claims.quantity import UNITS, quantities


def only(text):
    (quantity,) = quantities(text)
    return quantity


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("holds 350 ml", "volume", 0.35),
        ("fasst 1,5 l", "volume", 1.5),
        ("12 fl oz", "volume", 0.355),
        ("5.000 mAh", "charge", 5000),
        ('a 27" screen', "length", 0.6858),
        ("100% cotton", "percent", 100),
        ("12-hour battery", "time", 43200),
        ("set of 4", "count", 4),
        ("drei Taschen", "count", 3),
        ("une paire", "count", 2),
    ],
)
def test_numbers_are_read_with_their_units(text, dimension, value):
    quantity = only(text)
    assert quantity.dimension == dimension
    assert any(reading == pytest.approx(value, rel=0.01) for reading in quantity.values)


def test_dimensions_share_the_last_unit():
    assert [q.values for q in quantities("9 x 9.5 x 10 cm")] == [(0.09,), (0.095,), (0.1,)]


@pytest.mark.parametrize(("same", "other"), [("350 ml", "0.35 l"), ("1 kg", "2.2 lb"), ("10 cm", "3.94 in")])
def test_equal_sizes_in_other_units_are_equal(same, other):
    assert only(same).equals(only(other))


@pytest.mark.parametrize(("one", "two"), [("350 ml", "500 ml"), ("3", "4"), ("10 cm", "10 g"), ("99%", "100%")])
def test_different_sizes_are_not_equal(one, two):
    assert not only(one).equals(only(two))


@given(st.integers(1, 10_000), st.sampled_from(sorted(UNITS)))
def test_every_unit_is_found_after_a_number(number, unit):
    (dimension, factor), found = UNITS[unit], only(f"with {number} {unit.replace('-', ' ')} of it")
    assert (found.dimension, found.values[-1]) == (dimension, pytest.approx(number * factor))


@given(st.text(max_size=60))
def test_any_text_is_read_and_every_number_stands_where_it_says(text):
    for quantity in quantities(text):
        assert quantity.words in text[quantity.start : quantity.end]


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("Sechserset", "count", 6),
        ("im Doppelpack", "count", 2),
        ("zwölfteilig", "count", 12),
        ("achtundvierzig Stunden", "time", 172800),
        ("a ten-year warranty", "time", 315576000),
        ("twenty-four pieces", "count", 24),
        ("soixante-douze pages", "count", 72),
        ("quatre-vingt-onze pages", "count", 91),
        ("pendant vingt et un jours", "time", 1814400),
    ],
)
def test_numbers_as_words_are_read(text, dimension, value):
    quantity = only(text)
    assert (quantity.dimension, quantity.values) == (dimension, (value,))
