"""coverage: decides for every requested angle whether a photo is used, the splat is rendered, or it is refused."""

from typing import Self

from pydantic import Field, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Angle, AngleDecision, Frozen, Name, View
from pipeline.core.records import PhotoFacts, Up, dump_json, load_list
from pipeline.posing.coverage import CoverageParams, Photographed, judge, photographed

OPAQUE = 128


class Inputs(Frozen):
    """The `facts` of ingest; the cut-outs, and the photos' views and `up`: None when their step is held."""

    facts: Artifact
    cutouts: Artifact | None = None
    views: Artifact | None = None
    up: Artifact | None = None


class Params(CoverageParams):
    """The requested angles, the photos that shoot.yaml names for some of them, and how near the photos must be."""

    angles: tuple[Angle, ...] = Field(min_length=1)
    named: dict[str, str] = Field(default={}, description="angle name to the photo used for it, whatever its pose")
    only: tuple[Name, ...] = Field(
        default=(),
        description="names of the angles that this run makes; empty: all. The other angles still count for `to_render`",
    )

    @model_validator(mode="after")
    def _only_known_angles(self) -> Self:
        unknown = sorted(set(self.only) - {angle.name for angle in self.angles})
        if unknown:
            raise ValueError(f"only: {unknown[0]!r} is not one of the angles")
        return self


class Report(Frozen):
    """The number of angles per source, and the reason for each refused angle."""

    captured: int
    rendered: int
    refused: int
    refusals: dict[str, str]


class Outputs(Frozen):
    """`decisions`: JSON list of AngleDecision, one per angle; `plot`: PNG, a map of photos and angles.

    `to_render`: JSON `true` if any angle is to be rendered, else None. The fit depends on this alone, so that another
    angle does not fit the splat anew.
    """

    decisions: Artifact
    to_render: Artifact | None
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
    up = None if inputs.up is None else Up.model_validate_json(work.read(inputs.up))
    cutouts = {} if inputs.cutouts is None else work.tree(inputs.cutouts)
    decisions = _decided(params, [fact.photo for fact in facts], posed, up, cutouts=cutouts, work=work)
    work.progress(1, 2, f"{len(decisions)} angles decided")
    any_rendered = any(decision.source == "rendered" for decision in decisions)
    decisions = [decision for decision in decisions if not params.only or decision.angle.name in params.only]
    sources = [decision.source for decision in decisions]
    return Outputs(
        decisions=work.put_bytes(dump_json(decisions)),
        to_render=work.put_bytes(b"true\n") if any_rendered else None,
        plot=work.put_bytes(coverage_plot(decisions, posed, params), "image/png"),
        report=Report(
            captured=sources.count("captured"),
            rendered=sources.count("rendered"),
            refused=sources.count("refused"),
            refusals={decision.angle.name: decision.reason for decision in decisions if decision.source == "refused"},
        ),
    )


def _decided(
    params: Params,
    photos: list[str],
    posed: Photographed | None,
    up: Up | None,
    *,
    cutouts: dict[str, Artifact],
    work: Work,
) -> list[AngleDecision]:
    """Decide the angles, and decide again without the photos that turn out to have no cut-out or an empty one.

    Only the cut-outs of captured angles are decoded.
    """
    from pipeline.core.png import decode_png

    def is_empty(photo: str) -> bool:
        file = cutouts.get(f"{photo}.png")
        return file is None or int(decode_png(work.read(file), channels=4)[..., 3].max()) < OPAQUE

    known: dict[str, bool] = {}
    while True:
        empty = {photo for photo, bare in known.items() if bare}
        decisions = judge(params.angles, params.named, photos, posed, params, up=up, empty=empty)
        unread = {d.photo for d in decisions if d.photo is not None and d.photo not in known}
        if not unread:
            return decisions
        known |= {photo: is_empty(photo) for photo in unread}


STAGE = Stage("coverage", 5, Inputs, Params, Outputs, run, resources=Resources(cores=1, memory="2Gi", scratch="2Gi"))
