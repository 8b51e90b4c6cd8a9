"""The items of render, each with a key of its own: an angle drawn from the splat, refined, a captured one corrected."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen, View
from pipeline.core.records import SilhouetteAgreement
from pipeline.diffusion.painting.checkpoints import checkpoint_digest, facts_of, folder_of


class DrawParams(Frozen):
    """How rendered angles are drawn."""

    supersample: int = Field(default=2, ge=1, le=4, description="finer pixels per side that are averaged into one")
    match_colour: bool = Field(
        default=True, description="scale each channel so that the splat agrees with the nearest photo, by at most 15%"
    )


class AngleInputs(Frozen):
    """A splat, and the cut-out of the nearest photo, whose colours it is matched to."""

    splat: Artifact
    nearest: Artifact


class AngleParams(DrawParams):
    """Where from: the new view, and the nearest photo's."""

    view: View
    nearest: View


class AngleReport(Frozen):
    """`gain`: the factor a channel that matched the splat to the photo. `coverage`: share of the picture.

    `haze`: share of the alpha that lay beside the product and was dropped. `likeness`: SSIM of the splat and the
    nearest photo, seen from that photo's place, inside the product.
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
    """Draw one angle."""
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


class RefineParams(Frozen):
    """Fine detail by diffusion on a rendered angle; it is marked as made with generative AI, so nothing asks for it."""

    checkpoint: str = Field(description="a diffusers inpainting checkpoint folder")
    checkpoint_digest: str | None = Field(default=None, description="digest of its weights; filled in when planning")
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="number format of the weights; float32 on a CPU"
    )
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:\d+)?)$")] = Field(
        default="cpu", description="cpu, cuda, or one of several GPUs such as cuda:1"
    )
    prompt: str = Field(
        default="a sharp product photo", max_length=400, description="what the picture shows, in the checkpoint's words"
    )
    steps: int = Field(default=30, ge=1, le=200, description="steps of the sampler")
    guidance: float = Field(default=3.0, ge=0, le=30, description="classifier-free guidance, 1 for none")
    strength: float = Field(default=0.2, ge=0.05, le=0.6, description="share of the diffusion that is run")
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of the noise")

    @model_validator(mode="before")
    @classmethod
    def _pin_checkpoint(cls, values: Any) -> Any:
        """Write the checkpoint's digest into the params, so that other weights are another request."""
        if not isinstance(values, dict) or not isinstance(values.get("checkpoint"), str):
            return values
        folder = folder_of(values["checkpoint"])
        if facts_of(folder).paints_behind_product:
            raise ValueError(
                f"refine: checkpoint {values['checkpoint']} paints empty sets and knows no product; "
                "name an inpainting checkpoint, or leave `refine` out"
            )
        return {**values, "checkpoint_digest": values.get("checkpoint_digest") or checkpoint_digest(str(folder))}


class RefineInputs(Frozen):
    """A rendered angle, and the cut-out of the nearest photo, which limits how much detail there may be."""

    picture: Artifact
    nearest: Artifact


class RefineReport(Frozen):
    """`fault`: why the rendered picture stays as it was; None when it was refined. The rest: see `Refined`."""

    fault: str | None
    colour_de: float
    edges: float


class RefineOutputs(Frozen):
    """`picture`: PNG, RGBA; the rendered one itself when it was rejected."""

    picture: Artifact
    report: RefineReport


def refine_angle(inputs: RefineInputs, params: RefineParams, work: Work) -> RefineOutputs:
    """Refine one rendered angle, or leave it. Raises BadInput or MissingEngine as the engine does."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.diffusion.painting.loading import load_engine
    from pipeline.diffusion.painting.refine import RefineRequest, refine

    how = params
    engine = load_engine(how.checkpoint, digest=how.checkpoint_digest, device=how.device, dtype=how.dtype)
    request = RefineRequest(
        rendered=decode_png(work.read(inputs.picture)),
        photo=decode_png(work.read(inputs.nearest)),
        prompt=how.prompt,
        seed=how.seed,
        steps=how.steps,
        guidance=how.guidance,
        strength=how.strength,
    )
    done = refine(engine.pipe, engine.native_px, request)
    picture = inputs.picture if done.fault else work.put_bytes(encode_png(done.rgba), "image/png")
    report = RefineReport(fault=done.fault, colour_de=done.colour_de, edges=done.edges)
    return RefineOutputs(picture=picture, report=report)


REFINE = Stage("render_refinement", 3, RefineInputs, RefineParams, RefineOutputs, refine_angle)


class CorrectInputs(Frozen):
    """A splat, a photo and its cut-out."""

    splat: Artifact
    photo: Artifact
    cutout: Artifact


class CorrectParams(Frozen):
    """From where the photo was taken. `measure_only`: its matte stays as it is, but is compared with the splat."""

    view: View
    measure_only: bool = False


class CorrectReport(Frozen):
    """The matte against the silhouette."""

    silhouette: SilhouetteAgreement


class CorrectOutputs(Frozen):
    """`picture`: PNG, RGBA; the cut-out itself where nothing was to be corrected."""

    picture: Artifact
    report: CorrectReport


def correct_angle(inputs: CorrectInputs, params: CorrectParams, work: Work) -> CorrectOutputs:
    """Correct one captured angle's matte by the silhouette of the splat, seen from the photo's place."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.imaging.silhouette.correct import correct, measure
    from pipeline.imaging.silhouette.evidence import RenderedSplat
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.show.match import as_shot
    from pipeline.splatting.show.render import straight

    rgb, rgba = decode_png(work.read(inputs.photo)), decode_png(work.read(inputs.cutout))
    planes = as_shot(read_ply(work.read(inputs.splat), "the splat"), params.view)
    drawn = RenderedSplat(straight(planes).rgba[..., :3], planes[3])
    done = measure(rgb, rgba, drawn) if params.measure_only else correct(rgb, rgba, drawn)
    same = done.rgba is rgba
    return CorrectOutputs(
        picture=inputs.cutout if same else work.put_bytes(encode_png(done.rgba), "image/png"),
        report=CorrectReport(
            silhouette=SilhouetteAgreement(
                iou_before=round(done.before.iou, 5),
                iou=round(done.after.iou, 5),
                worst_px_before=round(done.before.worst_px, 1),
                worst_px=round(done.after.worst_px, 1),
                changed=round(done.changed, 5),
            )
        ),
    )


CORRECT = Stage("render_correction", 3, CorrectInputs, CorrectParams, CorrectOutputs, correct_angle)
