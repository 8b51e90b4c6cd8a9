"""The item stage of render that removes something from an angle's picture, as shoot.yaml asks."""

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import Rgba
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, Held
from pipeline.core.retouches import Alteration, Box, Retouch
from pipeline.diffusion.painting.product import PainterParams
from pipeline.imaging.grounding import GroundingParams
from pipeline.stages.render.changed import changed_share

if TYPE_CHECKING:
    from pipeline.core.arrays import Mask


class InpaintParams(PainterParams):
    """What removes the things that shoot.yaml lists under `retouch`. Its pictures always go to review."""

    strength: float = Field(
        default=1.0, ge=0.05, le=1, description="1: paint from noise; less: keep some of what is there"
    )
    grounding: GroundingParams | None = Field(
        default=None,
        description="`{checkpoint: FOLDER, checkpoint_sha256: ...}`: a checkpoint of the OWL-ViT or Grounding DINO "
        "class that finds what a retouch names without a box or a mask",
    )


class RetouchInputs(Frozen):
    """`picture`: PNG, RGBA. `mask`: 8-bit gray PNG, white where it may change; None for a box or words."""

    picture: Artifact
    mask: Artifact | None = None


class RetouchParams(InpaintParams):
    """What to remove, and by which checkpoint."""

    retouch: Retouch


class RetouchReport(Frozen):
    """Where the picture changed. `score`: how sure the grounding checkpoint was, 0 to 1, where it found the area.

    `generated`: share of the opaque pixels that changed.
    """

    alteration: Alteration
    generated: float = 0.0
    score: float | None = None


class RetouchOutputs(Frozen):
    """`picture`: PNG, RGBA."""

    picture: Artifact
    report: RetouchReport


def retouch_angle(inputs: RetouchInputs, params: RetouchParams, work: Work) -> RetouchOutputs:
    """Retouch one picture. Raises Held when words find nothing, BadInput and MissingEngine as the engines do."""
    import numpy as np

    from pipeline.core.png import decode_png, encode_png
    from pipeline.diffusion.painting.retouch import RetouchRequest, retouch

    picture = decode_png(work.read(inputs.picture), channels=4)
    area, score = _area(picture, inputs, params, work)
    request = RetouchRequest(
        picture=picture,
        area=area,
        remove=params.retouch.remove,
        prompt=params.retouch.prompt,
        seed=params.seed,
        steps=params.steps,
        guidance=params.guidance,
        strength=params.strength,
    )
    engine = params.load()
    retouched = retouch(engine, request)
    made = work.put_bytes(encode_png(retouched), "image/png")
    ys, xs = np.nonzero(area)
    height, width = area.shape
    box = (xs.min() / width, ys.min() / height, (xs.max() + 1) / width, (ys.max() + 1) / height)
    what = f"removed: {params.retouch.remove}"
    alteration = Alteration(operation="retouch", what=what, box=tuple(round(float(side), 5) for side in box))
    report = RetouchReport(alteration=alteration, generated=changed_share(picture, retouched), score=score)
    return RetouchOutputs(picture=made, report=report)


def _area(picture: Rgba, inputs: RetouchInputs, params: RetouchParams, work: Work) -> "tuple[Mask, float | None]":
    """Where the picture may change [h, w], and the score of a grounding checkpoint that found it."""
    from pipeline.core.photo.decode import decode_matte

    if params.retouch.box is not None:
        return _inside(params.retouch.box, picture), None
    if inputs.mask is not None:
        try:
            return decode_matte(work.read(inputs.mask)) >= 128, None
        except BadInput as error:
            raise BadInput(f"{params.retouch.mask}: {error.what}", remedy=error.remedy) from None
    if params.grounding is None:
        raise BadInput(f"retouch {params.retouch.remove!r} says not where", remedy="Give it a box or a mask")
    from pipeline.imaging.grounding import find

    found = find(picture, params.retouch.remove, params.grounding)
    if found is None:
        raise Held(
            f"{params.grounding.checkpoint} finds no {params.retouch.remove!r} in the picture",
            code="render-retouch-not-found",
            remedy="Give the retouch a box or a mask, or use other words",
        )
    return _inside(found.box, picture), found.score


def _inside(box: Box, picture: Rgba) -> "Mask":
    import numpy as np

    height, width = picture.shape[:2]
    area = np.zeros((height, width), bool)
    left, top, right, bottom = box
    rows = slice(int(top * height), max(int(top * height) + 1, round(bottom * height)))
    columns = slice(int(left * width), max(int(left * width) + 1, round(right * width)))
    area[rows, columns] = True
    return area


RETOUCH = Stage("render_retouch", 1, RetouchInputs, RetouchParams, RetouchOutputs, retouch_angle, alters=True)
