import pytest

from pipeline.core.domain import Angle
from pipeline.language.checks import LIMITS
from pipeline.language.views import WORDS, alt_texts, view_words


@pytest.mark.parametrize(
    ("azimuth", "elevation", "words"),
    [
        (0, 0, ("front view", "Ansicht von vorn", "vue de face")),
        (180, 35, ("back view from above", "Ansicht von hinten, schräg von oben", "vue arrière, en plongée")),
        (322, 22, ("front left view", "Ansicht von vorn links", "vue avant gauche")),
        (
            95,
            -40,
            ("right view from below", "Ansicht von rechts, schräg von unten", "vue de droite, en contre-plongée"),
        ),
        (10, 80, ("top view", "Ansicht von oben", "vue de dessus")),
        (10, -70, ("bottom view", "Ansicht von unten", "vue de dessous")),
    ],
)
def test_view_is_named_by_its_direction(azimuth: float, elevation: float, words: tuple[str, str, str]) -> None:
    angle = Angle(name="any", azimuth_deg=azimuth, elevation_deg=elevation)
    assert tuple(view_words(angle, language) for language in ("en", "de", "fr")) == words


def test_every_language_names_eight_sides_differently() -> None:
    assert all(len(set(words.sides)) == 8 for words in WORDS.values())


def test_alt_text_is_cut_before_its_view() -> None:
    texts = alt_texts("word " * 50, {"front": "front view"})
    assert len(texts["front"]) <= LIMITS["alt_text"] and texts["front"].endswith("…, front view")
