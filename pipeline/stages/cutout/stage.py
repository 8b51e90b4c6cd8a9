"""cutout: cuts the product out of every photo, with the engine that succeeds on the shoot or a matte made by hand."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.engines import gathered, name_of
from pipeline.core.errors import BadInput
from pipeline.core.photo_names import shown_names
from pipeline.core.records import PhotoFacts, dump_json, load_list
from pipeline.imaging.cutout.registry import ENGINES
from pipeline.stages.cutout.photo import PHOTO, EngineParams, PhotoInputs, PhotoOutputs, PhotoParams

if TYPE_CHECKING:
    from pipeline.imaging.cutout.choose import CutShoot, Way
    from pipeline.imaging.cutout.seeds import Seeds
    from pipeline.imaging.cutout.verdict.agreement import Matted
    from pipeline.stages.cutout.sources import SeedSources


class Inputs(Frozen):
    """`photos`: tree of ingest. `mattes`: tree `<photo>.png`, 8-bit gray, made by hand; they override the engine.

    `facts`: of ingest; the focal lengths help to see the structure of a hand-held shoot.
    """

    photos: Artifact
    mattes: Artifact | None = None
    facts: Artifact | None = None


class Params(Frozen):
    """How many photos may fail before the shoot is held. A preset writes the engine's settings beside these."""

    matte: EngineParams = Field(default_factory=ENGINES.defaults)
    coverage_ratio: float = Field(
        default=4.0, gt=1, description="a matte this many times smaller or larger than the shoot's median has failed"
    )
    max_failed_photos: int = Field(
        default=0, ge=0, description="up to this many failed photos continue with an empty matte; the report names them"
    )

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        return gathered(values, cls.model_fields, "matte")


class Report(Frozen):
    """`engine` cut most photos out, from `seeds` of this source, if any; `why`: how it was chosen.

    `coverage`: median share of the picture, 0 to 1. `failed`: why, for each photo with an empty matte. `redone`: by
    which engine, for each photo that another one cut out. `dropped`: per photo, the pieces that are not the product.
    """

    photos: int
    by_hand: int
    engine: str
    seeds: str | None
    why: str
    licence: str
    coverage: float
    failed: tuple[str, ...]
    redone: tuple[str, ...]
    dropped: tuple[str, ...]


class Outputs(Frozen):
    """`cutouts`: tree `<photo>.png`, RGBA with straight alpha, at the photo's size.

    `table`: JSON SeenTable, of the look at whole photos; None if no engine needed one.
    """

    cutouts: Artifact
    table: Artifact | None
    report: Report


