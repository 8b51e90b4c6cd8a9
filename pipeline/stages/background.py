"""Background: one RGB backdrop for every angle that has a picture, solid, gradient, or painted by diffusion."""

import hashlib
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipeline.contract.artifact import JSON, Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.diffusion.checkpoints import EMBEDDED, checkpoint_digest, facts_of, folder_of, pipeline_class
from pipeline.domain import Frozen
from pipeline.errors import BadInput
from pipeline.records import Backdrop, BackdropPicture, Caption, Picture, dump_json, load_list


class Inputs(Frozen):
    """`angles`: tree `<angle>.png`, RGBA; `pictures`: JSON list of Picture; `caption` None when captions are held."""

    angles: Artifact
    pictures: Artifact
    caption: Artifact | None = None


class Diffusion(Frozen):
    """Everything that changes a painted backdrop besides its prompt, its seed and the product before it."""

    checkpoint: str = Field(default=EMBEDDED, description="`embedded`, or a diffusers inpainting checkpoint folder")
    checkpoint_digest: str | None = Field(default=None, description="of its weights; filled in when planning")
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:\d+)?)$")] = "cpu"
    scheduler: Literal["checkpoint", "ddim", "dpm++", "unipc", "euler"] = "checkpoint"
    steps: int = Field(default=20, ge=1, le=200)
    guidance: float | None = Field(
        default=None, ge=0, le=30, description="classifier-free guidance, 1 for none; default: the checkpoint's own"
    )
    strength: float | None = Field(
        default=None,
        ge=0.05,
        le=1,
        description="1: painted from noise; less: from a generated scene of the material; default: its own",
    )
    negative_prompt: str = Field(default="", max_length=400)


class Params(Frozen):
    """Which backdrops, how large (they are squares: every channel cuts its own frame), and how they are painted."""

    backdrops: tuple[Backdrop, ...] = ()
    size_px: int = Field(default=1600, ge=64, le=4096)
    diffusion: Diffusion = Diffusion()
    around: Literal["auto", "product", "empty"] = Field(
        default="auto",
        description="paint around each angle's product, or one empty set for all angles; auto: empty where the "
        "checkpoint paints the set behind the product anyway, so that all angles stand on the same one",
    )
    seed: int = Field(default=0, ge=0, lt=2**31)
    seed_per_angle: bool = Field(default=False, description="False: all angles stand in the same place")

    @model_validator(mode="before")
    @classmethod
    def _pin_checkpoint(cls, values: Any) -> Any:
        """Write the checkpoint's digest and defaults into the params, so that other weights are another request."""
        if not isinstance(values, dict) or not any(_kind(one) == "diffusion" for one in values.get("backdrops", ())):
            return values
        return {**values, "diffusion": _pinned(Diffusion.model_validate(values.get("diffusion", {})))}


def _pinned(how: Diffusion) -> Diffusion:
    strength, guidance = _numbers(how)
    found = how.checkpoint_digest or checkpoint_digest(how.checkpoint)
    return how.model_copy(update={"checkpoint_digest": found, "strength": strength, "guidance": guidance})


def _numbers(how: Diffusion) -> tuple[float, float]:
    """Strength and guidance; what is not said is the checkpoint's own."""
    if how.strength is not None and how.guidance is not None:
        return how.strength, how.guidance
    own = facts_of(folder_of(how.checkpoint))
    return (
        own.strength if how.strength is None else how.strength,
        own.guidance if how.guidance is None else how.guidance,
    )


class Wording(Frozen):
    """A prompt as the checkpoint understood it. `passed_over`: words (or an end too long for it) that had no part."""

    backdrop: str
    asked: str
    painted_as: str
    passed_over: tuple[str, ...] = ()


class Report(Frozen):
    """How many backdrops, how many of them painted, by what, and how the checkpoint understood each prompt."""

    backdrops: int
    painted: int
    engine: str | None = None
    checkpoint_digest: str | None = None
    wordings: tuple[Wording, ...] = ()


class Outputs(Frozen):
    """`backdrops`: tree `<angle>/<backdrop>.png`, RGB; `backdrop_pictures`: JSON list of BackdropPicture."""

    backdrops: Artifact
    backdrop_pictures: Artifact
    report: Report


class AssetInputs(Frozen):
    """The product that the backdrop is painted around; None where it makes no difference."""

    angle: Artifact | None = None


class AssetParams(Frozen):
    """One backdrop. The angle's and backdrop's names are not among them: the same picture is made once."""

    kind: Literal["solid", "gradient", "diffusion"]
    size_px: int
    colour: str | None = None
    to_colour: str | None = None
    prompt: str | None = None
    seed: int | None = None
    diffusion: Diffusion | None = None


class AssetReport(Frozen):
    """What the diffusion started from, the words it was asked with, those passed over; a plain backdrop has none."""

    start: Literal["noise", "scene"] | None = None
    painted_as: str | None = None
    passed_over: tuple[str, ...] = ()


class AssetOutputs(Frozen):
    """`backdrop`: PNG, 8-bit sRGB RGB, square."""

    backdrop: Artifact
    report: AssetReport


