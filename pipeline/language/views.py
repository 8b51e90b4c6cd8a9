"""From which side a picture shows its product, in words: what one product's alt texts differ by."""

from collections.abc import Mapping

from pipeline.core.domain import Angle
from pipeline.language.checks import LIMITS, cut

SIDES = ("front", "front right", "right", "back right", "back", "back left", "left", "front left")  # every 45 deg
ABOVE_DEG, TOP_DEG = 30.0, 65.0


def view_words(angle: Angle) -> str:
    """`front view`, `back left view from above`: by the direction, for an angle may have any name."""
    if abs(angle.elevation_deg) >= TOP_DEG:
        return "top view" if angle.elevation_deg > 0 else "bottom view"
    side = SIDES[round(angle.azimuth_deg % 360 / 45) % 8]
    above = " from above" if angle.elevation_deg >= ABOVE_DEG else ""
    below = " from below" if angle.elevation_deg <= -ABOVE_DEG / 2 else ""
    return f"{side} view{above}{below}"


def alt_texts(product: str, views: Mapping[str, str]) -> dict[str, str]:
    """By angle: words for the product, then those for the view, which a limit never cuts off."""
    return {
        angle: f"{cut(product, max(1, LIMITS['alt_text'] - len(view) - 2))}, {view}" for angle, view in views.items()
    }
