"""coverage: per requested angle, whether a photo serves it, the splat draws it, or it is refused, and why."""

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Angle, Frozen, View
from pipeline.core.records import PhotoFacts, dump_json, load_list
from pipeline.posing.coverage import CoverageParams, judge, photographed


class Inputs(Frozen):
    """What ingest knows of the photos, and their views; None when sfm is held."""

    facts: Artifact
    views: Artifact | None = None


class Params(CoverageParams):
    """The requested angles, the photos that shoot.yaml names for some of them, and how near a photo must be."""

    angles: tuple[Angle, ...] = Field(min_length=1)
    named: dict[str, str] = Field(default={}, description="angle -> the photo that serves it, whatever its pose")


class Report(Frozen):
    """Verdicts in numbers, and the reason of every refusal by angle."""

    captured: int
    rendered: int
    refused: int
    refusals: dict[str, str]


class Outputs(Frozen):
    """`verdicts`: JSON list of Verdict, one an angle; `plot`: PNG map of photos and angles."""

    verdicts: Artifact
    plot: Artifact
    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Judge every angle; works without views too: then only named photos serve."""
    from pipeline.posing.plot import coverage_plot

    facts = load_list(PhotoFacts, work.read(inputs.facts))
    posed = None
    if inputs.views is not None:
        views = load_list(View, work.read(inputs.views))
        posed = photographed(views, {fact.photo: fact.sharpness for fact in facts})
    verdicts = judge(params.angles, params.named, [fact.photo for fact in facts], posed, params)
    work.progress(1, 2, f"{len(verdicts)} angles judged")
    decisions = [verdict.decision for verdict in verdicts]
    return Outputs(
        verdicts=work.put_bytes(dump_json(verdicts)),
        plot=work.put_bytes(coverage_plot(verdicts, posed, params), "image/png"),
        report=Report(
            captured=decisions.count("captured"),
            rendered=decisions.count("rendered"),
            refused=decisions.count("refused"),
            refusals={verdict.angle.name: verdict.reason for verdict in verdicts if verdict.decision == "refused"},
        ),
    )


STAGE = Stage("coverage", 2, Inputs, Params, Outputs, run, resources=Resources(cores=1, memory="2Gi"))
