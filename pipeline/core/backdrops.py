"""What shoot.yaml asks to be behind, or around, the product."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pipeline.core.colour_names import hex_colour
from pipeline.core.domain import Frozen, Name
from pipeline.core.typed_text import Line, Paragraph

_Hex = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Colour = Annotated[_Hex, BeforeValidator(hex_colour, json_schema_input_type=_Hex)]
"""An sRGB colour, `#rrggbb`; the short form `#rgb` and the names of CSS are accepted and replaced."""
BackdropKind = Literal["solid", "gradient", "diffusion", "worn"]
PersonFile = Annotated[str, Field(pattern=r"^people/[^/\\]{1,255}$")]


class Backdrop(Frozen):
    """One backdrop: a solid colour, a vertical gradient, a picture painted by diffusion, or a person in the product."""

    name: Name = Field(description="the backdrop's name in the assets, such as `white`")
    kind: BackdropKind = Field(
        description="solid needs `colour`; gradient needs `colour` and `to_colour`; diffusion needs `prompt`; worn, a "
        "garment on a person, needs `person` and `release`"
    )
    colour: Colour | None = Field(default=None, description="the colour of a solid, or of a gradient's top")
    to_colour: Colour | None = Field(default=None, description="the colour of a gradient's bottom")
    prompt: Annotated[Paragraph, Field(max_length=400)] | None = Field(
        default=None, description="what to paint, in plain words; of a worn one, what else the picture shows"
    )
    person: PersonFile | None = Field(
        default=None, description="photo of the person who wears the product, in the shoot's folder `people/`"
    )
    release: Line | None = Field(
        default=None,
        max_length=200,
        description="the person's model release, such as its number and date; without one, nobody is shown",
    )
    extend: Literal["tall", "wide"] | None = Field(
        default=None,
        description="continue a painted square to 2:3, at top and bottom (tall) or left and right (wide), so that "
        "square and portrait frames show the same set",
    )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        needed = {
            "solid": ("colour",),
            "gradient": ("colour", "to_colour"),
            "diffusion": ("prompt",),
            "worn": ("person", "release"),
        }[self.kind]
        for name in needed:
            if not getattr(self, name):
                raise ValueError(f"a {self.kind} backdrop requires `{name}`")
        if self.extend and self.kind != "diffusion":
            raise ValueError(f"extend: a {self.kind} backdrop fills every frame without it; remove `extend`")
        if self.kind != "worn" and (self.person or self.release):
            raise ValueError(f"a {self.kind} backdrop shows nobody; remove `person` and `release`")
        return self
