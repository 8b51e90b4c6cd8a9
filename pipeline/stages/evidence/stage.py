"""evidence: collects what can be known of the product: its facts, what its photos show, and the text on it."""

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import AngleDecision, Frozen
from pipeline.core.engines import gathered
from pipeline.core.errors import Held
from pipeline.core.evidence import Evidence, PhotoLines
from pipeline.core.records import dump_json, load_list
from pipeline.language.evidence.readers.registry import ENGINES
from pipeline.stages.evidence.photo import PHOTO, EngineParams, PhotoInputs, PhotoParams

if TYPE_CHECKING:
    from pipeline.language.evidence.photo import PhotoEvidence


class Inputs(Frozen):
    """`cutouts`: tree `<photo>.png` of cutout, before any edits. `decisions`: of coverage, which name the photos."""

    cutouts: Artifact
    decisions: Artifact


class Params(Frozen):
    """The product's facts. A preset writes the reader's settings here."""

    reader: EngineParams = Field(default_factory=ENGINES.defaults)
    title: str = ""
    brand: str = ""
    category: str = ""
    attributes: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        return gathered(values, cls.model_fields, "reader")


class Report(Frozen):
    """How much was found, in how many photos. `empty`: photos in which nothing is visible."""

    reader: str
    photos: int
    empty: tuple[str, ...]
    measurements: int
    readings: int


class Outputs(Frozen):
    """`evidence`: JSON `Evidence`. `lines`: JSON `PhotoLines`, what was read in each photo."""

    evidence: Artifact
    lines: Artifact
    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Measure and read the photos that the decisions name. Raises Held when none shows the product, MissingEngine."""
    from pipeline.language.evidence.merge import measurements
    from pipeline.language.evidence.texts import lines_of, readings_of

    decisions = load_list(AngleDecision, work.read(inputs.decisions))
    found = _photos(inputs, decisions, params, work)
    shown = {photo: one for photo, one in found.items() if one.share}
    if not shown:
        raise Held(
            f"no photo shows the product: {', '.join(found)} are empty" if found else "no angle has a photo to measure",
            code="evidence-no-product",
            remedy="Check the cut-outs of the photos that the angles use",
        )
    engine, read = ENGINES.of(params.reader), {photo: one.lines for photo, one in shown.items()}
    evidence = Evidence(
        facts=facts_of(params),
        measurements=measurements(shown, _directions(decisions), params.attributes),
        readings=readings_of(read),
        reader=engine.signature(params.reader),
    )
    report = Report(
        reader=evidence.reader,
        photos=len(found),
        empty=tuple(photo for photo in found if photo not in shown),
        measurements=len(evidence.measurements),
        readings=len(evidence.readings),
    )
    lines = PhotoLines(reader=params.reader.model_dump(mode="json"), lines=lines_of(read))
    return Outputs(evidence=work.put_bytes(dump_json(evidence)), lines=work.put_bytes(dump_json(lines)), report=report)


def facts_of(params: Params) -> dict[str, str]:
    """Title, brand, category and each attribute by its name, without those that shoot.yaml leaves empty."""
    own = {"title": params.title, "brand": params.brand, "category": params.category}
    return {name: value for name, value in {**params.attributes, **own}.items() if value}


def _directions(decisions: list[AngleDecision]) -> dict[str, tuple[float, float]]:
    """Azimuth and elevation, degrees, of each photo that shows its angle; a nearest photo does not."""
    return {
        decision.photo: (decision.angle.azimuth_deg, decision.angle.elevation_deg)
        for decision in decisions
        if decision.source == "captured" and decision.photo is not None
    }


def _photos(inputs: Inputs, decisions: list[AngleDecision], params: Params, work: Work) -> dict[str, "PhotoEvidence"]:
    """What each photo shows that a decision names, in the order of the angles."""
    from pipeline.language.evidence.photo import PhotoEvidence

    cutouts = work.tree(inputs.cutouts)
    named = dict.fromkeys(decision.photo or decision.nearest_photo for decision in decisions)
    photos = [photo for photo in named if photo is not None and f"{photo}.png" in cutouts]
    found: dict[str, PhotoEvidence] = {}
    for photo in photos:
        item = PhotoInputs(cutout=cutouts[f"{photo}.png"])
        outputs = work.item(photo, PHOTO, item, PhotoParams(reader=params.reader))
        found[photo] = PhotoEvidence.model_validate_json(work.read(outputs.found))
        work.progress(len(found), len(photos), photo)
    return found


STAGE = Stage(
    "evidence",
    3,
    Inputs,
    Params,
    Outputs,
    run,
    resources=Resources(cores=1, memory="3Gi", scratch="2Gi"),
    engines=ENGINES,
    engine_field="reader",
)
