"""evidence_photo: measures and reads one cut-out photo."""

from typing import Annotated

from pydantic import Field, PlainValidator, SerializeAsAny

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.records import dump_json
from pipeline.language.evidence.readers.registry import ENGINES

EngineParams = Annotated[SerializeAsAny[Frozen], PlainValidator(ENGINES.parse)]


class PhotoInputs(Frozen):
    """`cutout`: PNG, RGBA, of cutout."""

    cutout: Artifact


class PhotoParams(Frozen):
    """The reader's settings. Nothing of shoot.yaml: a new title measures no photo again."""

    reader: EngineParams = Field(default_factory=ENGINES.defaults)


class PhotoReport(Frozen):
    """`share`: of the photo that is product, 0 to 1. `lines`: how many were read."""

    share: float
    lines: int


class PhotoOutputs(Frozen):
    """`found`: JSON `PhotoEvidence`."""

    found: Artifact
    report: PhotoReport


def run_photo(inputs: PhotoInputs, params: PhotoParams, work: Work) -> PhotoOutputs:
    """Measure one photo, and read what is written on its product. Raises MissingEngine."""
    from pipeline.core.png import decode_png
    from pipeline.language.evidence.photo import in_photo, measured
    from pipeline.language.evidence.picture import to_read

    picture = decode_png(work.read(inputs.cutout), channels=4)
    found = measured(picture)
    if found.share:
        source = to_read(picture, found.box)
        lines = ENGINES.of(params.reader).read(source.rgb, params.reader)
        found = found.model_copy(update={"lines": tuple(in_photo(line, source) for line in lines)})
    report = PhotoReport(share=found.share, lines=len(found.lines))
    return PhotoOutputs(found=work.put_bytes(dump_json(found)), report=report)


PHOTO = Stage("evidence_photo", 2, PhotoInputs, PhotoParams, PhotoOutputs, run_photo)
