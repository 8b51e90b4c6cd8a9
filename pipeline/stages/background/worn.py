"""The item of the stage background that shows a garment on a person, who has agreed to it."""

from typing import Any

from pydantic import Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Picture
from pipeline.core.retouches import Alteration
from pipeline.diffusion.painting.checkpoints import editing_class, folder_of
from pipeline.diffusion.painting.product import PainterParams
from pipeline.stages.background.asset import given


class WornParams(PainterParams):
    """What shows garments on people. Its pictures always go to review."""

    checkpoint: str = Field(description="a diffusers checkpoint that edits by several pictures: a folder, or hub:...")
    side_px: int = Field(default=1024, ge=64, le=4096, description="longer side of the picture that is painted")

    @model_validator(mode="before")
    @classmethod
    def _can_edit(cls, values: Any) -> Any:
        """Refuse a checkpoint that takes no second picture, when planning."""
        if isinstance(values, dict) and isinstance(name := values.get("checkpoint"), str):
            editing_class(folder_of(name))
        return values


class WornItemInputs(Frozen):
    """`garment`: the angle's picture, PNG, RGBA. `person`: the photo of shoot.yaml, as shot."""

    garment: Artifact
    person: Artifact


class WornItemParams(WornParams):
    """The checkpoint, what else the picture shows, the person's photo and model release as shoot.yaml states them."""

    prompt: str = ""
    person: str
    release: str


class WornReport(Frozen):
    """What may have been altered: the whole product."""

    alteration: Alteration


class WornOutputs(Frozen):
    """`backdrop`: PNG, RGB, in the shape of the person's photo; it shows the product."""

    backdrop: Artifact
    report: WornReport


def wear_item(inputs: WornItemInputs, params: WornItemParams, work: Work) -> WornOutputs:
    """Paint one picture. Raises BadInput for a photo that cannot be read, MissingEngine as the engine does."""
    from pipeline.core.photo.decode import decode_photo
    from pipeline.core.png import decode_png, encode_png
    from pipeline.diffusion.painting.wearing import WearRequest, wear

    try:
        person = decode_photo(work.read(inputs.person)).rgb
    except BadInput as error:
        raise BadInput(f"{params.person}: {error.what}", remedy=error.remedy) from None
    engine = params.load(edits=True)
    request = WearRequest(
        person=person,
        garment=decode_png(work.read(inputs.garment), channels=4),
        seed=params.seed,
        side_px=params.side_px,
        prompt=params.prompt,
        steps=params.steps,
        guidance=params.guidance,
    )
    picture = work.put_bytes(encode_png(wear(engine, request)), "image/png")
    what = f"put on a person, whose model release is: {params.release}"
    return WornOutputs(backdrop=picture, report=WornReport(alteration=Alteration(operation="try-on", what=what)))


WORN = Stage("background_worn", 1, WornItemInputs, WornItemParams, WornOutputs, wear_item, alters=True)


def seen_from_front(pictures: list[Picture]) -> Picture:
    """The picture nearest to the front; of equals, the first. People are photographed from the front."""

    def off_front_deg(picture: Picture) -> float:
        turned = abs((picture.angle.azimuth_deg + 180) % 360 - 180)
        return turned + abs(picture.angle.elevation_deg)

    return min(pictures, key=off_front_deg)


def worn_params(backdrop: Backdrop, params: WornParams) -> WornItemParams:
    """The item's settings for a backdrop of kind `worn`."""
    own = {"prompt": backdrop.prompt or "", "person": given(backdrop.person), "release": given(backdrop.release)}
    return WornItemParams(**params.model_dump(), **own)
