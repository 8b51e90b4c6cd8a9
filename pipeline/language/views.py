"""Describes from which side a picture shows its product, to distinguish the alt texts of one product."""

from collections.abc import Mapping

from pipeline.core.domain import Angle
from pipeline.language.checks import LIMITS, cut

SIDES = ("front", "front right", "right", "back right", "back", "back left", "left", "front left")  # every 45 deg
ABOVE_DEG, TOP_DEG = 30.0, 65.0


def view_words(angle: Angle) -> str:
    """The view in English, for example `back left view from above`, derived from its direction, not its name."""
    if abs(angle.elevation_deg) >= TOP_DEG:
        return "top view" if angle.elevation_deg > 0 else "bottom view"
    side = SIDES[round(angle.azimuth_deg % 360 / 45) % 8]
    above = " from above" if angle.elevation_deg >= ABOVE_DEG else ""
    below = " from below" if angle.elevation_deg <= -ABOVE_DEG / 2 else ""
    return f"{side} view{above}{below}"


def alt_texts(product: str, views: Mapping[str, str]) -> dict[str, str]:
    """Alt text by angle: the product, shortened to the length limit, followed by the full view."""
    return {
        angle: f"{cut(product, max(1, LIMITS['alt_text'] - len(view) - 2))}, {view}" for angle, view in views.items()
    }
