"""coverage: decides for every requested angle whether a photo is used, the splat is rendered, or it is refused."""

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Angle, Frozen, View
from pipeline.core.records import PhotoFacts, dump_json, load_list
from pipeline.posing.coverage import CoverageParams, judge, photographed


class Inputs(Frozen):
    """The `facts` of ingest, and the photos' views; None when sfm is held."""

    facts: Artifact
    views: Artifact | None = None


class Params(CoverageParams):
    """The requested angles, the photos that shoot.yaml names for some of them, and how near the photos must be."""

    angles: tuple[Angle, ...] = Field(min_length=1)
    named: dict[str, str] = Field(default={}, description="angle name to the photo used for it, whatever its pose")


class Report(Frozen):
    """The number of angles per source, and the reason for each refused angle."""

    captured: int
    rendered: int
    refused: int
    refusals: dict[str, str]


class Outputs(Frozen):
    """`decisions`: JSON list of AngleDecision, one per angle; `plot`: PNG, a map of photos and angles."""

    decisions: Artifact
    plot: Artifact
    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Decide every angle. Without views, only named photos can be used. Raises BadInput for unknown names."""
    from pipeline.posing.plot import coverage_plot

    facts = load_list(PhotoFacts, work.read(inputs.facts))
    posed = None
    if inputs.views is not None:
        views = load_list(View, work.read(inputs.views))
        posed = photographed(views, {fact.photo: fact.sharpness for fact in facts})
    decisions = judge(params.angles, params.named, [fact.photo for fact in facts], posed, params)
    work.progress(1, 2, f"{len(decisions)} angles decided")
    sources = [decision.source for decision in decisions]
    return Outputs(
        decisions=work.put_bytes(dump_json(decisions)),
        plot=work.put_bytes(coverage_plot(decisions, posed, params), "image/png"),
        report=Report(
            captured=sources.count("captured"),
            rendered=sources.count("rendered"),
            refused=sources.count("refused"),
            refusals={decision.angle.name: decision.reason for decision in decisions if decision.source == "refused"},
        ),
    )


STAGE = Stage("coverage", 3, Inputs, Params, Outputs, run, resources=Resources(cores=1, memory="2Gi"))
