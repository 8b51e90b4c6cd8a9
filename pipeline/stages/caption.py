"""caption: writes title, description, alt texts, attributes and prompt, and judges every claim by the evidence."""

import re
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, SerializeAsAny, model_validator

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import Rgba
from pipeline.core.domain import Frozen, angle_between_deg, direction
from pipeline.core.engines import gathered, name_of
from pipeline.core.errors import Held
from pipeline.core.evidence import Claim, Evidence
from pipeline.core.records import Caption, Picture, dump_json, load_list
from pipeline.language.base import Desk, Facts, Subject, TitleRule, Tone, Voice, Written
from pipeline.language.checks import faults_of
from pipeline.language.claims.ledger import ledger, objections, without_false
from pipeline.language.registry import ENGINES
from pipeline.language.voices import with_one_voice

LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
EngineParams = Annotated[SerializeAsAny[Frozen], PlainValidator(ENGINES.parse)]


class Inputs(Frozen):
    """`angles`: tree `<angle>.png`, RGBA; `pictures`: JSON list of `Picture`; `evidence`: JSON `Evidence`."""

    angles: Artifact
    pictures: Artifact
    evidence: Artifact


class Params(Frozen):
    """The language and the product's facts. A preset writes the engine's settings beside these."""

    writer: EngineParams = Field(default_factory=ENGINES.defaults)
    language: str = Field(default="en", description="language of the texts, a BCP 47 tag such as en, de or pt-BR")
    title: str = ""
    brand: str = ""
    category: str = ""
    attributes: dict[str, str] = {}
    brief: str | None = None
    title_rules: tuple[TitleRule, ...] = ()
    tone: Tone = Field(
        default="strict",
        description="strict: every sentence needs evidence; free: one without a recognised claim stands unless it "
        "seems to promise something",
    )
    voice: Voice = Field(
        default_factory=Voice,
        description="how the texts sound; `voices` gives one for each collection by its name, and only that of the "
        "shoot's collection counts",
    )

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        return gathered(with_one_voice(values), cls.model_fields, "writer")

    @model_validator(mode="after")
    def _writes_the_language(self) -> Self:
        if not LANGUAGE_TAG.fullmatch(self.language):
            raise ValueError(f"language: {self.language!r} is not a language tag; write one such as en, de or pt-BR")
        engine = ENGINES.of(self.writer)
        written: tuple[str, ...] | None = getattr(engine, "LANGUAGES", None)
        if written is not None and self.language.partition("-")[0] not in written:
            raise ValueError(
                f"language: engine {name_of(engine)} writes {', '.join(written)}, not {self.language!r}; "
                "use one of them or another engine"
            )
        return self


class Report(Frozen):
    """Which picture was described, what it cost in attempts and tokens, and notes for people."""

    engine: str
    model: str | None
    angle: str
    attempts: int
    input_tokens: int
    output_tokens: int
    claims: int = Field(description="claims of the text as it was written")
    dropped: tuple[str, ...] = Field(default=(), description="the claims that were dropped, with the reason")
    notes: tuple[str, ...] = ()


class Outputs(Frozen):
    """`caption`: JSON `Caption`; `claims`: JSON list of `Claim`, those that were dropped from the caption included."""

    caption: Artifact
    claims: Artifact
    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Describe the angle nearest to the front, and judge every claim by the evidence.

    Raises Held when there is no picture, or no caption fit to publish is left.
    """
    subject = _subject(inputs, params, work)
    work.progress(0, 1, f"describing {subject.angle.name}")

    def review(draft: Caption) -> tuple[str, ...]:
        claimed = objections(ledger(draft, subject.evidence, params.tone))
        return (*faults_of(draft, params.title_rules, params.voice), *claimed)

    written = ENGINES.of(params.writer).write(subject, params.writer, Desk(work.pay, review, work.left_usd))
    caption, claims = without_false(written.caption, ledger(written.caption, subject.evidence, params.tone))
    faults = faults_of(caption, params.title_rules, params.voice)
    if faults:
        what = f"the caption must not be published: {'; '.join(faults)}"
        raise Held(what, code="caption-not-publishable", remedy="Correct shoot.yaml")
    return Outputs(
        caption=work.put_bytes(dump_json(caption)),
        claims=work.put_bytes(dump_json(claims)),
        report=_report(written, claims, subject.angle.name),
    )


def _subject(inputs: Inputs, params: Params, work: Work) -> Subject:
    """What the writer is given. The brief is a statement of the shop, and thereby evidence."""
    pictures = load_list(Picture, work.read(inputs.pictures))
    picture = front_most(pictures)
    evidence = Evidence.model_validate_json(work.read(inputs.evidence))
    if params.brief:
        evidence = evidence.model_copy(update={"facts": {**evidence.facts, "brief": params.brief}})
    return Subject(
        picture=_pixels(inputs, picture, work),
        angle=picture.angle,
        facts=Facts.model_validate(params.model_dump(include=set(Facts.model_fields))),
        language=params.language,
        others=tuple(other.angle for other in pictures if other.source != "refused"),
        evidence=evidence,
        title_rules=params.title_rules,
        voice=params.voice,
        tone=params.tone,
    )


def _report(written: Written, claims: tuple[Claim, ...], angle: str) -> Report:
    return Report(
        engine=written.caption.engine,
        model=written.caption.model,
        angle=angle,
        attempts=written.attempts,
        input_tokens=written.input_tokens,
        output_tokens=written.output_tokens,
        claims=len(claims),
        dropped=tuple(f"{claim.field}: {claim.words}: {claim.reason}" for claim in claims if claim.dropped),
        notes=written.notes,
    )


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
    6,
    Inputs,
    Params,
    Outputs,
    run,
    resources=Resources(),  # a local checkpoint needs memory; a GPU would idle while a service writes
    engines=ENGINES,
    engine_field="writer",
)
