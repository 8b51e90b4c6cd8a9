"""The item stages of render: rendering an angle from the splat, refining it, and correcting a captured angle."""

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen, View
from pipeline.core.records import SilhouetteAgreement
from pipeline.diffusion.painting.product import PainterParams


class DrawParams(Frozen):
    """The settings of rendered angles."""

    supersample: int = Field(default=2, ge=1, le=4, description="each pixel averages this many samples per side")
    match_colour: bool = Field(
        default=True, description="scale each channel by at most 15% to match the colours of the nearest photo"
    )


class AngleInputs(Frozen):
    """The splat, and the cut-out of the nearest photo, whose colours it is matched to."""

    splat: Artifact
    nearest: Artifact


class AngleParams(DrawParams):
    """The view to render, and the view of the nearest photo."""

    view: View
    nearest: View


class AngleReport(Frozen):
    """`gain`: factor per channel that matched the splat to the photo. `coverage`: the product's share of the picture.

    `haze`: share of the alpha that was beside the product and was removed. `likeness`: SSIM, inside the product, of the
    splat rendered at the nearest photo's view with that photo.
    """

    gain: tuple[float, float, float]
    coverage: float
    haze: float
    likeness: float


class AngleOutputs(Frozen):
    """`picture`: PNG, RGBA."""

    picture: Artifact
    report: AngleReport


def run_angle(inputs: AngleInputs, params: AngleParams, work: Work) -> AngleOutputs:
    """Render one angle from the splat."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.show.haze import without_haze
    from pipeline.splatting.show.match import match, with_gain
    from pipeline.splatting.show.render import planes, straight

    splat = read_ply(work.read(inputs.splat), "the splat")
    picture, haze = without_haze(planes(splat, params.view.camera, params.view.pose, params.supersample))
    matched = match(splat, decode_png(work.read(inputs.nearest), channels=4), params.nearest)
    gain = matched.gain if params.match_colour else (1.0, 1.0, 1.0)
    rgba = straight(with_gain(picture, gain)).rgba
    coverage = round(float((rgba[..., 3] >= 128).mean()), 4)
    report = AngleReport(gain=gain, coverage=coverage, haze=round(haze, 5), likeness=matched.ssim)
    return AngleOutputs(picture=work.put_bytes(encode_png(rgba), "image/png"), report=report)


ANGLE = Stage("render_angle", 2, AngleInputs, AngleParams, AngleOutputs, run_angle)


class RefineParams(PainterParams):
    """Fine detail added to rendered angles by diffusion. Opt-in: it may alter the product, so a person looks at it."""

    prompt: str = Field(
        default="a sharp product photo", max_length=400, description="what the picture shows, in the checkpoint's words"
    )
    strength: float = Field(default=0.2, ge=0.05, le=0.6, description="share of the diffusion that is run")


class RefineInputs(Frozen):
    """A rendered angle, and the cut-out of the nearest photo, which limits how much detail may be added."""

    picture: Artifact
    nearest: Artifact


class RefineReport(Frozen):
    """`fault`: why the refinement was rejected, None when it was accepted. For the other fields see `Refined`."""

    fault: str | None
    colour_de: float
    edges: float


class RefineOutputs(Frozen):
    """`picture`: PNG, RGBA; the unrefined one when the refinement was rejected."""

    picture: Artifact
    report: RefineReport


def refine_angle(inputs: RefineInputs, params: RefineParams, work: Work) -> RefineOutputs:
    """Refine one rendered angle, or keep it as it is. Raises BadInput and MissingEngine as the engine does."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.diffusion.painting.loading import load_engine
    from pipeline.diffusion.painting.refine import RefineRequest, refine

    engine = load_engine(
        params.checkpoint,
        digest=params.checkpoint_digest,
        device=params.device,
        dtype=params.dtype,
        offload=params.offload,
    )
    request = RefineRequest(
        rendered=decode_png(work.read(inputs.picture)),
        photo=decode_png(work.read(inputs.nearest)),
        prompt=params.prompt,
        seed=params.seed,
        steps=params.steps,
        guidance=params.guidance,
        strength=params.strength,
    )
    refined = refine(engine, request)
    picture = inputs.picture if refined.fault else work.put_bytes(encode_png(refined.rgba), "image/png")
    report = RefineReport(fault=refined.fault, colour_de=refined.colour_de, edges=refined.edges)
    return RefineOutputs(picture=picture, report=report)


REFINE = Stage("render_refinement", 4, RefineInputs, RefineParams, RefineOutputs, refine_angle, alters=True)


class CorrectInputs(Frozen):
    """The splat, a photo and its cut-out."""

    splat: Artifact
    photo: Artifact
    cutout: Artifact


class CorrectParams(Frozen):
    """The photo's view. `measure_only`: compare its matte with the splat, but do not change it."""

    view: View
    measure_only: bool = False


class CorrectReport(Frozen):
    """How well the matte agrees with the splat's silhouette."""

    silhouette: SilhouetteAgreement


class CorrectOutputs(Frozen):
    """`picture`: PNG, RGBA; the unchanged cut-out when nothing was corrected."""

    picture: Artifact
    report: CorrectReport


def correct_angle(inputs: CorrectInputs, params: CorrectParams, work: Work) -> CorrectOutputs:
    """Correct a captured angle's matte by the splat's silhouette at the photo's view."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.imaging.silhouette.correct import correct, measure
    from pipeline.imaging.silhouette.evidence import RenderedSplat
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.show.match import as_shot
    from pipeline.splatting.show.render import straight

    rgb, rgba = decode_png(work.read(inputs.photo)), decode_png(work.read(inputs.cutout))
    planes = as_shot(read_ply(work.read(inputs.splat), "the splat"), params.view)
    rendered = RenderedSplat(straight(planes).rgba[..., :3], planes[3])
    result = measure(rgb, rgba, rendered) if params.measure_only else correct(rgb, rgba, rendered)
    unchanged = result.rgba is rgba
    return CorrectOutputs(
        picture=inputs.cutout if unchanged else work.put_bytes(encode_png(result.rgba), "image/png"),
        report=CorrectReport(
            silhouette=SilhouetteAgreement(
                iou_before=round(result.before.iou, 5),
                iou=round(result.after.iou, 5),
                worst_px_before=round(result.before.worst_px, 1),
                worst_px=round(result.after.worst_px, 1),
                changed=round(result.changed, 5),
            )
        ),
    )


CORRECT = Stage("render_correction", 3, CorrectInputs, CorrectParams, CorrectOutputs, correct_angle)
