"""cutout: cuts the product out of every photo, with the chosen engine or a matte made by hand."""

from pathlib import PurePosixPath
from statistics import median
from typing import Annotated, Any

from pydantic import Field, PlainValidator, SerializeAsAny, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import Alpha
from pipeline.core.domain import Frozen
from pipeline.core.engines import gathered, name_of
from pipeline.core.errors import BadInput
from pipeline.imaging.cutout.registry import ENGINES

EngineParams = Annotated[SerializeAsAny[Frozen], PlainValidator(ENGINES.parse)]


class Inputs(Frozen):
    """`photos`: tree of ingest. `mattes`: tree `<photo>.png`, 8-bit gray, made by hand; they override the engine."""

    photos: Artifact
    mattes: Artifact | None = None


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
    """`failed`: for each photo with an empty matte, why. `coverage`: median share of the picture, 0 to 1."""

    photos: int
    by_hand: int
    engine: str
    licence: str
    coverage: float
    failed: tuple[str, ...]


class Outputs(Frozen):
    """`cutouts`: tree `<photo>.png`, RGBA with straight alpha, at the photo's size."""

    cutouts: Artifact
    report: Report


class PhotoInputs(Frozen):
    """One ingested photo, and its matte made by hand, if any."""

    photo: Artifact
    matte: Artifact | None = None


class PhotoParams(Frozen):
    """The engine's settings; the defaults for a matte made by hand, because they do not matter then."""

    matte: EngineParams = Field(default_factory=ENGINES.defaults)


class PhotoReport(Frozen):
    """`coverage`: share of the picture that is product, 0 to 1. `fault`: why the matte is implausible, or None."""

    coverage: float
    fault: str | None


class PhotoOutputs(Frozen):
    """`cutout`: PNG, RGBA."""

    cutout: Artifact
    report: PhotoReport


def run_photo(inputs: PhotoInputs, params: PhotoParams, work: Work) -> PhotoOutputs:
    """Cut out one photo. Raises BadInput for a matte that does not fit, MissingEngine."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.imaging.cutout.base import cut_out, with_matte

    rgb = decode_png(work.read(inputs.photo))
    fault = None
    if inputs.matte is None:
        cut = cut_out(ENGINES.of(params.matte), rgb, params.matte)
        alpha, fault = cut.alpha, cut.verdict.fault
    else:
        alpha = _by_hand(work.read(inputs.matte), rgb.shape[:2])
    report = PhotoReport(coverage=round(float((alpha >= 128).mean()), 4), fault=fault)
    return PhotoOutputs(cutout=work.put_bytes(encode_png(with_matte(rgb, alpha)), "image/png"), report=report)


PHOTO = Stage("cutout_photo", 3, PhotoInputs, PhotoParams, PhotoOutputs, run_photo)


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Cut out every photo of a shoot. Raises Held when more than `max_failed_photos` fail, BadInput, MissingEngine."""
    from pipeline.imaging.cutout.held import product_not_found
    from pipeline.imaging.sheet.mattes import MatteTile

    photos = {PurePosixPath(name).stem: photo for name, photo in work.tree(inputs.photos).items()}
    mattes = _mattes(work, inputs, photos)
    engine, by_engine = ENGINES.of(params.matte), PhotoParams(matte=params.matte)
    done = {}
    for count, (name, photo) in enumerate(photos.items(), start=1):
        matte = mattes.get(name)
        item = PhotoInputs(photo=photo, matte=matte)
        try:
            done[name] = work.item(name, PHOTO, item, by_engine if matte is None else PhotoParams())
        except BadInput as error:
            if matte is None:
                raise
            raise BadInput(f"mattes/{name}.png: {error.what}", remedy=error.remedy) from None
        work.progress(count, len(photos), name)
    faults = _faults(done, mattes, params.coverage_ratio)
    failed = tuple(f"{name}: {fault}" for name, fault in faults.items())
    if len(failed) > params.max_failed_photos or len(failed) == len(done):
        raise product_not_found(
            [
                MatteTile(name, work.path(photos[name]), work.path(outputs.cutout), faults.get(name))
                for name, outputs in done.items()
            ],
            name_of(engine),
        )
    cutouts = {
        name: outputs.cutout if name not in faults else _empty(work, photos[name]) for name, outputs in done.items()
    }
    return Outputs(
        cutouts=work.put_tree({f"{name}.png": cutout for name, cutout in cutouts.items()}),
        report=Report(
            photos=len(done),
            by_hand=len(mattes),
            engine=name_of(engine),
            licence=engine.licence(params.matte),
            coverage=_usual_coverage(done),
            failed=failed,
        ),
    )


STAGE = Stage(
    "cutout", 3, Inputs, Params, Outputs, run, resources=Resources(gpu=True), engines=ENGINES, engine_field="matte"
)


def _usual_coverage(done: dict[str, PhotoOutputs]) -> float:
    sane = [outputs.report.coverage for outputs in done.values() if not outputs.report.fault]
    return median(sane) if sane else 0.0


def _faults(done: dict[str, PhotoOutputs], mattes: dict[str, Artifact], ratio: float) -> dict[str, str]:
    """Why photos failed, by name: an implausible matte, or one whose size is far from the shoot's median."""
    usual = _usual_coverage(done)
    faults = {}
    for name, outputs in done.items():
        covered = outputs.report.coverage
        if outputs.report.fault:
            faults[name] = outputs.report.fault
        elif name not in mattes and not usual / ratio <= covered <= usual * ratio:
            faults[name] = f"the matte covers {covered:.1%} of the picture, the shoot's median is {usual:.1%}"
    return faults


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


def _by_hand(data: bytes, size: tuple[int, ...]) -> Alpha:
    """Decode a matte made by hand. Raises BadInput unless it is a one-channel 8-bit picture of the photo's size."""
    from pipeline.core.photo.decode import decode_matte

    matte = decode_matte(data)
    if matte.shape != size:
        raise BadInput(
            f"the matte has {matte.shape[1]}x{matte.shape[0]} px, its photo {size[1]}x{size[0]}",
            remedy="Save the matte at the size of the upright photo",
        )
    return matte
