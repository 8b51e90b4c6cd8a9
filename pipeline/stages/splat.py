"""splat: fit 3D Gaussians to the cut-out photos of the product; skipped if no angle needs rendering."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import Field, PlainValidator, SerializeAsAny, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.engines import gathered
from pipeline.core.errors import Held
from pipeline.core.process import importing
from pipeline.core.records import Validation, dump_json
from pipeline.splatting.engines.registry import ENGINES
from pipeline.splatting.fit.params import PhotoSettings
from pipeline.splatting.fit.report import FitReport, Hooks


class Inputs(Frozen):
    """`model`: COLMAP tree in the product frame; `cutouts`: tree `<photo>.png`, RGBA.

    `to_render`: of coverage; None if no angle is to be rendered.
    """

    model: Artifact
    cutouts: Artifact
    to_render: Artifact | None = None


class Params(Frozen):
    """When to fit, and what is good enough. A preset writes the engine's settings beside these."""

    when: Literal["needed", "always"] = Field(
        default="needed", description="needed: fit only if an angle is to be rendered; always: fit in any case"
    )
    min_psnr_db: float = Field(
        default=22.0,
        ge=0,
        description="PSNR of held-out photos, inside the product, after a colour fit; below it the shoot is held",
    )
    min_alpha_iou: float = Field(
        default=0.93, ge=0, le=1, description="overlap with held-out cut-outs; below it the shoot is held"
    )
    least_iterations: float = Field(
        default=0.4,
        ge=0,
        le=1,
        description="share of its iterations; a fit that max_seconds ends sooner is held for lack of time, and goes on "
        "at the next run",
    )
    min_matte_fraction: float = Field(
        default=0.002,
        ge=0,
        le=1,
        description="photos whose cut-out covers less of the frame are skipped, because the cut-out missed the product",
    )
    fit: Annotated[SerializeAsAny[PhotoSettings], PlainValidator(ENGINES.parse)] = Field(
        default_factory=lambda: cast("PhotoSettings", ENGINES.defaults()), description="the engine's settings"
    )

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        return gathered(values, cls.model_fields, "fit")


class Report(Frozen):
    """`fit`: the report of the fit, None if none was made."""

    skipped_photos: tuple[str, ...] = ()
    fit: FitReport | None = None


class Outputs(Frozen):
    """`splat`: 3DGS PLY in the product frame; `sheet`: PNG, photo | render | difference x 4; `turntable`: WebP.

    `validation`: JSON list of Validation. All are None if no angle needs a splat.
    """

    splat: Artifact | None
    sheet: Artifact | None
    turntable: Artifact | None
    validation: Artifact | None
    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Fit, evaluate on held-out photos, store. Raises Held if the fit is not good enough, BadInput, MissingEngine."""
    if inputs.to_render is None and params.when == "needed":
        return Outputs(splat=None, sheet=None, turntable=None, validation=None, report=Report())
    with importing():
        from pipeline.core.png import encode_png
        from pipeline.splatting.colmap_folder import fit_model
        from pipeline.splatting.ply import write_ply
        from pipeline.splatting.show.sheet import sheet
        from pipeline.splatting.show.turntable import PREVIEW, turn, webp

    hooks = Hooks(progress=lambda p: work.progress(p.iteration, p.total, p.message), save=work.save_snapshot,
                  load=work.load_snapshot)  # fmt: skip
    result = fit_model(
        work.folder(inputs.model, "model"), work.folder(inputs.cutouts, "cutouts"), params.fit, hooks,
        min_matte_fraction=params.min_matte_fraction,
    )  # fmt: skip
    validation = [
        Validation(photo=name, psnr_db=s.psnr_db, ssim=s.ssim, alpha_iou=s.alpha_iou, side_px=params.fit.side_px)
        for name, s in result.fit.scores.items()
    ]
    captions = {name: f"{s.psnr_db:.1f} dB, SSIM {s.ssim:.3f}, held out" for name, s in result.fit.scores.items()}
    judged = encode_png(sheet(result.fit.splat, list(result.fit.judged), captions))
    _judge(result.fit.report, params, judged)
    return Outputs(
        splat=work.put_bytes(write_ply(result.fit.splat), "model/ply"),
        sheet=work.put_bytes(judged, "image/png"),
        turntable=work.put_bytes(webp(turn(result.fit.splat, PREVIEW), PREVIEW.seconds), "image/webp"),
        validation=work.put_bytes(dump_json(validation)),
        report=Report(skipped_photos=result.skipped, fit=result.fit.report),
    )


def _judge(report: FitReport, params: Params, sheet: bytes) -> None:
    """Raise Held, with the sheet (PNG) as its picture, if the splat is not close enough to the held-out photos.

    A splat that the clock kept from being so, or from most of its iterations, is held for lack of time.
    """
    held = _shortcoming(report, params)
    if report.stopped == "seconds" and (held is not None or _share(report) < params.least_iterations):
        asked = f" of {report.iterations_asked}" if report.iterations_asked else ""
        raise Held(
            f"max_seconds ended the fit after {report.iterations}{asked} iterations{f': {held.what}' if held else ''}",
            code="splat-out-of-time",
            remedy="Run it again: it goes on where it stopped; on a slow machine raise the splat's max_seconds",
            passing=True,
            picture=sheet,
        )
    if held is not None:
        held.picture = sheet
        raise held


def _share(report: FitReport) -> float:
    return report.iterations / report.iterations_asked if report.iterations_asked else 1.0


def _shortcoming(report: FitReport, params: Params) -> Held | None:
    """In what the splat falls short of the held-out photos; None if it is close enough or none was held out."""
    if report.fitted_psnr_db is None or report.alpha_iou is None:
        return None
    if report.fitted_psnr_db < params.min_psnr_db:
        return Held(
            f"the splat reaches {report.fitted_psnr_db:.1f} dB on held-out photos ({_listed(report.held_out)}),"
            f" below {params.min_psnr_db:.1f} dB",
            code="splat-blurred",
            remedy="Shoot more photos, steadier and closer together, or raise the splat's iterations and max_seconds",
        )
    if report.alpha_iou < params.min_alpha_iou:
        return Held(
            f"the splat's outline overlaps the held-out cut-outs by only {report.alpha_iou:.3f}, below"
            f" {params.min_alpha_iou:.3f}",
            code="splat-outline-wrong",
            remedy="Look at the cut-outs: some lack a part of the product or include the backdrop",
        )
    return None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


STAGE = Stage(
    "splat", 13, Inputs, Params, Outputs, run, resources=Resources(gpu=True), engines=ENGINES, engine_field="fit"
)
