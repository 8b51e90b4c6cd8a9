"""render: one RGBA picture per angle that is not refused, either a photo's cut-out or a view rendered from the splat.

A splat also corrects the mattes of captured angles: it was fitted to all photos, so it outweighs the error of one
matte. The edits of shoot.yaml are applied last, so that every later step sees what the shopper will see.
"""

from pathlib import PurePosixPath
from typing import Self

from pydantic import Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.device import require_device
from pipeline.core.domain import AngleDecision, Frozen, View
from pipeline.core.edits import Edits
from pipeline.core.errors import BadInput, Held, brief
from pipeline.core.measured import Shares, SilhouetteAgreement
from pipeline.core.records import Picture, Validation, dump_json, load_list
from pipeline.core.retouches import Retouch
from pipeline.imaging import grounding
from pipeline.stages.render import altering
from pipeline.stages.render.angle import (
    CORRECT,
    CorrectInputs,
    CorrectParams,
    RefineParams,
    RefineReport,
)
from pipeline.stages.render.edit import edited
from pipeline.stages.render.posed import PosedShoot, undistorted_photo
from pipeline.stages.render.rendered import JudgedParams, rendered
from pipeline.stages.render.retouch import InpaintParams


class Inputs(Frozen):
    """`photos`, `cutouts`: trees `<photo>.png`. `views`, `splat`, `validation`: None when held or not needed.

    `mattes`: tree of mattes made by hand, which are not corrected; None without any. `masks`: tree of the masks that
    shoot.yaml's retouches name.
    """

    photos: Artifact
    cutouts: Artifact
    decisions: Artifact
    mattes: Artifact | None = None
    views: Artifact | None = None
    splat: Artifact | None = None
    validation: Artifact | None = None
    masks: Artifact | None = None


class Params(JudgedParams):
    """How angles are rendered, whether the mattes of captured ones are corrected, and how pictures are edited."""

    correct_mattes: bool = Field(
        default=True, description="correct the mattes of captured angles by the outline of the splat"
    )
    refine: RefineParams | None = Field(default=None, description="fine detail by diffusion on rendered angles")
    retouch: dict[str, tuple[Retouch, ...]] = Field(default={}, description="angle name to what is removed from it")
    inpaint: InpaintParams | None = Field(
        default=None, description="the checkpoint that removes what shoot.yaml lists under `retouch`"
    )
    edits: dict[str, Edits] = Field(default={}, description="angle name to the edits of its picture")

    @model_validator(mode="after")
    def _can_retouch(self) -> Self:
        wanted = [(angle, each) for angle, listed in self.retouch.items() for each in listed]
        if wanted and self.inpaint is None:
            raise ValueError(
                "retouch: nothing can remove it; name an inpainting checkpoint in the preset's render.inpaint"
            )
        for angle, each in wanted:
            if each.box is None and each.mask is None and self.inpaint is not None and self.inpaint.grounding is None:
                raise ValueError(
                    f"retouch.{angle}: {each.remove!r} has no box and no mask; give it one, or name a checkpoint that "
                    "finds it in the preset's render.inpaint.grounding"
                )
        return self


class Report(Frozen):
    """The number of angles per source. `missing`: angles without a picture that coverage did not refuse, and why.

    `silhouettes`: per captured angle, how well its matte and the splat agree. `refined`: results per rendered angle.
    """

    captured: int
    rendered: int
    refused: int
    missing: dict[str, str]
    silhouettes: dict[str, SilhouetteAgreement] = {}
    refined: dict[str, RefineReport] = {}


