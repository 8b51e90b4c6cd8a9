"""What render does to a picture that may alter the product: refining and retouching."""

from collections.abc import Sequence
from typing import Any

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.errors import BadInput
from pipeline.core.records import Alteration, Picture, Shares
from pipeline.core.retouches import Retouch
from pipeline.stages.render.angle import REFINE, RefineInputs, RefineParams, RefineReport
from pipeline.stages.render.retouch import RETOUCH, InpaintParams, RetouchInputs, RetouchParams


def refined(
    picture: Picture, file: Artifact, nearest: Artifact, refine: RefineParams, work: Work
) -> tuple[Picture, Artifact, RefineReport]:
    """Refine the picture of a rendered angle. `nearest`: the cut-out of the nearest photo."""
    done = work.item(f"{picture.angle.name}/refined", REFINE, RefineInputs(picture=file, nearest=nearest), refine)
    changed: dict[str, Any] = {"shares": _painted_over(picture, done.report.generated)}
    if done.report.fault is None:
        detail = Alteration(operation="refine", what=f"fine detail added by {refine.checkpoint}")
        changed |= {"refined": True, "alterations": (*picture.alterations, detail)}
    return picture.model_copy(update=changed), done.picture, done.report


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
        changed = {
            "alterations": (*picture.alterations, done.report.alteration),
            "shares": _painted_over(picture, done.report.generated),
        }
        picture = picture.model_copy(update=changed)
        file = done.picture
    return picture, file


def _painted_over(picture: Picture, share: float) -> Shares:
    """Where the product's colours come from after a model has painted over a share of it, 0 to 1."""
    before: Shares = picture.shares or Shares.of(1.0 if picture.source == "captured" else 0.0)
    return before.painted_over(share)
