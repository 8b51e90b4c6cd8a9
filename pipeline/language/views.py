"""Describes from which side a picture shows its product, to distinguish the alt texts of one product."""

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.core.domain import Angle
from pipeline.language.checks import LIMITS, cut
from pipeline.language.lexicon.words import Language

ABOVE_DEG, TOP_DEG = 30.0, 65.0


class Views(NamedTuple):
    """The words of one language. `sides`: every 45 degrees, from the front to the product's own right side."""

    sides: tuple[str, ...]
    above: str
    below: str
    top: str
    bottom: str


WORDS: dict[Language, Views] = {
    "en": Views(
        (
            "front view", "front right view", "right view", "back right view", "back view", "back left view",
            "left view", "front left view",
        ),
        "{} from above", "{} from below", "top view", "bottom view",
    ),
    "de": Views(
        (
            "Ansicht von vorn", "Ansicht von vorn rechts", "Ansicht von rechts", "Ansicht von hinten rechts",
            "Ansicht von hinten", "Ansicht von hinten links", "Ansicht von links", "Ansicht von vorn links",
        ),
        "{}, schräg von oben", "{}, schräg von unten", "Ansicht von oben", "Ansicht von unten",
    ),
    "fr": Views(
        (
            "vue de face", "vue avant droite", "vue de droite", "vue arrière droite", "vue arrière",
            "vue arrière gauche", "vue de gauche", "vue avant gauche",
        ),
        "{}, en plongée", "{}, en contre-plongée", "vue de dessus", "vue de dessous",
    ),
}  # fmt: skip


def view_words(angle: Angle, language: Language = "en") -> str:
    """The view, for example `back left view from above`, derived from its direction, not its name."""
    words = WORDS[language]
    if abs(angle.elevation_deg) >= TOP_DEG:
        return words.top if angle.elevation_deg > 0 else words.bottom
    side = words.sides[round(angle.azimuth_deg % 360 / 45) % 8]
    if angle.elevation_deg >= ABOVE_DEG:
        return words.above.format(side)
    return words.below.format(side) if angle.elevation_deg <= -ABOVE_DEG / 2 else side


def alt_texts(product: str, views: Mapping[str, str]) -> dict[str, str]:
    """Alt text by angle: the product, shortened to the length limit, followed by the full view."""
    return {
        angle: f"{cut(product, max(1, LIMITS['alt_text'] - len(view) - 2))}, {view}" for angle, view in views.items()
    }
