"""coverage: decides for every requested angle whether a photo is used, the splat is rendered, or it is refused."""

from pathlib import PurePosixPath

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Angle, AngleDecision, Frozen, View
from pipeline.core.records import PhotoFacts, dump_json, load_list
from pipeline.posing.coverage import CoverageParams, judge, photographed

OPAQUE = 128  # alpha from which a pixel counts as product


class Inputs(Frozen):
    """The `facts` of ingest; the cut-outs and the photos' views, each None when its step is held."""

    facts: Artifact
    cutouts: Artifact | None = None
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
    sharpness = {fact.photo: fact.sharpness for fact in facts}
    views = None if inputs.views is None else load_list(View, work.read(inputs.views))
    cutouts = _Cutouts(work, inputs.cutouts)
    while True:
        posed = None if views is None else photographed(views, sharpness)
        decisions = judge(params.angles, params.named, [fact.photo for fact in facts], posed, params)
        bare = {d.photo for d in decisions if d.angle.name not in params.named and cutouts.is_empty(d.photo)}
        if not bare or views is None:
            break
        views = [view for view in views if view.photo not in bare]  # then another photo may serve the angle
    decisions = [_refused(decision) if cutouts.is_empty(decision.photo) else decision for decision in decisions]
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


class _Cutouts:
    """The cut-outs, of which only those of photos that serve an angle are decoded."""

    def __init__(self, work: Work, tree: Artifact | None) -> None:
        self.work = work
        self.files = {PurePosixPath(name).stem: file for name, file in work.tree(tree).items()} if tree else {}
        self.empty: dict[str, bool] = {}

    def is_empty(self, photo: str | None) -> bool:
        """Whether a photo has no cut-out, or one in which nothing is opaque. False for None."""
        if photo is None:
            return False
        if photo not in self.empty:
            self.empty[photo] = photo not in self.files or self._is_bare(self.files[photo])
        return self.empty[photo]

    def _is_bare(self, file: Artifact) -> bool:
        from pipeline.core.png import decode_png

        return int(decode_png(self.work.read(file), channels=4)[..., 3].max()) < OPAQUE


def _refused(decision: AngleDecision) -> AngleDecision:
    """The decision on an angle whose photo shows no product."""
    reason = f"nothing was cut out of {decision.photo} (see cutout), which shoot.yaml names for it"
    return decision.model_copy(update={"source": "refused", "photo": None, "code": "angle-empty", "reason": reason})


STAGE = Stage("coverage", 3, Inputs, Params, Outputs, run, resources=Resources(cores=1, memory="2Gi"))
