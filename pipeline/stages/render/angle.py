"""The item stages of render: rendering an angle from the splat, refining it, and correcting a captured angle."""

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen, View
from pipeline.core.measured import SilhouetteAgreement
from pipeline.diffusion.painting.product import PainterParams
from pipeline.stages.render.changed import changed_share
from pipeline.stages.render.posed import posed_photo, posed_photos


class DrawParams(Frozen):
    """The settings of rendered angles."""

    supersample: int = Field(default=2, ge=1, le=4, description="each pixel averages this many samples per side")
    match_colour: bool = Field(
        default=True, description="scale each channel by at most 15% to match the colours of the nearest photo"
    )
    detail: bool = Field(
        default=True,
        description="lay the fine structure of the nearest photos over the splat, where they agree with it",
    )


class AngleInputs(Frozen):
    """The splat, and the cut-out of the nearest photo, whose colours it is matched to.

    `photos`: tree `<photo>.png` of the cut-outs whose detail is used; None without.
    """

    splat: Artifact
    nearest: Artifact
    photos: Artifact | None = None


class AngleParams(DrawParams):
    """The view to render, the view of the nearest photo, and the views of `photos`, nearest first.

    `fitted` as in `Picture`.
    """

    view: View
    nearest: View
    photos: tuple[View, ...] = ()
    fitted: float | None = None


class AngleReport(Frozen):
    """`gain`: factor per channel that matched the splat to the photo. `coverage`: the product's share of the picture.

    `haze`: share of the alpha that was beside the product and was removed. `photographed`: share of the product's
    pixels with detail of a photo; `photos`: those that gave any, in the order of the colours of `sources`.
    `smudged`: of `RenderFaults`, before the outline is sharpened.
    """

    gain: tuple[float, float, float]
    coverage: float
    haze: float
    photographed: float = 0.0
    photos: tuple[str, ...] = ()
    smudged: float | None = None


class AngleOutputs(Frozen):
    """`picture`: PNG, RGBA. `sources`: palette PNG of the same size that shows where each pixel's detail comes from.

    Its indices are 0 beside the product, 1 where the splat's colours stay, and 2 and up for the photos of the report.
    None without photos.
    """

    picture: Artifact
    sources: Artifact | None = None
    report: AngleReport


def run_angle(inputs: AngleInputs, params: AngleParams, work: Work) -> AngleOutputs:
    """Render one angle from the splat."""
    from pipeline.core.png import encode_indexed_png, encode_png
    from pipeline.splatting.detail.lay import SOURCE_COLOURS, with_detail
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.show.faults import smudged_share
    from pipeline.splatting.show.haze import without_haze
    from pipeline.splatting.show.match import gain_of, with_gain
    from pipeline.splatting.show.outline import sharpened
    from pipeline.splatting.show.render import planes, straight

    splat = read_ply(work.read(inputs.splat), "the splat")
    picture, haze = without_haze(planes(splat, params.view.camera, params.view.pose, params.supersample))
    gain = (1.0, 1.0, 1.0)
    if params.match_colour:
        gain = gain_of(splat, posed_photo(inputs.nearest, params.nearest, work))
    camera, pose, photos = params.view.camera, params.view.pose, posed_photos(inputs.photos, params.photos, work)
    drawn = straight(picture).rgba[..., 3]
    smudged = None if params.fitted is None else round(smudged_share(drawn, params.fitted), 5)
    picture = sharpened(with_gain(picture, gain), splat, camera, pose, photos) if photos else with_gain(picture, gain)
    done = with_detail(picture, splat, camera, pose, photos)
    rgba = straight(done.planes).rgba
    coverage = round(float((rgba[..., 3] >= 128).mean()), 4)
    report = AngleReport(
        gain=gain,
        coverage=coverage,
        haze=round(haze, 5),
        photographed=round(done.photographed, 4),
        photos=done.names,
        smudged=smudged,
    )
    sources = encode_indexed_png(done.sources, SOURCE_COLOURS) if params.photos else None
    return AngleOutputs(
        picture=work.put_bytes(encode_png(rgba), "image/png"),
        sources=sources and work.put_bytes(sources, "image/png"),
        report=report,
    )


ANGLE = Stage("render_angle", 4, AngleInputs, AngleParams, AngleOutputs, run_angle)


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
    """`fault`: why the refinement was rejected, None when it was accepted. For the other fields see `Refined`.

    `generated`: share of the product's pixels that it changed, 0 to 1.
    """

    fault: str | None
    colour_de: float
    edges: float
    generated: float = 0.0


class RefineOutputs(Frozen):
    """`picture`: PNG, RGBA; the unrefined one when the refinement was rejected."""

    picture: Artifact
    report: RefineReport


def refine_angle(inputs: RefineInputs, params: RefineParams, work: Work) -> RefineOutputs:
    """Refine one rendered angle, or keep it as it is. Raises BadInput and MissingEngine as the engine does."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.diffusion.painting.refine import RefineRequest, refine

    engine = params.load()
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
    generated = 0.0 if refined.fault else changed_share(request.rendered, refined.rgba)
    report = RefineReport(fault=refined.fault, colour_de=refined.colour_de, edges=refined.edges, generated=generated)
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
