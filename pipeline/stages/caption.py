"""Writes title, description, alt text, attributes and conditioning prompt, from one picture and shoot.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import Rgba
from pipeline.core.domain import Frozen, angle_between_deg, direction
from pipeline.core.errors import Held
from pipeline.core.records import Picture, dump_json, load_list
from pipeline.language.anthropic_messages import AnthropicMessages
from pipeline.language.captioner import Captioner, Facts, Subject, Written
from pipeline.language.checks import faults_of
from pipeline.language.measured import Measured

Usd = Annotated[float, Field(ge=0)]


class Inputs(Frozen):
    """The pictures of all requested angles: tree `<angle>.png` and JSON list of `Picture`."""

    angles: Artifact
    pictures: Artifact


class Params(Frozen):
    """Who writes, in which language, and what shoot.yaml says of the product."""

    engine: Literal["measured", "anthropic"] = "measured"
    model: str = Field(default="claude-sonnet-5-5", description="for the engine `anthropic`")
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47")
    title: str = ""
    brand: str = ""
    category: str = ""
    attributes: dict[str, str] = {}
    brief: str | None = None
    picture_px: int = Field(default=1024, ge=64, le=4096, description="longest side of the picture that a model sees")
    max_tokens: int = Field(default=2000, ge=200, le=32_000)
    usd_per_million_input_tokens: Usd = 0.0
    usd_per_million_output_tokens: Usd = 0.0


class Report(Frozen):
    """Which picture was described, what it took, and what a person should know of it."""

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
    """Describe the angle nearest to the front. Held when there is no picture, or no words that may be published."""
    pictures = load_list(Picture, work.read(inputs.pictures))
    picture = front_most(pictures)
    facts = Facts.model_validate(params.model_dump(include=set(Facts.model_fields)))
    others = tuple(one.angle for one in pictures if one.source != "refused")
    subject = Subject(_pixels(inputs, picture, work), picture.angle, facts, params.language, others)
    work.progress(0, 1, f"describing {picture.angle.name}")
    written = _captioner(params, work).write(subject)
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
        notes=(*written.notes, *_price_notes(written, params)),
    )
    return Outputs(caption=work.put_bytes(dump_json(written.caption)), report=report)


def front_most(pictures: list[Picture]) -> Picture:
    """The picture that shows the product nearest to its front. Raises Held when every angle was refused."""
    there = [picture for picture in pictures if picture.source != "refused"]
    if not there:
        raise Held(
            "there is no picture to describe: every requested angle was refused",
            code="caption-no-picture",
            remedy="Shoot the missing sides",
        )
    front = direction(0.0, 0.0)
    return min(
        there, key=lambda p: round(angle_between_deg(direction(p.angle.azimuth_deg, p.angle.elevation_deg), front), 3)
    )


def _captioner(params: Params, work: Work) -> Captioner:
    if params.engine == "measured":
        return Measured()

    def pay(read: int, written: int) -> None:
        usd = read * params.usd_per_million_input_tokens + written * params.usd_per_million_output_tokens
        work.cost_usd += usd / 1e6

    return AnthropicMessages(params.model, picture_px=params.picture_px, max_tokens=params.max_tokens, on_tokens=pay)


def _pixels(inputs: Inputs, picture: Picture, work: Work) -> Rgba:
    from pipeline.core.png import decode_png

    file = work.tree(inputs.angles)[f"{picture.angle.name}.png"]
    return decode_png(work.read(file), channels=4)


def _price_notes(written: Written, params: Params) -> tuple[str, ...]:
    if not written.output_tokens or params.usd_per_million_output_tokens:
        return ()
    return ("no price of a token is set, so cost_usd leaves the model out: set usd_per_million_*_tokens",)


STAGE = Stage("caption", 2, Inputs, Params, Outputs, run, resources=Resources(cores=1, memory="2Gi"))
