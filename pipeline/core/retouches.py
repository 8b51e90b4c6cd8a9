"""What shoot.yaml asks to remove from a picture of the product, and the record of what may have altered it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.core.domain import Frozen
from pipeline.core.typed_text import Line, Paragraph

Share = Annotated[float, Field(ge=0, le=1)]
Box = tuple[Share, Share, Share, Share]
"""Left, top, right and bottom, as shares of a picture's width and height."""
MaskFile = Annotated[str, Field(pattern=r"^masks/[^/\\]{1,255}\.png$")]


class Retouch(Frozen):
    """One thing to remove from an angle's picture, before its edits. Whatever it changes goes to review."""

    remove: Line = Field(min_length=1, max_length=100, description="what to remove, such as `hang tag`")
    box: Box | None = Field(
        default=None,
        description="left, top, right and bottom of the area that may change, as shares of the picture's width and "
        "height, 0 to 1; for a photographed angle, of the upright photo",
    )
    mask: MaskFile | None = Field(
        default=None,
        description="instead of a box: an 8-bit gray PNG in the shoot's folder `masks/`, as large as the picture, "
        "white where it may change",
    )
    prompt: Annotated[Paragraph, Field(max_length=400)] | None = Field(
        default=None, description="what to paint there; default: the product's own surface without it"
    )

    @model_validator(mode="after")
    def _has_one_area(self) -> Self:
        if self.box is not None and self.mask is not None:
            raise ValueError("box and mask both say where; keep one of them")
        if self.box is not None and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ValueError(f"box {list(self.box)} is empty; give left, top, right and bottom, from 0 to 1")
        return self


class Alteration(Frozen):
    """A change that an operation may have made to the product itself. Its assets go to review, whatever checks say.

    `box`: left, top, right and bottom of where, as shares of the picture before its edits.
    """

    operation: Literal["refine", "retouch", "try-on", "enlarge"]
    what: str = Field(description="what was done, for a person to read")
    box: Box = (0.0, 0.0, 1.0, 1.0)
