"""composite: puts every angle over its backdrops for every channel, checks each file, draws the contact sheet."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.engines import gathered
from pipeline.core.process import keep_freed_memory
from pipeline.core.records import AssetRecord, BackdropPicture, Check, Light, Picture, dump_json, load_list
from pipeline.core.retouches import Alteration
from pipeline.imaging.channels.channel import Channel, load_channel
from pipeline.imaging.enlarging.registry import ENGINES
from pipeline.imaging.sheet.data import AssetTile
from pipeline.stages.composite.asset import (
    ANGLE_ITEM,
    ASSET_ITEM,
    LAYERS_ITEM,
    AngleInputs,
    AngleParams,
    AssetOutputs,
    LayerParams,
)
from pipeline.stages.composite.enlarge import UpscaleParams, require_fidelity
from pipeline.stages.composite.jobs import Job, Trees, file_in, jobs_of
from pipeline.stages.composite.kept_words import Words, words_of
from pipeline.stages.composite.larger import Enlarging
from pipeline.stages.composite.settings import asset_params, layer_params, source_of
from pipeline.stages.composite.sheet import SheetSources, sheet_of
from pipeline.stages.composite.words import read_photos
from pipeline.stages.composite.worn import WORN_ITEM, WornAssetInputs, WornAssetParams


def _by_name(value: Any) -> Any:
    return load_channel(value) if isinstance(value, str) else value


class Inputs(Frozen):
    """Trees and records of angles and backdrops; fidelity is measured against photos and cut-outs.

    `unedited`: tree `<angle>.png` of the edited angles before the edits; None without edits. `unaltered`: tree
    `<angle>.png` of the refined or retouched angles before that; None without any. `splat`: the product's
    shape, for its shadow; None when not needed or held. `facts` and `left_out`: of the photos and of the files that no
    step used, as JSON lists for the contact sheet. `views` and `lines`: of the photos, and what was read in them, to
    compare rendered angles with; None when held.
    """

    photos: Artifact
    cutouts: Artifact
    angles: Artifact
    pictures: Artifact
    backdrops: Artifact
    backdrop_pictures: Artifact
    unedited: Artifact | None = None
    unaltered: Artifact | None = None
    splat: Artifact | None = None
    facts: Artifact | None = None
    left_out: Artifact | None = None
    views: Artifact | None = None
    lines: Artifact | None = None


class Params(Frozen):
    """The channels, and how the product is lit. A channel may be given by name; its content is part of the key."""

    sku: str = ""
    title: str = ""
    channels: tuple[Annotated[Channel, BeforeValidator(_by_name)], ...] = ()
    shadow: Literal["layer", "none"] = Field(
        default="layer", description="layer: one shadow per picture, as a layer of its own; none: no shadow"
    )
    light: Light = Light()
    hangs: float = Field(default=0.0, ge=0, le=1, description="share of the product's height between it and the floor")
    likeness_at_least: float = Field(
        default=0.86,
        ge=0,
        le=1,
        description="SSIM of a rendered angle, drawn again from the places of photos around it without their detail, "
        "with these photos, below which it goes to review",
    )
    optimise_jpeg: bool = Field(default=True, description="make JPEG files smaller without changing their pixels")
    upscale: UpscaleParams = Field(
        default_factory=ENGINES.defaults, description="what enlarges products that have fewer pixels than their frame"
    )
    upscale_backdrops: UpscaleParams = Field(
        default_factory=ENGINES.defaults,
        description="engine that enlarges painted backdrops, by its name or with its settings as below",
    )

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        return gathered(values, cls.model_fields, "upscale")

    @model_validator(mode="after")
    def _may_alter(self) -> Self:
        require_fidelity(self.upscale)
        return self


class Report(Frozen):
    """The number of assets per verdict, and what could not be composed, with the reason."""

    assets: int
    published: int
    in_review: int
    rejected: int
    skipped: tuple[str, ...] = ()


class Outputs(Frozen):
    """Trees of assets and their layers, the checks (JSON list of AssetRecord), and the contact sheet (PNG)."""

    assets: Artifact
    layers: Artifact
    checks: Artifact
    sheet: Artifact
    report: Report


FidelityChecks = dict[str, tuple[Check, ...]]  # by angle


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Compose every angle with a product over every backdrop, for the channels that accept it.

    Raises BadInput when a listed file is missing.
    """
    keep_freed_memory()
    pictures = load_list(Picture, work.read(inputs.pictures))
    backdrops = load_list(BackdropPicture, work.read(inputs.backdrop_pictures))
    photographed = read_photos(inputs.cutouts, inputs.views, inputs.lines, inputs.splat, work)
    words = words_of(photographed, inputs.lines, inputs.unaltered, work)
    fidelity = _check_angles(inputs, params, pictures, words, work)
    shown = [picture for picture in pictures if picture.angle.name in fidelity]
    trees = Trees(inputs.angles, inputs.backdrops, inputs.splat)
    jobs = jobs_of(shown, backdrops, params.channels, trees, work)
    enlarging = Enlarging(params.upscale, params.upscale_backdrops, words.reader or {}, work)
    layers: dict[str, Artifact] = {}
    assets: dict[str, Artifact] = {}
    records: list[AssetRecord] = []
    for done, job in enumerate(jobs):
        if job.backdrop.kind == "worn":
            made = _worn(job, params, words, work)
        else:
            of_layers = layer_params(job, params)
            out = work.item(f"{job.path}/layers", LAYERS_ITEM, job.files, of_layers)
            layers |= {f"{job.path}/{name}.png": getattr(out, name) for name in ("product", "shadow", "backdrop")}
            made = _composed(job, of_layers, fidelity[job.picture.angle.name], params, enlarging, work)
        assets |= {record.path: asset for record, asset in made}
        records += [record for record, _ in made]
        work.progress(done + 1, len(jobs), job.path)
    tiles = [AssetTile(record, work.path(assets[record.path])) for record in records]
    sources = SheetSources(inputs.photos, inputs.cutouts, inputs.angles, inputs.facts, inputs.left_out)
    return Outputs(
        assets=work.put_tree(assets),
        layers=work.put_tree(layers),
        checks=work.put_bytes(dump_json(records)),
        sheet=work.put_bytes(sheet_of(params.sku, params.title, sources, pictures, tiles, work), "image/png"),
        report=_report(records, _skipped(pictures, fidelity, jobs, params)),
    )


