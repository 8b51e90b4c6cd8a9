"""The item of background: one backdrop, solid, gradient or painted, with a key of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.checkpoints import EMBEDDED, facts_of, folder_of

if TYPE_CHECKING:  # its module loads numpy and OpenCV
    from pipeline.diffusion.painting.engine import BackdropRequest, DiffusersEngine, PaintedBackdrop

EXTENDED = 1.5  # longer to shorter side of an extended backdrop: room for 2:3 and everything between it and a square


class Diffusion(Frozen):
    """Everything that changes a painted backdrop besides its prompt, its seed and the product before it."""

    checkpoint: str = Field(
        default=EMBEDDED, description="`embedded`, an inpainting folder, or hub:owner/name@revision in the hub cache"
    )
    checkpoint_digest: str | None = Field(default=None, description="of its weights; filled in when planning")
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:\d+)?)$")] = "cpu"
    offload: Literal["none", "model", "sequential"] = Field(
        default="none", description="keep weights in main memory: part by part, or layer by layer (slow, smallest)"
    )
    attention_slicing: bool = Field(default=False, description="less memory for more time")
    batch: int = Field(default=1, ge=1, le=64, description="angles painted at once, behind the same backdrop")
    scheduler: Literal["checkpoint", "ddim", "dpm++", "unipc", "euler", "lcm"] = "checkpoint"
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


def numbers_of(how: Diffusion) -> tuple[float, float]:
    """Strength and guidance; what is not said is the checkpoint's own."""
    if how.strength is not None and how.guidance is not None:
        return how.strength, how.guidance
    own = facts_of(folder_of(how.checkpoint))
    return (
        own.strength if how.strength is None else how.strength,
        own.guidance if how.guidance is None else how.guidance,
    )


class AssetInputs(Frozen):
    """The product that the backdrop is painted around; None where it makes no difference."""

    angle: Artifact | None = None


class AssetParams(Frozen):
    """One backdrop. The angle's and backdrop's names are not among them: the same picture is made once."""

    kind: Literal["solid", "gradient", "diffusion"]
    size_px: int
    extend: Literal["tall", "wide"] | None = None
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
    """`backdrop`: PNG, 8-bit sRGB RGB, square unless it was extended."""

    backdrop: Artifact
    report: AssetReport


def run_asset(inputs: AssetInputs, params: AssetParams, work: Work) -> AssetOutputs:
    """Make one backdrop. Raises BadInput or MissingEngine as the engine does."""
    from pipeline.core.png import encode_png
    from pipeline.diffusion.scenes.plain import gradient, solid

    if params.kind == "diffusion":
        return _paint(inputs, params, work)
    size = params.size_px
    colour, to_colour = given(params.colour), params.to_colour
    picture = solid(colour, size, size) if params.kind == "solid" else gradient(colour, given(to_colour), size, size)
    return AssetOutputs(backdrop=work.put_bytes(encode_png(picture), "image/png"), report=AssetReport())


def _paint(inputs: AssetInputs, params: AssetParams, work: Work) -> AssetOutputs:
    return _stored(engine_of(params.diffusion or Diffusion()).paint(request_of(inputs, params, work)), work)


def engine_of(how: Diffusion) -> "DiffusersEngine":
    """The engine that these params name."""
    from pipeline.diffusion.painting.loading import load_engine

    return load_engine(
        how.checkpoint,
        digest=how.checkpoint_digest,
        device=how.device,
        dtype=how.dtype,
        offload=how.offload,
        attention_slicing=how.attention_slicing,
    )


def request_of(inputs: AssetInputs, params: AssetParams, work: Work) -> "BackdropRequest":
    """What the engine is asked for this asset."""
    from pipeline.core.png import decode_png
    from pipeline.diffusion.painting.engine import BackdropRequest

    how = params.diffusion or Diffusion()
    strength, guidance = numbers_of(how)
    longer_px = round(EXTENDED * params.size_px)
    return BackdropRequest(
        prompt=given(params.prompt),
        negative_prompt=how.negative_prompt,
        product=None if inputs.angle is None else decode_png(work.read(inputs.angle)),
        width_px=longer_px if params.extend == "wide" else params.size_px,
        height_px=longer_px if params.extend == "tall" else params.size_px,
        extend=params.extend is not None,
        seed=params.seed or 0,
        steps=how.steps,
        guidance=guidance,
        strength=strength,
        scheduler=how.scheduler,
    )


def _stored(painted: "PaintedBackdrop", work: Work) -> AssetOutputs:
    from pipeline.core.png import encode_png

    report = AssetReport(start=painted.start, painted_as=painted.prompt, passed_over=painted.passed_over)
    return AssetOutputs(backdrop=work.put_bytes(encode_png(painted.rgb), "image/png"), report=report)


ASSET = Stage("background_asset", 5, AssetInputs, AssetParams, AssetOutputs, run_asset)


def given(value: str | None) -> str:
    """A field that the backdrop's kind needs; `Backdrop` has checked it, a request written by hand may lack it."""
    if value is None:
        raise BadInput("the backdrop lacks a field that its kind needs", remedy="give colour, to_colour or prompt")
    return value


class Batch:
    """Paints what is asked for together with what will be asked for next, `diffusion.batch` pictures at a time.

    Up to rounding a picture is the same in whatever company it was painted.
    """

    def __init__(self, wanted: Sequence[tuple[AssetInputs, AssetParams]]) -> None:
        self._wanted = [one for one in wanted if one[1].kind == "diffusion"]
        self._painted: dict[str, PaintedBackdrop] = {}
        self._handed_out: set[str] = set()

    def run(self, inputs: AssetInputs, params: AssetParams, work: Work) -> AssetOutputs:
        """`run_asset`, a batch at a time."""
        if params.kind != "diffusion" or params.diffusion is None or params.diffusion.batch == 1:
            return run_asset(inputs, params, work)
        key = _key(inputs, params)
        if key not in self._painted:
            others = {_key(*one): one for one in self._wanted if _shared(one[1]) == _shared(params)}
            left = [one for name, one in others.items() if name not in {key, *self._painted, *self._handed_out}]
            chosen = [(inputs, params), *left[: params.diffusion.batch - 1]]
            made = engine_of(params.diffusion).paint_all([request_of(*one, work) for one in chosen])
            self._painted |= {_key(*one): picture for one, picture in zip(chosen, made, strict=True)}
        self._handed_out.add(key)
        return _stored(self._painted.pop(key), work)


def _key(inputs: AssetInputs, params: AssetParams) -> str:
    return ASSET.request(inputs, params).model_dump_json()


def _shared(params: AssetParams) -> AssetParams:
    return params.model_copy(update={"seed": 0})
