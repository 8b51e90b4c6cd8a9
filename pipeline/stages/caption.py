"""caption: writes title, description, alt texts, attributes and prompt from one picture and shoot.yaml."""

from typing import Annotated, Any

from pydantic import Field, PlainValidator, SerializeAsAny, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import Rgba
from pipeline.core.domain import Frozen, angle_between_deg, direction
from pipeline.core.engines import gathered
from pipeline.core.errors import Held
from pipeline.core.records import Picture, dump_json, load_list
from pipeline.language.base import Desk, Facts, Subject
from pipeline.language.checks import faults_of
from pipeline.language.registry import ENGINES

EngineParams = Annotated[SerializeAsAny[Frozen], PlainValidator(ENGINES.parse)]


class Inputs(Frozen):
    """`angles`: tree `<angle>.png`, RGBA; `pictures`: JSON list of `Picture`."""

    angles: Artifact
    pictures: Artifact


class Params(Frozen):
    """The language and the product's facts. A preset writes the engine's settings beside these."""

    writer: EngineParams = Field(default_factory=ENGINES.defaults)
    language: str = Field(
        default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="language of the texts, a BCP 47 tag"
    )
    title: str = ""
    brand: str = ""
    category: str = ""
    attributes: dict[str, str] = {}
    brief: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        return gathered(values, cls.model_fields, "writer")


class Report(Frozen):
    """Which picture was described, what it cost in attempts and tokens, and notes for people."""

    engine: str
    model: str | None
    angle: str
    attempts: int
    input_tokens: int
    output_tokens: int
    notes: tuple[str, ...] = ()


class Outputs(Frozen):
    """JSON `Caption`."""

    caption: Artifact
    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Describe the angle nearest to the front. Raises Held when there is no picture or no caption fit to publish."""
    pictures = load_list(Picture, work.read(inputs.pictures))
    picture = front_most(pictures)
    facts = Facts.model_validate(params.model_dump(include=set(Facts.model_fields)))
    others = tuple(other.angle for other in pictures if other.source != "refused")
    subject = Subject(_pixels(inputs, picture, work), picture.angle, facts, params.language, others)
    work.progress(0, 1, f"describing {picture.angle.name}")

    def pay(usd: float) -> None:
        work.cost_usd += usd

    desk = Desk(pay, review=lambda draft: faults_of(draft, facts))
    written = ENGINES.of(params.writer).write(subject, params.writer, desk)
    faults = faults_of(written.caption, facts)
    if faults:
        what = f"the caption must not be published: {'; '.join(faults)}"
        raise Held(what, code="caption-not-publishable", remedy="Correct shoot.yaml")
    report = Report(
        engine=written.caption.engine,
        model=written.caption.model,
        angle=picture.angle.name,
        attempts=written.attempts,
        input_tokens=written.input_tokens,
        output_tokens=written.output_tokens,
        notes=written.notes,
    )
    return Outputs(caption=work.put_bytes(dump_json(written.caption)), report=report)


def front_most(pictures: list[Picture]) -> Picture:
    """The picture that shows the product nearest to its front. Raises Held when every angle was refused."""
    shown = [picture for picture in pictures if picture.source != "refused"]
    if not shown:
        raise Held(
            "there is no picture to describe: every requested angle was refused",
            code="caption-no-picture",
            remedy="Shoot the missing sides",
        )
    front = direction(0.0, 0.0)
    return min(
        shown, key=lambda p: round(angle_between_deg(direction(p.angle.azimuth_deg, p.angle.elevation_deg), front), 3)
    )


def _pixels(inputs: Inputs, picture: Picture, work: Work) -> Rgba:
    from pipeline.core.png import decode_png

    file = work.tree(inputs.angles)[f"{picture.angle.name}.png"]
    return decode_png(work.read(file), channels=4)


STAGE = Stage(
    "caption",
    4,
    Inputs,
    Params,
    Outputs,
    run,
    resources=Resources(gpu=True),
    engines=ENGINES,
    engine_field="writer",
)
