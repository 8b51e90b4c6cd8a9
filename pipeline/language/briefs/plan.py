"""What a brief becomes: the wishes in it, what they change in shoot.yaml, and what was refused.

`EditPlan.shoot` has the vocabulary of shoot.yaml. A wish names, as its `target`, the part of that overlay which it set:
`angles.left-45`, `backdrops.light-marble`, `edits.left-45.crop`, `channels.instagram_4x5`, `light`, or `product` for a
wish that would alter the product itself, which no part of shoot.yaml can do.

Directions are those of the viewer who stands in front of the product: 45° left is the view of a camera that has moved
45° to the viewer's left around the product, at azimuth -45, which is 315. 90° left is `left`, at azimuth 270.
"""

import hashlib
import json
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Angle, Frozen, Name
from pipeline.core.edits import Edits
from pipeline.core.records import Light

Language = Literal["en", "de", "fr"]
LANGUAGES: dict[Language, str] = {"en": "English", "de": "German", "fr": "French"}
Route = Literal[
    "captured",  # a photo shows the angle
    "rendered",  # the angle is drawn from the reconstruction
    "refused",  # nobody photographed that side
    "inpaint",  # painted around the product; or the product itself repainted, which goes to review
    "outpaint",  # a painted backdrop continued beyond its frame
    "image_to_image",  # a backdrop repainted in another mood
    "exact_edit",  # computed, with no generative model
    "setting",  # a setting of the shoot: a plain backdrop, the light, a channel
]
GENERATIVE: tuple[Route, ...] = ("inpaint", "outpaint", "image_to_image")
PRODUCT = "product"


class Wish(Frozen):
    """One thing that the brief asks for. `text`: the words of the brief."""

    text: str
    route: Route | None = Field(default=None, description="None: an angle whose photos have not been looked at yet")
    target: str = Field(description="what it sets in the overlay, or `product`")
    alters_product: bool = Field(default=False, description="the product itself would change: for review, never done")


class RefusedWish(Frozen):
    """Words of the brief that change nothing, and why: a sentence that names what the parser does know."""

    text: str
    reason: str


class Overlay(Frozen):
    """What replaces parts of a shoot.yaml. What is left out stays as the shoot has it.

    `angles`, `backdrops` and `channels` replace those of the shoot; `edits` are added to the shoot's per angle; `light`
    is `capture.light`.
    """

    angles: tuple[Angle, ...] = ()
    backdrops: tuple[Backdrop, ...] = ()
    channels: tuple[Name, ...] = ()
    light: Light | None = None
    edits: dict[Name, Edits] = {}

    @property
    def targets(self) -> tuple[str, ...]:
        """Everything that the overlay sets, as the targets of wishes name it."""
        named = [f"angles.{angle.name}" for angle in self.angles]
        named += [f"backdrops.{backdrop.name}" for backdrop in self.backdrops]
        named += [f"channels.{channel}" for channel in self.channels]
        named += ["light"] if self.light else []
        return (*named, *(f"edits.{angle}.{name}" for angle, edits in self.edits.items() for name in given(edits)))

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [target for target in self.targets if not target.startswith("edits.")]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} is there twice")
        return self


class EditPlan(Frozen):
    """A brief as a plan. `parser`: what read it. `seconds`, `usd`: what it is expected to take; None: not yet known."""

    text: str
    language: Language
    parser: str
    wishes: tuple[Wish, ...] = ()
    shoot: Overlay = Overlay()
    refused: tuple[RefusedWish, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="how words were read that were not written so")
    seconds: float | None = None
    usd: float | None = None

    def id_for(self, sku: str) -> str:
        """The id of this request for one product: the same for the same words and the same overlay."""
        words = json.dumps([sku, self.text, self.shoot.model_dump(mode="json")], sort_keys=True)
        return f"brief-{hashlib.sha256(words.encode()).hexdigest()[:10]}"


class Known(Frozen):
    """What a brief can refer to: the product's own angles, backdrops and light, and the channels that there are.

    `channels`: name to title. `product`: names of the product, such as its title and its category; each word counts.
    """

    angles: tuple[Angle, ...] = (Angle(name="front", azimuth_deg=0),)
    backdrops: tuple[Backdrop, ...] = ()
    light: Light = Light()
    channels: dict[Name, str] = {}
    product: tuple[str, ...] = ()


def given(edits: Edits) -> tuple[str, ...]:
    """The names of the edits that change something."""
    return tuple(name for name in Edits.model_fields if getattr(edits, name) != Edits.model_fields[name].default)
