import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.evidence.proportion import Proportion
from pipeline.language.evidence.sizes import MM, given_mm, length_mm, sizes_mm

MUG = Proportion(0.8, 0.9, ("A", "B"))


@pytest.mark.parametrize(
    ("text", "mm"),
    [
        ("95 mm", 95), ("95mm", 95), ("9.5 cm", 95), ("9,5 cm", 95), ("0.5 m", 500), (" 12 Centimetres ", 120),
        ("3.75 in", 95.25), ('3.75"', 95.25), ("3 3/4 in.", 95.25), ("3¾ inches", 95.25),
        ("1/2 inch", 12.7), ("2 ft", 609.6),
    ],
)  # fmt: skip
def test_lengths_are_read(text: str, mm: float) -> None:
    assert length_mm(text) == pytest.approx(mm)


@pytest.mark.parametrize(
    "text",
    ["95", "mm", "", "10 x 20 cm", "10-12 cm", "350 ml", "5 kg", "about 9 cm",
     "9 cm approx", "-9 cm", "0 mm", "1/0 in", "9 5 mm"],
)  # fmt: skip
def test_what_is_no_single_length_is_not_read(text: str) -> None:
    assert length_mm(text) is None


@given(st.text(max_size=40))
def test_any_text_is_a_length_or_none(text: str) -> None:
    size = length_mm(text)
    assert size is None or size > 0


@given(st.integers(1, 99_999), st.sampled_from(sorted(MM)))
def test_every_unit_is_read_with_a_space(number: int, unit: str) -> None:
    assert length_mm(f"{number} {unit}") == pytest.approx(number * MM[unit])


def test_attributes_are_found_in_three_languages() -> None:
    assert given_mm({"Height": "95 mm", "colour": "teal"}) == {"height": 95}
    assert given_mm({"Höhe": "9,5 cm", "breite": "12 cm"}) == {"height": 95, "width": 120}
    assert given_mm({"hauteur": "95 mm", "profondeur": "gros"}) == {"height": 95}


def test_one_size_gives_the_others_to_two_digits() -> None:
    assert sizes_mm({"height": 95.0}, MUG) == {"width": 120.0, "depth": 110.0}
    assert sizes_mm({"width": 118.0}, MUG) == {"height": 94.0, "depth": 110.0}
    assert sizes_mm({"height": 95.0, "width": 118.0}, MUG) == {"depth": 110.0}


def test_no_scale_or_no_proportion_is_no_size() -> None:
    assert sizes_mm({}, MUG) == {} and sizes_mm({"height": 95.0}, None) == {}
    assert sizes_mm({"depth": 50.0}, Proportion(0.8, None, ("A",))) == {}
