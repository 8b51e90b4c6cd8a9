"""The light that throws a product's shadow; params name it, so it stands apart from the drawing and its imports."""

from pydantic import Field

from pipeline.domain import Frozen


class Light(Frozen):
    """The lamp as the camera sees it. Azimuth 0: from behind the camera; positive: from the picture's right."""

    azimuth_deg: float = Field(default=-40.0, ge=-180, le=180)
    elevation_deg: float = Field(default=48.0, ge=15, le=90)
    softness: float = Field(default=0.6, ge=0, le=1, description="0: a lamp far away; 1: a wall of light")
    strength: float = Field(
        default=0.45, ge=0, le=1, description="the lamp's share of the floor's light; the rest comes from all around"
    )

    @property
    def radius_deg(self) -> float:
        """Half the angle that the lamp takes up, seen from the product."""
        return 2 + 28 * self.softness
