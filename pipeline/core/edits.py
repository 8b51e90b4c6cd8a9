"""The exact edits of an angle's picture, as shoot.yaml asks for them."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pipeline.core.domain import Frozen

EDIT_STAGE, EDIT_VERSION = "render_edit", 2  # the item that applies edits, and how: pages retrace it
RATIO_AT_MOST = 10  # of the longer side to the shorter
SidePx = Annotated[int, Field(ge=16, le=20_000)]


class Crop(Frozen):
    """How much to cut off each side, as a share of the picture's width or height; then, the shape of what remains."""

    left: float = Field(default=0.0, ge=0, le=0.9, description="share of the width cut off on the left")
    top: float = Field(default=0.0, ge=0, le=0.9, description="share of the height cut off at the top")
    right: float = Field(default=0.0, ge=0, le=0.9, description="share of the width cut off on the right")
    bottom: float = Field(default=0.0, ge=0, le=0.9, description="share of the height cut off at the bottom")
    aspect: str | None = Field(
        default=None,
        pattern=r"^[1-9]\d{0,3}:[1-9]\d{0,3}$",
        description="width to height, such as `4:5`: keep the largest frame of this shape about the middle of what the "
        "sides leave",
    )
    detail: bool = Field(
        default=False,
        description="the picture is to show only a part of the product; otherwise an asset whose edits cut off part of "
        "it goes to review",
    )

    @property
    def ratio(self) -> float | None:
        """Width divided by height of `aspect`."""
        if self.aspect is None:
            return None
        width, height = map(int, self.aspect.split(":"))
        return width / height

    @model_validator(mode="after")
    def _is_no_strip(self) -> Self:
        if self.ratio is not None and not 1 / RATIO_AT_MOST <= self.ratio <= RATIO_AT_MOST:
            raise ValueError(
                f"aspect {self.aspect} is a strip; use a ratio from 1:{RATIO_AT_MOST} to {RATIO_AT_MOST}:1"
            )
        return self

    @model_validator(mode="after")
    def _leaves_something(self) -> Self:
        for side, opposite in (("left", "right"), ("top", "bottom")):
            if getattr(self, side) + getattr(self, opposite) > 0.95:
                raise ValueError(f"{side} and {opposite} cut away more than 0.95 of the picture; cut less")
        return self


class Perspective(Frozen):
    """Straightens converging lines by stretching one edge of the picture."""

    vertical: float = Field(
        default=0.0,
        ge=-0.5,
        le=0.5,
        description="positive: widen the bottom edge by this share, for a camera that looked down; negative: the top",
    )
    horizontal: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="positive: lengthen the right edge by this share; negative: the left"
    )


class Sharpen(Frozen):
    """Unsharp masking in linear light."""

    amount: float = Field(ge=0, le=3, description="how much of the difference from the blurred picture is added")
    radius_px: float = Field(default=1.0, ge=0.3, le=20, description="radius of the blur, in pixels of the picture")


class Edits(Frozen):
    """The edits of one angle's picture, applied in this order. An edit that is left out changes nothing."""

    crop: Crop | None = Field(default=None, description="cut off the sides")
    perspective: Perspective | None = Field(default=None, description="straighten converging lines")
    rotate_deg: float = Field(
        default=0.0, ge=-180, le=180, description="rotate counter-clockwise; the frame grows so that nothing is lost"
    )
    resize: float = Field(default=1.0, ge=0.1, le=4, description="factor for the picture's width and height")
    size_px: tuple[SidePx, SidePx] | None = Field(
        default=None,
        description="exact width and height in px, instead of `resize`: the picture is scaled until it fills "
        "this frame, and what reaches beyond the frame is cut off on both sides alike",
    )
    brightness_ev: float = Field(default=0.0, ge=-3, le=3, description="exposure correction in stops")
    contrast: float = Field(
        default=1.0, ge=0.5, le=2, description="factor for the distance from middle grey, in stops; 1 changes nothing"
    )
    sharpen: Sharpen | None = Field(default=None, description="sharpen the picture")

    @model_validator(mode="after")
    def _has_one_size(self) -> Self:
        if self.size_px is not None and self.resize != 1.0:
            raise ValueError("resize and size_px both set the picture's size; keep one of them")
        return self