def run_asset(inputs: AssetInputs, params: AssetParams, work: Work) -> AssetOutputs:
    """Make one backdrop. Raises BadInput or MissingEngine as the engine does."""
    from pipeline.diffusion.plain import gradient, solid
    from pipeline.imaging.pixels import encode_png

    if params.kind == "diffusion":
        return _paint(inputs, params, work)
    size = params.size_px
    colour, to_colour = _given(params.colour), params.to_colour
    picture = solid(colour, size, size) if params.kind == "solid" else gradient(colour, _given(to_colour), size, size)
    return AssetOutputs(backdrop=work.put_bytes(encode_png(picture), "image/png"), report=AssetReport())


def _paint(inputs: AssetInputs, params: AssetParams, work: Work) -> AssetOutputs:
    from pipeline.diffusion.engine import BackdropRequest, load_engine
    from pipeline.imaging.pixels import decode_png, encode_png

    how = params.diffusion or Diffusion()
    strength, guidance = _numbers(how)
    engine = load_engine(how.checkpoint, digest=how.checkpoint_digest, device=how.device, dtype=how.dtype)
    painted = engine.paint(
        BackdropRequest(
            prompt=_given(params.prompt),
            negative_prompt=how.negative_prompt,
            product=None if inputs.angle is None else decode_png(work.read(inputs.angle)),
            width_px=params.size_px,
            height_px=params.size_px,
            seed=params.seed or 0,
            steps=how.steps,
            guidance=guidance,
            strength=strength,
            scheduler=how.scheduler,
        )
    )
    picture = work.put_bytes(encode_png(painted.rgb), "image/png")
    report = AssetReport(start=painted.start, painted_as=painted.prompt, passed_over=painted.passed_over)
    return AssetOutputs(backdrop=picture, report=report)


ASSET = Stage("background_asset", 2, AssetInputs, AssetParams, AssetOutputs, run_asset, gpu=True)


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Every backdrop behind every angle that has a picture. Raises BadInput."""
    angles = work.tree(inputs.angles)
    pictures = [one for one in load_list(Picture, work.read(inputs.pictures)) if one.source != "refused"]
    caption = None if inputs.caption is None else Caption.model_validate_json(work.read(inputs.caption))
    wanted = [(picture.angle.name, backdrop) for picture in pictures for backdrop in params.backdrops]
    files: dict[str, Artifact] = {}
    records: list[BackdropPicture] = []
    wordings: dict[Wording, None] = {}  # in order, each once: angles share a prompt
    for count, (angle, backdrop) in enumerate(wanted, start=1):
        record = partial(BackdropPicture, angle=angle, backdrop=backdrop.name, kind=backdrop.kind)
        path = f"{angle}/{backdrop.name}.png"
        if f"{angle}.png" not in angles:
            raise BadInput(f"angle {angle} has no picture {angle}.png", remedy="run render again")
        asset = _asset_params(backdrop, angle, params, caption)
        behind = angles[f"{angle}.png"] if backdrop.kind == "diffusion" and _around_product(params) else None
        made = work.item(f"{angle}/{backdrop.name}", ASSET, AssetInputs(angle=behind), asset)
        files[path] = made.backdrop
        records.append(record(path=path, prompt=asset.prompt, seed=asset.seed, start=made.report.start))
        wordings |= dict.fromkeys(_wordings(backdrop.name, asset, made.report))
        work.progress(count, len(wanted), path)
    painted = sum(one.kind == "diffusion" for one in records)
    how = params.diffusion
    return Outputs(
        backdrops=work.put_tree(files),
        backdrop_pictures=work.put_bytes(dump_json(records), JSON),
        report=Report(
            backdrops=len(records),
            painted=painted,
            engine=f"diffusers {pipeline_class(folder_of(how.checkpoint))}" if painted else None,
            checkpoint_digest=how.checkpoint_digest if painted else None,
            wordings=tuple(wordings),
        ),
    )


def _around_product(params: Params) -> bool:
    if params.around != "auto":
        return params.around == "product"
    return not facts_of(folder_of(params.diffusion.checkpoint)).paints_behind_product


def _wordings(backdrop: str, asked: AssetParams, made: AssetReport) -> tuple[Wording, ...]:
    if asked.prompt is None or made.painted_as is None:
        return ()
    return (Wording(backdrop=backdrop, asked=asked.prompt, painted_as=made.painted_as, passed_over=made.passed_over),)


def _asset_params(backdrop: Backdrop, angle: str, params: Params, caption: Caption | None) -> AssetParams:
    plain = AssetParams(
        kind=backdrop.kind, size_px=params.size_px, colour=backdrop.colour, to_colour=backdrop.to_colour
    )
    if backdrop.kind != "diffusion":
        return plain
    prompt = _given(backdrop.prompt)
    if caption is not None and not facts_of(folder_of(params.diffusion.checkpoint)).closed_vocabulary:
        prompt = f"{caption.prompt}, {prompt}"
    names = (str(params.seed), backdrop.name, angle if params.seed_per_angle else "")
    seed = int.from_bytes(hashlib.sha256("/".join(names).encode()).digest()[:4], "big") % 2**31
    return plain.model_copy(update={"prompt": prompt, "seed": seed, "diffusion": params.diffusion})


def _given(value: str | None) -> str:
    """A field that the backdrop's kind needs; `Backdrop` has checked it, a request written by hand may lack it."""
    if value is None:
        raise BadInput("the backdrop lacks a field that its kind needs", remedy="give colour, to_colour or prompt")
    return value


def _kind(backdrop: Any) -> str | None:
    return backdrop.get("kind") if isinstance(backdrop, dict) else getattr(backdrop, "kind", None)


STAGE = Stage("background", 2, Inputs, Params, Outputs, run, gpu=True)
