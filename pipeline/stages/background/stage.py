"""background: makes the backdrops of every angle that has a picture: solid, gradient, or painted by diffusion."""

import hashlib
from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Backdrop, BackdropPicture, Caption, Picture, dump_json, load_list
from pipeline.diffusion.painting.base import PainterFacts
from pipeline.diffusion.painting.registry import ENGINES
from pipeline.stages.background.asset import (
    ASSET,
    AssetInputs,
    AssetParams,
    AssetReport,
    Batch,
    EngineParams,
    given,
)


class Inputs(Frozen):
    """`angles`: tree `<angle>.png`, RGBA; `pictures`: JSON list of Picture; `caption`: None if it is held."""

    angles: Artifact
    pictures: Artifact
    caption: Artifact | None = None


class Params(Frozen):
    """Which backdrops to make, how large, and how to paint. They are square unless extended; channels crop them."""

    backdrops: tuple[Backdrop, ...] = ()
    size_px: int = Field(
        default=1600, ge=64, le=4096, description="side of the square backdrop that channels crop from"
    )
    diffusion: EngineParams = Field(default_factory=ENGINES.defaults)
    around: Literal["auto", "product", "empty"] = Field(
        default="auto",
        description="product: paint around each angle's product; empty: paint one empty set for all angles; auto: "
        "empty if the checkpoint paints behind the product anyway, so that all angles share one set",
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of the painted backdrops")
    seed_per_angle: bool = Field(
        default=False, description="paint a different place for each angle instead of one for all"
    )
    shadow: Literal["layer", "painted"] = Field(
        default="layer",
        description="layer: composite draws the shadow; painted: the checkpoint paints it around each product",
    )

    @model_validator(mode="after")
    def _paints_shadows(self) -> Self:
        if self.shadow == "painted" and self.paints:
            if (painter := _facts(self)).paints_behind_product:
                raise ValueError(
                    f"shadow: painted: {painter.name} paints empty sets, without shadows; "
                    "use shadow: layer, or an inpainting checkpoint that sees the product"
                )
            if self.around == "empty":
                raise ValueError("shadow: painted requires a visible product; set around to product or auto")
        return self

    @model_validator(mode="before")
    @classmethod
    def _pin_weights(cls, values: Any) -> Any:
        """Write the weights' digest and defaults into the params, so that other weights make another request."""
        if not isinstance(values, dict) or not any(_kind(each) == "diffusion" for each in values.get("backdrops", ())):
            return values
        try:
            diffusion = ENGINES.parse(values.get("diffusion", {}))
        except ValueError:  # the field's own validation reports it, with its path
            return values
        return {**values, "diffusion": ENGINES.of(diffusion).pinned(diffusion)}

    @property
    def paints(self) -> bool:
        """Whether any backdrop is painted."""
        return any(backdrop.kind == "diffusion" for backdrop in self.backdrops)


class Wording(Frozen):
    """A prompt as the checkpoint understood it. `passed_over`: words, or a truncated end, that it did not use."""

    backdrop: str
    asked: str
    painted_as: str
    passed_over: tuple[str, ...] = ()


class Report(Frozen):
    """How many backdrops were made and painted, the engine, and how the checkpoint understood each prompt."""

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


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Make every backdrop of every angle that has a picture. Raises BadInput."""
    requests = _requests(inputs, params, work)
    stage = replace(ASSET, run=Batch([(files, asset) for *_, files, asset in requests]).run)
    files: dict[str, Artifact] = {}
    records: list[BackdropPicture] = []
    wordings: dict[Wording, None] = {}  # an ordered set, because angles share a prompt
    for count, (angle, backdrop, asset_files, asset) in enumerate(requests, start=1):
        path = f"{angle}/{backdrop.name}.png"
        made = work.item(f"{angle}/{backdrop.name}", stage, asset_files, asset)
        files[path] = made.backdrop
        records.append(_record(path, angle, backdrop, asset, made.report, params))
        wordings |= dict.fromkeys(_wordings(backdrop.name, asset, made.report))
        work.progress(count, len(requests), path)
    painted = sum(record.kind == "diffusion" for record in records)
    painter = _facts(params) if painted else None
    return Outputs(
        backdrops=work.put_tree(files),
        backdrop_pictures=work.put_bytes(dump_json(records)),
        report=Report(
            backdrops=len(records),
            painted=painted,
            engine=painter.name if painter else None,
            checkpoint_digest=painter.checkpoint_digest if painter else None,
            wordings=tuple(wordings),
        ),
    )


def _requests(inputs: Inputs, params: Params, work: Work) -> list[tuple[str, Backdrop, AssetInputs, AssetParams]]:
    """Every angle that has a picture with every backdrop, in order. Raises BadInput when a picture is missing."""
    angles = work.tree(inputs.angles)
    pictures = [each for each in load_list(Picture, work.read(inputs.pictures)) if each.source != "refused"]
    caption = None if inputs.caption is None else Caption.model_validate_json(work.read(inputs.caption))
    requests = []
    for picture in pictures:
        name = picture.angle.name
        if f"{name}.png" not in angles:
            raise BadInput(f"angle {name} has no picture {name}.png", remedy="Run render again")
        for backdrop in params.backdrops:
            product = angles[f"{name}.png"] if backdrop.kind == "diffusion" and _around_product(params) else None
            asset = _asset_params(backdrop, name, params, caption)
            requests.append((name, backdrop, AssetInputs(angle=product), asset))
    return requests


def _record(
    path: str, angle: str, backdrop: Backdrop, asset: AssetParams, made: AssetReport, params: Params
) -> BackdropPicture:
    return BackdropPicture(
        angle=angle,
        backdrop=backdrop.name,
        kind=backdrop.kind,
        path=path,
        prompt=asset.prompt,
        seed=asset.seed,
        start=made.start,
        shadow_painted=backdrop.kind == "diffusion" and params.shadow == "painted",
    )


def _around_product(params: Params) -> bool:
    if params.around != "auto":
        return params.around == "product"
    return not _facts(params).paints_behind_product


def _wordings(backdrop: str, asked: AssetParams, made: AssetReport) -> tuple[Wording, ...]:
    if asked.prompt is None or made.painted_as is None:
        return ()
    return (Wording(backdrop=backdrop, asked=asked.prompt, painted_as=made.painted_as, passed_over=made.passed_over),)


def _asset_params(backdrop: Backdrop, angle: str, params: Params, caption: Caption | None) -> AssetParams:
    plain = AssetParams(
        kind=backdrop.kind,
        size_px=params.size_px,
        extend=backdrop.extend,
        colour=backdrop.colour,
        to_colour=backdrop.to_colour,
    )
    if backdrop.kind != "diffusion":
        return plain
    prompt = given(backdrop.prompt)
    if caption is not None and not _facts(params).closed_vocabulary:
        prompt = f"{caption.prompt}, {prompt}"
    names = (str(params.seed), backdrop.name, angle if params.seed_per_angle else "")
    seed = int.from_bytes(hashlib.sha256("/".join(names).encode()).digest()[:4], "big") % 2**31
    return plain.model_copy(update={"prompt": prompt, "seed": seed, "diffusion": params.diffusion})


def _facts(params: Params) -> PainterFacts:
    return ENGINES.of(params.diffusion).facts(params.diffusion)


def requires(params: Params) -> str:
    """Return what would paint, or an empty text if no backdrop is painted."""
    return ENGINES.of(params.diffusion).require_here(params.diffusion) if params.paints else ""


def _kind(backdrop: Any) -> str | None:
    return backdrop.get("kind") if isinstance(backdrop, dict) else getattr(backdrop, "kind", None)


STAGE = Stage(
    "background",
    6,
    Inputs,
    Params,
    Outputs,
    run,
    resources=Resources(gpu=True),
    engines=ENGINES,
    engine_field="diffusion",
    requires=requires,
)
