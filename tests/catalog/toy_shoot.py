"""A shoot of two photos and a small graph shaped like the real one: items, trees, a fit over all photos."""

from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import numpy as np

from pipeline.contract.artifact import Artifact
from pipeline.contract.manifest import Manifest
from pipeline.contract.runner import Runner
from pipeline.contract.stage import Stage
from pipeline.contract.store import Store
from pipeline.contract.work import Work
from pipeline.core.domain import Angle, AngleDecision, Frozen
from pipeline.core.evidence import Claim
from pipeline.core.media import JSON
from pipeline.core.npy import NPY, npy
from pipeline.core.records import AssetRecord, Caption, Check, Picture, dump_json
from pipeline.core.vectors import EmbeddedPicture, VectorIndex
from pipeline.language.briefs.plan import EditPlan
from pipeline.stages import publish

CLAIMS = [
    Claim(field="title", kind="name", words="Mug", value="mug", evidence=("fact:title",), verdict="supported"),
    Claim(
        field="bullets",
        kind="use",
        words="waterproof",
        value="waterproof",
        verdict="unsupported",
        reason="none says so",
        dropped=True,
    ),
]

MATTING = {"engine": "matting", "checkpoint": "c" * 64}


class NoReport(Frozen):
    pass


class PhotosIn(Frozen):
    photos: Artifact


class PhotosOut(Frozen):
    photos: Artifact
    report: NoReport = NoReport()


class PhotoIn(Frozen):
    photo: Artifact


class PhotoOut(Frozen):
    photo: Artifact
    report: NoReport = NoReport()


class EngineParams(Frozen):
    engine: str = "toy"
    checkpoint: str | None = None


def _photo_stage(stage: str) -> Stage[PhotoIn, EngineParams, PhotoOut]:
    def run(inputs: PhotoIn, params: EngineParams, work: Work) -> PhotoOut:
        return PhotoOut(
            photo=work.put_bytes(work.read(inputs.photo) + f">{stage}{params.checkpoint or ''}".encode(), "image/png")
        )

    return Stage(f"{stage}_photo", 1, PhotoIn, EngineParams, PhotoOut, run)


def _photos_stage(stage: str) -> Stage[PhotosIn, EngineParams, PhotosOut]:
    item = _photo_stage(stage)

    def run(inputs: PhotosIn, params: EngineParams, work: Work) -> PhotosOut:
        made = {}
        for path, photo in work.tree(inputs.photos).items():
            name = Path(path).stem
            made[f"{name}.png"] = work.item(name, item, PhotoIn(photo=photo), params).photo
        work.cost_usd = 0.5
        return PhotosOut(photos=work.put_tree(made))

    return Stage(stage, 1, PhotosIn, EngineParams, PhotosOut, run)


class FitOut(Frozen):
    splat: Artifact
    report: NoReport = NoReport()


def _fit(inputs: PhotosIn, params: EngineParams, work: Work) -> FitOut:
    return FitOut(splat=work.put_bytes(b"|".join(work.read(file) for file in work.tree(inputs.photos).values())))


class RenderIn(Frozen):
    cutouts: Artifact
    splat: Artifact


class RenderParams(Frozen):
    angles: tuple[str, ...] = ("front", "left")


class RenderOut(Frozen):
    angles: Artifact
    pictures: Artifact
    decisions: Artifact
    caption: Artifact
    claims: Artifact
    report: NoReport = NoReport()


class AngleIn(Frozen):
    cutout: Artifact | None = None
    splat: Artifact | None = None


class AngleParams(Frozen):
    angle: str


def _angle(inputs: AngleIn, params: AngleParams, work: Work) -> PhotoOut:
    """A captured angle returns its cut-out unchanged, as the real stage may."""
    if inputs.cutout is not None:
        return PhotoOut(photo=inputs.cutout)
    assert inputs.splat is not None
    return PhotoOut(photo=work.put_bytes(work.read(inputs.splat) + params.angle.encode(), "image/png"))


ANGLE = Stage("render_angle", 1, AngleIn, AngleParams, PhotoOut, _angle)


def _render(inputs: RenderIn, params: RenderParams, work: Work) -> RenderOut:
    photo, first = next(iter(work.tree(inputs.cutouts).items()))
    made, pictures, decisions = {}, [], []
    for name in params.angles:
        sources = AngleIn(cutout=first) if name.startswith("front") else AngleIn(splat=inputs.splat)
        made[f"{name}.png"] = work.item(name, ANGLE, sources, AngleParams(angle=name)).photo
        source = "captured" if name.startswith("front") else "rendered"
        angle = Angle(name=name, azimuth_deg=0.0)
        pictures.append(Picture(angle=angle, source=source, reason=""))
        serves = PurePath(photo).stem if source == "captured" else None
        decisions.append(AngleDecision(angle=angle, source=source, photo=serves, reason="near enough"))
    decisions.append(
        AngleDecision(angle=Angle(name="back", azimuth_deg=180.0), source="refused", reason="nobody stood there")
    )
    caption = Caption(
        engine="toy",
        title="Mug",
        description="A mug.",
        alt_text="A mug",
        alt_texts={name: f"A mug, {name} view" for name in params.angles},
        attributes={"colour": "red"},
        prompt="a mug",
    )
    return RenderOut(
        angles=work.put_tree(made),
        pictures=work.put_bytes(dump_json(pictures)),
        decisions=work.put_bytes(dump_json(decisions)),
        caption=work.put_bytes(dump_json(caption)),
        claims=work.put_bytes(dump_json(CLAIMS)),
    )