def requires(params: Params) -> str:
    """Return the engines that would enlarge products and painted backdrops. Raises as they do."""
    used = (ENGINES.of(each).require_here(each) for each in (params.upscale, params.upscale_backdrops))
    return "; ".join(dict.fromkeys(used))


def _check_angles(inputs: Inputs, params: Params, pictures: list[Picture], words: Words, work: Work) -> FidelityChecks:
    """The fidelity checks of every angle that shows a product."""
    fidelity: FidelityChecks = {}
    angles, photos, cutouts = work.tree(inputs.angles), work.tree(inputs.photos), work.tree(inputs.cutouts)
    unedited = work.tree(inputs.unedited) if inputs.unedited else {}
    for picture in pictures:
        if picture.source == "refused":
            continue
        name, photo = picture.angle.name, f"{picture.photo}.png"
        captured = picture.source == "captured"
        files = AngleInputs(
            picture=file_in(angles, f"{name}.png"),
            unedited=file_in(unedited, f"{name}.png") if picture.edits else None,
            photo=file_in(photos, photo) if captured else None,
            cutout=file_in(cutouts, photo) if captured else None,
        )
        least = 0.0 if captured else params.likeness_at_least
        report = work.item(name, ANGLE_ITEM, files, AngleParams.of(picture, least)).report
        if report.has_product:
            fidelity[name] = (*report.checks, *words.check(picture, files.picture, files.unedited, work))
    return fidelity


def _composed(
    job: Job, layers: LayerParams, fidelity: tuple[Check, ...], params: Params, enlarging: Enlarging, work: Work
) -> list[tuple[AssetRecord, Artifact]]:
    """The files of an angle over a backdrop, one for each channel."""
    made = []
    for channel in job.channels:
        larger = enlarging.files_for(job, channel)
        settings = asset_params(job, channel, layers, params, altered=bool(larger.alterations))
        done = work.item(f"{job.path}/{channel.name}", ASSET_ITEM, larger.files, settings)
        record = _record(job, channel, larger.checks_with(fidelity), done, larger.alterations)
        made.append((record, done.asset))
    return made


def _worn(job: Job, params: Params, words: Words, work: Work) -> list[tuple[AssetRecord, Artifact]]:
    """The files of a picture in which a person wears the product. It has no layers, and goes to review."""
    from pipeline.imaging.checks.altered import check_alterations

    made = []
    checks = (
        *check_alterations(job.alterations),
        *words.check_worn(job.path, job.files.picture, job.files.backdrop, work),
    )
    for channel in job.channels:
        settings = WornAssetParams(channel=channel, optimise_jpeg=params.optimise_jpeg)
        done = work.item(f"{job.path}/{channel.name}", WORN_ITEM, WornAssetInputs(worn=job.files.backdrop), settings)
        made.append((_record(job, channel, checks, done, job.alterations), done.asset))
    return made


def _record(
    job: Job,
    channel: Channel,
    fidelity: tuple[Check, ...],
    made: AssetOutputs,
    alterations: tuple[Alteration, ...],
) -> AssetRecord:
    from pipeline.imaging.checks.judge import judge

    checks = (*fidelity, *made.report.checks, *job.backdrop.checks)
    verdict, reasons = judge(checks)
    return AssetRecord(
        angle=job.picture.angle.name,
        backdrop=job.backdrop.backdrop,
        channel=channel.name,
        path=f"{job.path}/{channel.name}{channel.extension}",
        media_type=channel.media_type,
        width_px=made.report.width_px,
        height_px=made.report.height_px,
        source=source_of(job.picture),
        shares=job.picture.shares,
        alterations=alterations,
        verdict=verdict,
        reasons=reasons,
        checks=checks,
    )


def _skipped(pictures: list[Picture], fidelity: FidelityChecks, jobs: list[Job], params: Params) -> tuple[str, ...]:
    """The angles and channels that could not be composed, each with the reason."""
    empty = [p.angle.name for p in pictures if p.source != "refused" and p.angle.name not in fidelity]
    served = {channel.name for job in jobs for channel in job.channels}
    unserved = [channel.name for channel in params.channels if jobs and channel.name not in served]
    return (
        *(f"{name}: its picture shows no product" for name in empty),
        *(f"{name}: no backdrop of this shoot suits it" for name in unserved),
    )


def _report(records: list[AssetRecord], skipped: tuple[str, ...]) -> Report:
    verdicts = [record.verdict for record in records]
    return Report(
        assets=len(records),
        published=verdicts.count("published"),
        in_review=verdicts.count("in review"),
        rejected=verdicts.count("rejected"),
        skipped=skipped,
    )


STAGE = Stage("composite", 14, Inputs, Params, Outputs, run, engines=ENGINES, engine_field="upscale", requires=requires)
