"""The settings that the engines of this package share."""

from pydantic import Field

from pipeline.core.domain import Frozen


class OutlineParams(Frozen):
    """At which sizes the product is found, and its outline is solved."""

    work_side_px: int = Field(
        default=512,
        ge=128,
        le=2048,
        description="long side at which the product is found, before its outline is refined",
    )
    matting_side_px: int | None = Field(
        default=2000, ge=128, description="the outline is solved at this long side and enlarged; at full size if null"
    )