class _Items:
    """The items of the step, one per photo; a later item of a photo replaces its earlier one."""

    def __init__(self, work: Work, photos: Mapping[str, Artifact]) -> None:
        """`photos`: by name; none is run yet."""
        self.work, self.photos = work, photos
        self.last: dict[str, tuple[PhotoInputs, PhotoParams, PhotoOutputs]] = {}

    def by_hand(self, photo: str, matte: Artifact) -> PhotoOutputs:
        """Take a matte made by hand. Raises BadInput that names it when it does not fit."""
        try:
            return self._run(photo, PhotoInputs(photo=self.photos[photo], matte=matte), PhotoParams())
        except BadInput as error:
            raise BadInput(f"mattes/{photo}.png: {error.what}", remedy=error.remedy) from None

    def cut(self, photo: str, params: Frozen, seeds: "Seeds | None") -> "Matted":
        """Cut a photo out with an engine."""
        return matted(self._run(photo, self._seeded(photo, seeds), PhotoParams(matte=params)), self.work)

    def final(self, photo: str, way: "Way") -> PhotoOutputs:
        """What a way made of a photo; the manifest lists this item and no other of the photo."""
        inputs, params, outputs = self.last[photo]
        wanted = self._seeded(photo, way.seeds_of(photo)), PhotoParams(matte=way.params)
        return outputs if (inputs, params) == wanted else self._run(photo, *wanted)

    def _seeded(self, photo: str, seeds: "Seeds | None") -> PhotoInputs:
        from pipeline.core.png import encode_png

        artifact = None if seeds is None else self.work.put_bytes(encode_png(seeds), "image/png")
        return PhotoInputs(photo=self.photos[photo], seeds=artifact)

    def _run(self, photo: str, inputs: PhotoInputs, params: PhotoParams) -> PhotoOutputs:
        outputs = self.work.item(photo, PHOTO, inputs, params)
        self.last[photo] = inputs, params, outputs
        self.work.progress(len(self.last), len(self.photos), photo)
        return outputs


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Cut out every photo of a shoot. Raises Held when more than `max_failed_photos` fail, BadInput, MissingEngine."""
    from pipeline.imaging.cutout.choose import cut_shoot

    photos = {PurePosixPath(name).stem: photo for name, photo in work.tree(inputs.photos).items()}
    mattes = _mattes(work, inputs, photos)
    items = _Items(work, photos)
    done = {name: items.by_hand(name, matte) for name, matte in mattes.items()}
    known = {name: matted(outputs, work) for name, outputs in done.items()}
    rest = [name for name in photos if name not in mattes]
    shoot = evidence = None
    if rest:
        facts = [] if inputs.facts is None else load_list(PhotoFacts, work.read(inputs.facts))
        evidence = _evidence(facts, work, {name: photos[name] for name in rest})
        shoot = cut_shoot(rest, params.matte, evidence.sources, items.cut, ratio=params.coverage_ratio, known=known)
        done |= {name: items.final(name, shoot.way_of(name)) for name in shoot.mattes}
        _require_enough(shoot, done, photos, facts, params, work)
    faults = {} if shoot is None else shoot.faults
    cutouts = {name: done[name].cutout if name not in faults else _empty(work, photos[name]) for name in photos}
    return Outputs(
        cutouts=work.put_tree({f"{name}.png": cutout for name, cutout in cutouts.items()}),
        table=None if evidence is None or evidence.table is None else work.put_bytes(dump_json(evidence.table)),
        report=_report(shoot, params.matte, done, len(mattes)),
    )


STAGE = Stage(
    "cutout", 6, Inputs, Params, Outputs, run, resources=Resources(gpu=True), engines=ENGINES, engine_field="matte"
)


def matted(outputs: PhotoOutputs, work: Work) -> "Matted":
    """What the other photos are compared with."""
    from pipeline.core.png import decode_png
    from pipeline.imaging.cutout.verdict.agreement import Matted

    report = outputs.report
    silhouette = decode_png(work.read(outputs.silhouette))
    return Matted(report.coverage, report.colours, report.belief, report.fault, silhouette)


def _evidence(facts: Sequence[PhotoFacts], work: Work, photos: Mapping[str, Artifact]) -> "SeedSources":
    from pipeline.stages.cutout.sources import SeedSources

    focal_px = dict.fromkeys(photos) | {fact.photo: fact.focal_px for fact in facts if fact.photo in photos}
    return SeedSources({name: work.path(photo) for name, photo in photos.items()}, focal_px, work.scratch)


def _require_enough(
    shoot: "CutShoot",
    done: Mapping[str, PhotoOutputs],
    photos: Mapping[str, Artifact],
    facts: Sequence[PhotoFacts],
    params: Params,
    work: Work,
) -> None:
    """Raise Held, with a picture, when more than `max_failed_photos` failed, or no engine succeeds on any probe."""
    from pipeline.imaging.cutout.held import product_not_found
    from pipeline.imaging.sheet.mattes import MatteTile

    if len(shoot.faults) <= params.max_failed_photos and len(shoot.faults) < len(done) and not shoot.hopeless:
        return
    shown = shown_names(facts)
    names = sorted(done, key=lambda name: shoot.mattes[name].belief if name in shoot.mattes else 1.0)
    raise product_not_found(
        [
            MatteTile(
                name,
                work.path(photos[name]),
                work.path(done[name].cutout),
                shoot.faults.get(name),
                shown.get(name),
            )
            for name in names
        ],
        str(params.matte.engine),  # type: ignore[attr-defined]  # every Params has it
        photos=len(photos),
    )


def _report(shoot: "CutShoot | None", matte: Frozen, done: Mapping[str, PhotoOutputs], by_hand: int) -> Report:
    params = matte if shoot is None else shoot.way.params
    engine = ENGINES.of(params)
    return Report(
        photos=len(done),
        by_hand=by_hand,
        engine=name_of(engine),
        seeds=getattr(params, "seeds", None),
        why="all mattes were made by hand" if shoot is None else shoot.why,
        licence=engine.licence(params),
        coverage=_usual_coverage(done),
        failed=() if shoot is None else tuple(f"{name}: {fault}" for name, fault in shoot.faults.items()),
        redone=() if shoot is None else tuple(f"{name}: {way.name}" for name, way in shoot.redone.items()),
        dropped=tuple(
            f"{name}: {', '.join(outputs.report.dropped)}" for name, outputs in done.items() if outputs.report.dropped
        ),
    )


def _usual_coverage(done: Mapping[str, PhotoOutputs]) -> float:
    sane = [outputs.report.coverage for outputs in done.values() if not outputs.report.fault]
    return median(sane) if sane else 0.0


def _empty(work: Work, photo: Artifact) -> Artifact:
    """An empty cut-out, with which a failed photo continues."""
    import numpy as np

    from pipeline.core.png import decode_png, encode_png

    height, width = decode_png(work.read(photo)).shape[:2]
    return work.put_bytes(encode_png(np.zeros((height, width, 4), np.uint8)), "image/png")


def _mattes(work: Work, inputs: Inputs, photos: dict[str, Artifact]) -> dict[str, Artifact]:
    """Mattes made by hand, by photo. Raises BadInput for one without a photo, which would be ignored silently."""
    if inputs.mattes is None:
        return {}
    mattes = {PurePosixPath(name).stem: matte for name, matte in work.tree(inputs.mattes).items()}
    unmatched = sorted(set(mattes) - set(photos))
    if unmatched:
        more = f", nor do {len(unmatched) - 1} more" if len(unmatched) > 1 else ""
        raise BadInput(
            f"mattes/{unmatched[0]}.png does not belong to a photo{more}",
            remedy="Give a matte its photo's name, with the ending .png",
        )
    return mattes
