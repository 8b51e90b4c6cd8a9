"""The item of the stage background: one solid, gradient or painted backdrop, with its own key."""

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

EXTENDED = 1.5  # longer to shorter side of an extended backdrop: enough for every shape from 2:3 to a square


class AssetInputs(Frozen):
    """The picture that the backdrop is painted around; None where it makes no difference."""

    angle: Artifact | None = None


class AssetParams(Frozen):
    """One backdrop, without the names of its angle and backdrop, so that equal ones are made once."""

    kind: Literal["solid", "gradient", "diffusion"]
    size_px: int
    extend: Literal["tall", "wide"] | None = None
    colour: str | None = None
    to_colour: str | None = None
    prompt: str | None = None
    seed: int | None = None
    camera_elevation_deg: float | None = None
    diffusion: EngineParams | None = None


class AssetReport(Frozen):
    """A painted backdrop's start, the prompt that the model received, and the words it did not use.

    `understood`: share of the words that were used, 0 to 1.
    """

    start: Literal["noise", "scene"] | None = None
    painted_as: str | None = None
    passed_over: tuple[str, ...] = ()
    understood: float = 1.0


class AssetOutputs(Frozen):
    """`backdrop`: PNG, 8-bit sRGB, square unless extended."""

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
    """Paint assets in one batch; they may differ in product and seed only."""
    diffusion = assets[0][1].diffusion or ENGINES.defaults()
    return ENGINES.of(diffusion).paint([_request_of(*asset, work) for asset in assets], diffusion)


def _request_of(inputs: AssetInputs, params: AssetParams, work: Work) -> BackdropRequest:
    """The engine's request for this asset."""
    from pipeline.core.png import decode_png

    longer_px = round(EXTENDED * params.size_px)
    return BackdropRequest(
        prompt=given(params.prompt),
        width_px=longer_px if params.extend == "wide" else params.size_px,
        height_px=longer_px if params.extend == "tall" else params.size_px,
        seed=params.seed or 0,
        product=None if inputs.angle is None else decode_png(work.read(inputs.angle)),
        extend=params.extend is not None,
        camera_elevation_deg=params.camera_elevation_deg,
    )


def _stored(painted: PaintedBackdrop, work: Work) -> AssetOutputs:
    from pipeline.core.png import encode_png

    report = AssetReport(
        start=painted.start,
        painted_as=painted.prompt,
        passed_over=painted.passed_over,
        understood=round(painted.understood, 3),
    )
    return AssetOutputs(backdrop=work.put_bytes(encode_png(painted.rgb), "image/png"), report=report)


ASSET = Stage("background_asset", 8, AssetInputs, AssetParams, AssetOutputs, run_asset)


def given(value: str | None) -> str:
    """Return a field that the backdrop's kind requires.

    `Backdrop` checks it, but a request written by hand may lack it: then raises BadInput.
    """
    if value is None:
        raise BadInput("the backdrop lacks a field that its kind requires", remedy="Give colour, to_colour or prompt")
    return value


class Batch:
    """Paints a requested backdrop together with the next ones, as many at a time as the engine takes.

    Up to rounding, a backdrop does not depend on the others of its batch.
    """

    def __init__(self, assets: Sequence[tuple[AssetInputs, AssetParams]]) -> None:
        self._assets = [asset for asset in assets if asset[1].kind == "diffusion"]
        self._painted: dict[str, PaintedBackdrop] = {}
        self._returned: set[str] = set()

    def run(self, inputs: AssetInputs, params: AssetParams, work: Work) -> AssetOutputs:
        """Make one backdrop as `run_asset` does, and paint the next ones of its batch with it."""
        if params.kind != "diffusion" or params.diffusion is None:
            return run_asset(inputs, params, work)
        size = ENGINES.of(params.diffusion).facts(params.diffusion).batch
        key = _key(inputs, params)
        if key not in self._painted:
            others = {_key(*asset): asset for asset in self._assets if _shared(asset[1]) == _shared(params)}
            done = {key, *self._painted, *self._returned}
            pending = [each for name, each in others.items() if name not in done and not _is_stored(name, work)]
            batch = [(inputs, params), *pending[: size - 1]]
            painted = painted_together(batch, work)
            self._painted |= {_key(*asset): picture for asset, picture in zip(batch, painted, strict=True)}
        self._returned.add(key)
        return _stored(self._painted.pop(key), work)


def _key(inputs: AssetInputs, params: AssetParams) -> str:
    return ASSET.request(inputs, params).key


def _is_stored(key: str, work: Work) -> bool:
    """Whether an earlier run finished this asset, such as one that was killed later."""
    return work.store.manifest(ASSET.name, key) is not None


def _shared(params: AssetParams) -> AssetParams:
    """The params without the seed, which may differ within a batch."""
    return params.model_copy(update={"seed": 0})
