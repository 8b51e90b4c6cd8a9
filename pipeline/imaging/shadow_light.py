"""The light that throws a product's shadow; params name it, so it stands apart from the drawing and its imports."""

from pydantic import Field

from pipeline.domain import Frozen


class Light(Frozen):
    """The light as the camera sees it. Azimuth 0: from behind the camera; positive: from the picture's right."""

    azimuth_deg: float = Field(default=-40.0, ge=-180, le=180)
    elevation_deg: float = Field(default=48.0, ge=15, le=90)
    softness: float = Field(default=0.6, ge=0, le=1, description="0: a lamp far away; 1: an overcast sky")
    strength: float = Field(default=0.5, ge=0, le=1, description="share of the light that the cast shadow takes away")
