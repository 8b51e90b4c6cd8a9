"""What render does to a picture that may alter the product: refining and retouching."""

from collections.abc import Sequence

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.errors import BadInput
from pipeline.core.records import Picture
from pipeline.core.retouches import Alteration, Retouch
from pipeline.stages.render.angle import REFINE, RefineInputs, RefineParams, RefineReport
from pipeline.stages.render.retouch import RETOUCH, InpaintParams, RetouchInputs, RetouchParams


def refined(
    picture: Picture, file: Artifact, nearest: Artifact, refine: RefineParams, work: Work
) -> tuple[Picture, Artifact, RefineReport]:
    """Refine the picture of a rendered angle. `nearest`: the cut-out of the nearest photo."""
    done = work.item(f"{picture.angle.name}/refined", REFINE, RefineInputs(picture=file, nearest=nearest), refine)
    if done.report.fault is not None:
        return picture, done.picture, done.report
    detail = Alteration(operation="refine", what=f"fine detail added by {refine.checkpoint}")
    return _painted(picture, detail, done.report.generated, refined=True), done.picture, done.report


def retouched(
    picture: Picture,
    file: Artifact,
    wanted: Sequence[Retouch],
    masks: Artifact | None,
    inpaint: InpaintParams | None,
    work: Work,
) -> tuple[Picture, Artifact]:
    """Remove what is wanted from a picture, one thing after the other. Raises BadInput for a mask that is missing."""
    name, files = picture.angle.name, work.tree(masks) if masks is not None else {}
    for number, each in enumerate(wanted, start=1):
        mask = None if each.mask is None else files.get(each.mask)
        if inpaint is None or (each.mask is not None and mask is None):
            raise BadInput(
                f"angle {name}: {each.remove!r} cannot be removed: there is no "
                f"{'checkpoint for it' if inpaint is None else each.mask}",
                remedy="Plan the shoot again",
            )
        settings = RetouchParams(**inpaint.model_dump(), retouch=each)
        done = work.item(f"{name}/retouched-{number}", RETOUCH, RetouchInputs(picture=file, mask=mask), settings)
        picture, file = _painted(picture, done.report.alteration, done.report.generated), done.picture
    return picture, file


def _painted(picture: Picture, alteration: Alteration, generated: float, **changed: bool) -> Picture:
    """The record of a picture of which a share was painted over."""
    shares = picture.shares and picture.shares.painted(generated)
    noted = {"alterations": (*picture.alterations, alteration), "shares": shares}
    return picture.model_copy(update=noted | changed)