class CompositeIn(Frozen):
    angles: Artifact


class CompositeParams(Frozen):
    channels: tuple[str, ...] = ("shop",)
    verdict: str = "published"


class CompositeOut(Frozen):
    assets: Artifact
    checks: Artifact
    report: NoReport = NoReport()


def _composite(inputs: CompositeIn, params: CompositeParams, work: Work) -> CompositeOut:
    files, records = {}, []
    for path, picture in work.tree(inputs.angles).items():
        for channel in params.channels:
            angle = Path(path).stem
            name = f"{angle}/white/{channel}.png"
            item = _photo_stage(f"composite_{channel}")
            files[name] = work.item(f"{angle}/white/{channel}", item, PhotoIn(photo=picture), EngineParams()).photo
            check = Check(name="fill", value=0.9, unit="", threshold=0.85, passed=True, words="fills the frame")
            records.append(
                AssetRecord(
                    angle=angle,
                    backdrop="white",
                    channel=channel,
                    path=name,
                    media_type="image/png",
                    width_px=10,
                    height_px=12,
                    source="captured" if angle == "front" else "rendered",
                    verdict=params.verdict,  # type: ignore[arg-type]
                    reasons=() if params.verdict == "published" else ("edges halo",),
                    checks=(check,),
                )
            )
    return CompositeOut(assets=work.put_tree(files), checks=work.put_bytes(dump_json(records)))


@dataclass(frozen=True)
class ToyShoot:
    """Runs the graph in a folder store and publishes the result."""

    root: Path
    catalog_url: str
    sku: str = "MUG-1"
    photos: dict[str, bytes] = field(default_factory=lambda: {"A.jpg": b"first photo", "B.jpg": b"second photo"})
    angles: tuple[str, ...] = ("front", "left")
    channels: tuple[str, ...] = ("shop",)
    verdict: str = "published"
    looks: tuple[tuple[float, ...], ...] = ()

    @property
    def store(self) -> Store:
        return Store(self.root / "store")

    def upstream(self) -> dict[str, Manifest]:
        runner = Runner(self.store)
        tree = self.store.put_tree({name: self.store.put(data, "image/jpeg") for name, data in self.photos.items()})
        made, ingest, _ = runner.run(_photos_stage("ingest"), PhotosIn(photos=tree), EngineParams())
        cut, cutout, _ = runner.run(_photos_stage("cutout"), PhotosIn(photos=made.photos), EngineParams(**MATTING))
        fitted, splat, _ = runner.run(
            Stage("splat", 1, PhotosIn, EngineParams, FitOut, _fit), PhotosIn(photos=cut.photos), EngineParams()
        )
        drawn, render, _ = runner.run(
            Stage("render", 1, RenderIn, RenderParams, RenderOut, _render),
            RenderIn(cutouts=cut.photos, splat=fitted.splat),
            RenderParams(angles=self.angles),
        )
        _, composite, _ = runner.run(
            Stage("composite", 1, CompositeIn, CompositeParams, CompositeOut, _composite),
            CompositeIn(angles=drawn.angles),
            CompositeParams(channels=self.channels, verdict=self.verdict),
        )
        return {"ingest": ingest, "cutout": cutout, "splat": splat, "render": render, "composite": composite}

    def publish(self, request: EditPlan | None = None, **params: str) -> publish.Report:
        upstream = self.upstream()
        render, composite = upstream["render"].outputs or {}, upstream["composite"].outputs or {}
        inputs = publish.Inputs.model_validate(
            {name: render[name] for name in ("pictures", "decisions", "caption", "claims")}
            | {name: composite[name] for name in ("assets", "checks")}
            | self.embedded()
            | {"request": None if request is None else self.store.put(dump_json(request), JSON).model_dump()}
        )
        values = publish.Params.model_validate({"sku": self.sku, "collection": "autumn", "title": "Mug", **params})
        runner = Runner(self.store, catalog_url=self.catalog_url, upstream=upstream)
        outputs = runner.run(publish.STAGE, inputs, values).outputs
        return outputs.report

    def embedded(self) -> dict[str, Artifact]:
        """The outputs of embed for the front's asset and photos of these looks; none without looks."""
        if not self.looks:
            return {}
        pictures = [EmbeddedPicture(kind="photo", name=f"p{at}", sha256="0" * 64) for at in range(len(self.looks))]
        pictures.append(EmbeddedPicture(kind="asset", name="front/white/shop", sha256="0" * 64))
        index = VectorIndex(engine="toy", revision="1", alike_at_least=0.9, pictures=tuple(pictures))
        rows = np.array([*self.looks, *self.looks[:1]], np.float32)
        return {
            "vectors": self.store.put(npy(rows / np.linalg.norm(rows, axis=1, keepdims=True)), NPY),
            "vector_index": self.store.put(dump_json(index), "application/json"),
        }

    def but(self, **changes: object) -> "ToyShoot":
        return replace(self, **changes)  # type: ignore[arg-type]