class Outputs(Frozen):
    """`angles`: tree `<angle>.png`, RGBA, straight alpha; `pictures`: JSON list of Picture, one per requested angle.

    `unedited`: tree `<angle>.png` of the edited angles before the edits; None without edits. `sources`: tree
    `<angle>.png` of rendered angles before the edits, palette PNGs that show which photo each pixel's detail comes from
    (see `AngleOutputs`); None without. `unaltered`: tree `<angle>.png` of the refined or retouched angles before that,
    and before their edits; None without any.
    """

    angles: Artifact
    pictures: Artifact
    unedited: Artifact | None = None
    sources: Artifact | None = None
    unaltered: Artifact | None = None
    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Collect or render the picture of every angle. Raises Held when no angle has one."""
    decisions = load_list(AngleDecision, work.read(inputs.decisions))
    shoot = _read(inputs, work)
    files: dict[str, Artifact] = {}
    unedited: dict[str, Artifact] = {}
    refined: dict[str, RefineReport] = {}
    sources: dict[str, Artifact] = {}
    unaltered: dict[str, Artifact] = {}
    pictures = []
    for count, decision in enumerate(decisions, start=1):
        name = decision.angle.name
        picture, file, source = _picture(decision, shoot, params, work)
        if source is not None:
            sources[f"{name}.png"] = source
        before = file
        if picture.source == "rendered" and file is not None and params.refine:
            nearest = shoot.cutout(picture.nearest_photo or "")
            picture, file, refined[name] = altering.refined(picture, file, nearest, params.refine, work)
        if file is not None and (wanted := params.retouch.get(name)):
            picture, file = altering.retouched(picture, file, wanted, inputs.masks, params.inpaint, work)
        if before is not None and picture.alterations:
            unaltered[f"{name}.png"] = before
        if file is not None and (edits := params.edits.get(name)):
            unedited[f"{name}.png"] = file
            picture, file = edited(picture, file, edits, work)
        pictures.append(picture)
        if file is not None:
            files[f"{name}.png"] = file
        work.progress(count, len(decisions), f"{name}: {picture.source}")
    undistorted_photo.cache_clear()  # steps that follow in the same process have no use for it
    if not files:
        raise _no_pictures(pictures)
    return Outputs(
        angles=work.put_tree(files),
        pictures=work.put_bytes(dump_json(pictures)),
        unedited=work.put_tree(unedited) if unedited else None,
        sources=work.put_tree(sources) if sources else None,
        unaltered=work.put_tree(unaltered) if unaltered else None,
        report=_report(decisions, pictures, refined),
    )


def _no_pictures(pictures: list[Picture]) -> Held:
    return Held(
        f"none of {len(pictures)} angles has a picture: {brief(f'{p.angle.name}: {p.reason}' for p in pictures)}",
        code="render-no-pictures",
        remedy="Name photos for angles in shoot.yaml (capture.named), or shoot the sides that are missing",
    )


def _report(decisions: list[AngleDecision], pictures: list[Picture], refined: dict[str, RefineReport]) -> Report:
    sources = [picture.source for picture in pictures]
    not_refused = {d.angle.name for d in decisions if d.source != "refused"}
    return Report(
        captured=sources.count("captured"),
        rendered=sources.count("rendered"),
        refused=sources.count("refused"),
        missing={p.angle.name: p.reason for p in pictures if p.source == "refused" and p.angle.name in not_refused},
        silhouettes={p.angle.name: p.silhouette for p in pictures if p.silhouette},
        refined=refined,
    )


def requires(params: Params) -> str:
    """The checkpoints that refine, retouch and find, if any is named. Raises MissingEngine for their devices."""
    found = []
    if params.refine is not None:
        require_device(params.refine.device)
        found.append(f"refined by the checkpoint {params.refine.checkpoint}")
    if params.retouch and params.inpaint is not None:
        require_device(params.inpaint.device)
        found.append(f"retouched by the checkpoint {params.inpaint.checkpoint}")
        if params.inpaint.grounding is not None:
            found.append(grounding.require_here(params.inpaint.grounding))
    return "; ".join(found)


STAGE = Stage("render", 11, Inputs, Params, Outputs, run, resources=Resources(gpu=True), requires=requires)


def _read(inputs: Inputs, work: Work) -> PosedShoot:
    def by_photo(tree: Artifact | None) -> dict[str, Artifact]:
        return {PurePosixPath(name).stem: file for name, file in work.tree(tree).items()} if tree else {}

    scores = load_list(Validation, work.read(inputs.validation)) if inputs.validation else []
    return PosedShoot(
        photos=by_photo(inputs.photos),
        cutouts=by_photo(inputs.cutouts),
        views={view.photo: view for view in load_list(View, work.read(inputs.views))} if inputs.views else {},
        by_hand=frozenset(by_photo(inputs.mattes)),
        splat=inputs.splat,
        validation=frozenset(score.photo for score in scores),
        fitted_px=scores[0].side_px if scores else None,
    )


Made = tuple[Picture, Artifact | None, Artifact | None]  # picture before edits and `sources`, None where there is none


def _picture(decision: AngleDecision, shoot: PosedShoot, params: Params, work: Work) -> Made:
    """The record of one angle, its picture, and where its detail comes from."""
    if decision.source == "captured" and decision.photo is not None:
        return *_captured(decision, decision.photo, shoot, params, work), None
    if decision.source == "refused":
        return _refused(decision, code=decision.code, reason=decision.reason), None, None
    nearest = shoot.views.get(decision.nearest_photo or "")
    if nearest is None:
        reason = f"the nearest photo has no pose; {decision.reason}"
        return _refused(decision, code="angle-nearest-not-posed", reason=reason), None, None
    if shoot.splat is None:
        reason = f"there is no splat to render it from (step splat was held); {decision.reason}"
        return _refused(decision, code="angle-no-splat", reason=reason), None, None
    made = rendered(decision, nearest, shoot.splat, shoot, params, work)
    if made is None:
        reason = f"the splat shows nothing from there; {decision.reason}"
        return _refused(decision, code="angle-splat-empty", reason=reason), None, None
    return made.picture, made.file, made.sources


def _refused(decision: AngleDecision, *, code: str | None, reason: str) -> Picture:
    """The record of an angle without a picture."""
    return Picture(
        angle=decision.angle, source="refused", nearest_photo=decision.nearest_photo, code=code, reason=reason
    )


def _captured(
    decision: AngleDecision, photo: str, shoot: PosedShoot, params: Params, work: Work
) -> tuple[Picture, Artifact]:
    """The photo's cut-out, corrected if there is a splat, the photo has a pose, and the settings allow it."""
    cutout, view = shoot.cutout(photo), shoot.views.get(photo)
    picture = Picture(
        angle=decision.angle, source="captured", photo=photo, nearest_photo=photo, view=view, shares=Shares.of(1.0),
        reason=decision.reason,
    )  # fmt: skip
    if shoot.splat is None or view is None:
        return picture, cutout
    if photo not in shoot.photos:
        raise BadInput(f"photo {photo} is not among the ingested ones", remedy="Run ingest again")
    item = CorrectInputs(splat=shoot.splat, photo=shoot.photos[photo], cutout=cutout)
    measure_only = not params.correct_mattes or photo in shoot.by_hand
    done = work.item(decision.angle.name, CORRECT, item, CorrectParams(view=view, measure_only=measure_only))
    return picture.model_copy(update={"silhouette": done.report.silhouette}), done.picture
