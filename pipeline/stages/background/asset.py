"""The item of background: one backdrop, solid, gradient or painted, with a key of its own."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import PlainValidator, SerializeAsAny

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.base import BackdropRequest, PaintedBackdrop
from pipeline.diffusion.painting.registry import ENGINES

EngineParams = Annotated[SerializeAsAny[Frozen], PlainValidator(ENGINES.parse)]

EXTENDED = 1.5  # longer to shorter side of an extended backdrop: room for 2:3 and everything between it and a square


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
    diffusion: EngineParams | None = None


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
    (painted,) = painted_together([(inputs, params)], work)
    return _stored(painted, work)


def painted_together(assets: Sequence[tuple[AssetInputs, AssetParams]], work: Work) -> list[PaintedBackdrop]:
    """Paint assets that differ in product and seed only, in one batch."""
    how = assets[0][1].diffusion or ENGINES.defaults()
    return ENGINES.of(how).paint([_request_of(*asset, work) for asset in assets], how)


def _request_of(inputs: AssetInputs, params: AssetParams, work: Work) -> BackdropRequest:
    """What the engine is asked for this asset."""
    from pipeline.core.png import decode_png

    longer_px = round(EXTENDED * params.size_px)
    return BackdropRequest(
        prompt=given(params.prompt),
        width_px=longer_px if params.extend == "wide" else params.size_px,
        height_px=longer_px if params.extend == "tall" else params.size_px,
        seed=params.seed or 0,
        product=None if inputs.angle is None else decode_png(work.read(inputs.angle)),
        extend=params.extend is not None,
    )


def _stored(painted: PaintedBackdrop, work: Work) -> AssetOutputs:
    from pipeline.core.png import encode_png

    report = AssetReport(start=painted.start, painted_as=painted.prompt, passed_over=painted.passed_over)
    return AssetOutputs(backdrop=work.put_bytes(encode_png(painted.rgb), "image/png"), report=report)


ASSET = Stage("background_asset", 6, AssetInputs, AssetParams, AssetOutputs, run_asset)


def given(value: str | None) -> str:
    """A field that the backdrop's kind needs; `Backdrop` has checked it, a request written by hand may lack it."""
    if value is None:
        raise BadInput("the backdrop lacks a field that its kind needs", remedy="Give colour, to_colour or prompt")
    return value


class Batch:
    """Paints a requested backdrop together with the next ones, as many at a time as the engine takes.

    Up to rounding, a backdrop does not depend on the others of its batch.
    """

    def __init__(self, wanted: Sequence[tuple[AssetInputs, AssetParams]]) -> None:
        self._wanted = [one for one in wanted if one[1].kind == "diffusion"]
        self._painted: dict[str, PaintedBackdrop] = {}
        self._handed_out: set[str] = set()

    def run(self, inputs: AssetInputs, params: AssetParams, work: Work) -> AssetOutputs:
        """`run_asset`, a batch at a time."""
        if params.kind != "diffusion" or params.diffusion is None:
            return run_asset(inputs, params, work)
        size = ENGINES.of(params.diffusion).facts(params.diffusion).batch
        key = _key(inputs, params)
        if key not in self._painted:
            others = {_key(*one): one for one in self._wanted if _shared(one[1]) == _shared(params)}
            pending = [one for name, one in others.items() if name not in {key, *self._painted, *self._handed_out}]
            batch = [(inputs, params), *pending[: size - 1]]
            painted = painted_together(batch, work)
            self._painted |= {_key(*one): picture for one, picture in zip(batch, painted, strict=True)}
        self._handed_out.add(key)
        return _stored(self._painted.pop(key), work)


def _key(inputs: AssetInputs, params: AssetParams) -> str:
    return ASSET.request(inputs, params).model_dump_json()


def _shared(params: AssetParams) -> AssetParams:
    return params.model_copy(update={"seed": 0})
