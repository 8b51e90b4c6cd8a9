"""ingest: validates every photo, makes it upright 8-bit sRGB, and records what its pixels and EXIF say about it."""

from datetime import datetime
from pathlib import PurePosixPath
from statistics import median

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.photo.limits import MAX_FILE_MB, MAX_MEGAPIXELS, Limits, require_file_size
from pipeline.core.photo.notes import by_note
from pipeline.core.photo_names import photo_names
from pipeline.core.records import LeftOut, PhotoFacts, dump_json, load_list


class Inputs(Frozen):
    """`photos`: tree of the original files. `left_out`: JSON list of LeftOut, the shoot's other files."""

    photos: Artifact
    left_out: Artifact | None = None


class Params(Frozen):
    """Which photos are accepted, and at which size the later steps see them."""

    max_side_px: int | None = Field(
        default=None, ge=64, description="larger photos are scaled down to this long side; null keeps their size"
    )
    max_megapixels: float = Field(
        default=MAX_MEGAPIXELS, gt=0, le=MAX_MEGAPIXELS, description="larger photos are refused before they are decoded"
    )
    min_side_px: int = Field(default=64, ge=1, description="smaller photos are refused")
    max_file_mb: float = Field(default=MAX_FILE_MB, gt=0, description="larger files are refused before they are read")
    max_photos: int = Field(default=500, ge=1, description="a shoot with more files is refused")


class Report(Frozen):
    """`notes`: what was converted or guessed to decode photos, each with the names of the photos.

    `left_out`: files of the shoot that no step uses. `renamed`: the files' names, by safe name, of the photos whose
    safe name is not the name of their file without its ending.
    """

    photos: int
    cameras: tuple[str, ...]
    with_focal_length: int
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    renamed: dict[str, str] = {}


class Outputs(Frozen):
    """`photos`: tree `<photo>.png`; `facts`: JSON list of PhotoFacts, sorted by photo."""

    photos: Artifact
    facts: Artifact
    report: Report


class PhotoInputs(Frozen):
    """`photo`: the original file."""

    photo: Artifact


class PhotoParams(Frozen):
    """The params that a single photo depends on. They exclude its name: a renamed photo is the same photo."""

    max_side_px: int | None
    max_megapixels: float
    min_side_px: int


class PhotoReport(Frozen):
    """The facts about one photo that do not depend on the others in the shoot."""

    width_px: int
    height_px: int
    captured_at: datetime | None
    camera: str | None
    focal_px: float | None
    sharpness: float
    log2_luminance: float
    clipped_fraction: float
    notes: tuple[str, ...]


class PhotoOutputs(Frozen):
    """`photo`: PNG, upright 8-bit sRGB RGB."""

    photo: Artifact
    report: PhotoReport


def run_photo(inputs: PhotoInputs, params: PhotoParams, work: Work) -> PhotoOutputs:
    """Decode, measure and store one photo. Raises BadInput."""
    from pipeline.core.photo.decode import decode_photo
    from pipeline.core.png import encode_png
    from pipeline.imaging.quality import quality_of

    photo = decode_photo(work.read(inputs.photo), Limits(**params.model_dump()))
    quality = quality_of(photo.rgb)
    height, width = photo.rgb.shape[:2]
    report = PhotoReport(
        width_px=width,
        height_px=height,
        captured_at=photo.exif.captured_at,
        camera=photo.exif.camera,
        focal_px=photo.exif.focal_px,
        sharpness=quality.sharpness,
        log2_luminance=quality.log2_luminance,
        clipped_fraction=quality.clipped_fraction,
        notes=photo.notes,
    )
    return PhotoOutputs(photo=work.put_bytes(encode_png(photo.rgb), "image/png"), report=report)


PHOTO = Stage("ingest_photo", 2, PhotoInputs, PhotoParams, PhotoOutputs, run_photo)


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Ingest every photo of a shoot. Raises a single BadInput that names all files that cannot be used.

    Raises MissingEngine when there are camera raw files and the extra that decodes them is not installed.
    """
    files = work.tree(inputs.photos)
    stems = _stems(files, params)
    done: dict[str, PhotoOutputs] = {}
    unusable: list[str] = []
    for count, (stem, name) in enumerate(stems.items(), start=1):
        try:
            done[stem] = _ingest(stem, files[name], params, work)
        except MissingEngine as error:
            raise MissingEngine(f"{name}: {error.what}", remedy=error.remedy) from None
        except BadInput as error:
            unusable.append(f"{name}: {error}")
        work.progress(count, len(stems), name)
    if unusable:
        raise BadInput(
            f"{len(unusable)} of {len(stems)} photos cannot be used: " + "; ".join(unusable),
            remedy="Replace or remove these files, then run the shoot again",
        )
    facts = _facts(stems, done)
    return Outputs(
        photos=work.put_tree({f"{stem}.png": outputs.photo for stem, outputs in done.items()}),
        facts=work.put_bytes(dump_json(facts)),
        report=Report(
            photos=len(done),
            cameras=tuple(sorted({fact.camera for fact in facts if fact.camera})),
            with_focal_length=sum(fact.focal_px is not None for fact in facts),
            notes=by_note({stems[stem]: outputs.report.notes for stem, outputs in done.items()}),
            left_out=tuple(load_list(LeftOut, work.read(inputs.left_out))) if inputs.left_out else (),
            renamed={stem: name for stem, name in stems.items() if stem != PurePosixPath(name).stem},
        ),
    )


STAGE = Stage("ingest", 2, Inputs, Params, Outputs, run, resources=Resources(cores=1, memory="2Gi", scratch="2Gi"))


def _ingest(stem: str, photo: Artifact, params: Params, work: Work) -> PhotoOutputs:
    require_file_size(photo.size, params.max_file_mb)
    item = PhotoParams(
        max_side_px=params.max_side_px, max_megapixels=params.max_megapixels, min_side_px=params.min_side_px
    )
    return work.item(stem, PHOTO, PhotoInputs(photo=photo), item)


def _stems(files: dict[str, Artifact], params: Params) -> dict[str, str]:
    """File names by safe name, sorted. Raises BadInput when there are none or too many."""
    if not files:
        raise BadInput("the shoot has no photos", remedy="Put them into its folder photos/")
    if len(files) > params.max_photos:
        raise BadInput(
            f"the shoot has {len(files)} files in photos/, more than {params.max_photos}",
            remedy="Split it into several shoots, or raise ingest's max_photos",
        )
    return {name: file for file, name in photo_names(files).items()}


def _facts(stems: dict[str, str], done: dict[str, PhotoOutputs]) -> list[PhotoFacts]:
    """The records of a shoot's photos; their exposure is relative to the shoot's median."""
    median_luminance = median(outputs.report.log2_luminance for outputs in done.values())
    return [
        PhotoFacts(
            photo=stem,
            source_name=stems[stem],
            width_px=outputs.report.width_px,
            height_px=outputs.report.height_px,
            captured_at=outputs.report.captured_at,
            camera=outputs.report.camera,
            focal_px=outputs.report.focal_px,
            sharpness=outputs.report.sharpness,
            exposure_ev=round(outputs.report.log2_luminance - median_luminance, 4),
            clipped_fraction=outputs.report.clipped_fraction,
            notes=outputs.report.notes,
        )
        for stem, outputs in done.items()
    ]
