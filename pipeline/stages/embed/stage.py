"""embed: gives every photo and every asset a vector, by which `catalog similar` and publish compare them."""

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.engines import gathered, name_of
from pipeline.core.npy import NPY, from_npy, npy
from pipeline.core.records import AssetRecord, dump_json, load_list
from pipeline.core.vectors import EmbeddedPicture, VectorIndex
from pipeline.similarity.registry import ENGINES
from pipeline.stages.embed.pictures import (
    PICTURES_ITEM,
    EngineParams,
    PicturesInputs,
    PicturesOutputs,
    PicturesParams,
)

if TYPE_CHECKING:
    from pipeline.core.arrays import F32


class Inputs(Frozen):
    """`cutouts`: tree `<photo>.png`; `angles`: tree `<angle>.png`, RGBA; `assets`: tree; `checks`: of the assets.

    An engine that sees the product alone gets an asset's angle in place of its file, because the file has no matte.
    """

    cutouts: Artifact
    angles: Artifact
    assets: Artifact
    checks: Artifact


class Params(Frozen):
    """How alike two shoots may be. A preset writes the engine's settings beside it."""

    vector: EngineParams = Field(default_factory=ENGINES.defaults)
    alike_at_least: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="likeness of the photos of two shoots from which they may show one product, and the later one "
        "goes to review; default: the engine's own",
    )

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        return gathered(values, cls.model_fields, "vector")


class Report(Frozen):
    """What has a vector. `empty`: pictures that show nothing."""

    engine: str
    revision: str
    dimensions: int
    photos: int
    assets: int
    empty: tuple[str, ...] = ()


class Outputs(Frozen):
    """`vectors`: .npy, [n, d] float32 of unit length; `vector_index`: JSON `VectorIndex`, in the order of the rows."""

    vectors: Artifact
    vector_index: Artifact
    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Embed all cut-outs, and the assets or what they show. Raises BadInput, MissingEngine."""
    import numpy as np

    engine = ENGINES.of(params.vector)
    records = load_list(AssetRecord, work.read(inputs.checks))
    photos = _embedded(inputs.cutouts, "photos", params, work)
    work.progress(1, 2, "photos")
    alone = engine.SEES == "product"
    shown = _embedded(inputs.angles if alone else inputs.assets, "angles" if alone else "assets", params, work)
    work.progress(2, 2, "assets")
    by_photo, by_shown = _by_path(photos, work), _by_path(shown, work)
    cutouts, assets = work.tree(inputs.cutouts), work.tree(inputs.assets)
    rows: list[F32] = list(by_photo.values())
    pictures = [
        EmbeddedPicture(kind="photo", name=path.removesuffix(".png"), sha256=cutouts[path].sha256) for path in by_photo
    ]
    for record in records:
        path = f"{record.angle}.png" if alone else record.path
        if path in by_shown:
            name = f"{record.angle}/{record.backdrop}/{record.channel}"
            rows.append(by_shown[path])
            pictures.append(EmbeddedPicture(kind="asset", name=name, sha256=assets[record.path].sha256))
    index = VectorIndex(
        engine=name_of(engine),
        revision=engine.revision(params.vector),
        alike_at_least=engine.ALIKE if params.alike_at_least is None else params.alike_at_least,
        pictures=tuple(pictures),
    )
    vectors = np.stack(rows) if rows else np.zeros((0, 0), np.float32)
    return Outputs(
        vectors=work.put_bytes(npy(vectors), NPY),
        vector_index=work.put_bytes(dump_json(index)),
        report=_report(index, vectors.shape[1], (*photos.report.empty, *shown.report.empty)),
    )


def _embedded(tree: Artifact, name: str, params: Params, work: Work) -> PicturesOutputs:
    return work.item(name, PICTURES_ITEM, PicturesInputs(pictures=tree), PicturesParams(vector=params.vector))


def _by_path(made: PicturesOutputs, work: Work) -> "dict[str, F32]":
    return dict(zip(made.report.paths, from_npy(work.read(made.vectors)), strict=True))


def _report(index: VectorIndex, dimensions: int, empty: tuple[str, ...]) -> Report:
    kinds = [picture.kind for picture in index.pictures]
    return Report(
        engine=index.engine,
        revision=index.revision,
        dimensions=dimensions,
        photos=kinds.count("photo"),
        assets=kinds.count("asset"),
        empty=empty,
    )


STAGE = Stage(
    "embed",
    1,
    Inputs,
    Params,
    Outputs,
    run,
    resources=Resources(cores=1, memory="4Gi", scratch="2Gi"),
    engines=ENGINES,
    engine_field="vector",
)
