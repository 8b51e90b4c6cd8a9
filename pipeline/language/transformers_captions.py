"""Texts by a local vision-language checkpoint (LLaVA, Idefics3, SmolVLM, Qwen-VL), without a network."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from pipeline.core.errors import Held, MissingEngine
from pipeline.core.licences.settings import in_words, licence_of
from pipeline.core.pinned import PinnedCheckpoint, checkpoint_folder, require_pinned
from pipeline.core.records import Caption
from pipeline.language.base import Desk, Subject, Written
from pipeline.language.checks import BULLET, BULLETS, LIMITS
from pipeline.language.llm.agent import Unusable
from pipeline.language.llm.words import SYSTEM, VIEW_LIMIT, Words, caption_of, on_grey, question
from pipeline.language.transformers_model import Answer, LocalModel, Turn, load

ATTEMPTS = 2  # the second one knows what was wrong with the first
ATTRIBUTES = 12  # at most, in one answer


class Params(PinnedCheckpoint):
    """Which checkpoint to use, and how to run it."""

    engine: Literal["transformers"] = "transformers"
    checkpoint: str = Field(min_length=1, description="folder of a vision-language checkpoint")
    picture_px: int = Field(default=768, ge=28, le=4096, description="longest side of the picture that the model sees")
    max_tokens: int = Field(default=1500, ge=100, le=32_000, description="length limit of an answer")


def require_here(params: Params) -> str:
    """Return the checkpoint that would run here. Raises MissingEngine, with a remedy, if it cannot be used."""
    found = require_pinned(params, checkpoint_folder(params.checkpoint, "caption"), "caption")
    if not find_spec("llguidance"):
        raise MissingEngine("the package llguidance is not installed", remedy="Run pip install llguidance")
    return found


def write(subject: Subject, params: Params, desk: Desk) -> Written:
    """Write a caption; give an answer with objections back to the model once, with the reason.

    Raises MissingEngine as `require_here`, and Held when no answer can be used.
    """
    require_here(params)
    folder, digest = Path(params.checkpoint), params.checkpoint_sha256 or ""
    writing = _Writing(load(folder, digest, params.device), subject, params, desk)
    caption = writing.caption(f"{folder.name}@{digest[:12]}")
    return Written(
        caption=caption,
        attempts=len(writing.answers),
        input_tokens=sum(answer.input_tokens for answer in writing.answers),
        output_tokens=sum(answer.output_tokens for answer in writing.answers),
        notes=(f"checkpoint's licence: {in_words(licence_of(params))}",),
    )


class _Writing:
    """One caption in the making."""

    def __init__(self, model: LocalModel, subject: Subject, params: Params, desk: Desk) -> None:
        self.model, self.subject, self.params, self.desk = model, subject, params, desk
        self.answers: list[Answer] = []

    def caption(self, name: str) -> Caption:
        """The first caption without objections, or the last one that has its structure. Raises Held."""
        picture = on_grey(self.subject.picture, self.params.picture_px)
        texts = [part for part in question(self.subject, self.params.picture_px) if isinstance(part, str)]
        turns: list[Turn] = [("user", [picture, *texts])]
        reason, draft = "", None
        for _ in range(ATTEMPTS):
            answer = self.model.answer(SYSTEM, turns, schema_for(self.subject), self.params.max_tokens)
            self.answers.append(answer)
            try:
                return caption_of(self._words(answer), self.subject, "transformers", name, self.desk.review)
            except Unusable as fault:
                reason, draft = str(fault), fault.otherwise or draft
            again = f"This cannot be used: {reason}. Write all of it again, within the rules."
            turns += [("assistant", [answer.text]), ("user", [again])]
        if draft is not None:
            kept: Caption = draft
            return kept
        raise Held(
            f"no usable caption: {name} gave none in {ATTEMPTS} attempts: {reason}",
            code="caption-no-usable-answer",
            remedy="Raise max_tokens, or use another checkpoint or engine",
        )

    def _words(self, answer: Answer) -> Words:
        if not answer.whole:
            raise Unusable(f"the answer was cut off at {self.params.max_tokens} tokens")
        try:
            return Words.model_validate_json(answer.text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the answer"
            raise Unusable(f"the answer does not fit its structure: {where}: {first['msg']}") from None


def schema_for(subject: Subject) -> dict[str, Any]:
    """The JSON schema of an answer about this subject: texts of limited length, and its views and channels by name."""
    views = [_object({"name": {"const": angle.name}, "words": _text(VIEW_LIMIT)}) for angle in subject.angles]
    titles = [
        _object({"channel": {"const": rule.channel}, "title": _text(min(250, rule.characters))})
        for rule in subject.title_rules
    ]
    pair = _object({"name": _text(60), "value": _text(120)})
    return _object(
        {
            "title": _text(LIMITS["title"]),
            "titles": _each(titles),
            "description": _text(LIMITS["description"]),
            "bullets": {"type": "array", "items": _text(BULLET), "minItems": 2, "maxItems": BULLETS},
            "alt_text": _text(LIMITS["alt_text"] - VIEW_LIMIT - 2),
            "views": _each(views),
            "attributes": {"type": "array", "items": pair, "maxItems": ATTRIBUTES},
            "prompt": _text(LIMITS["prompt"]),
        }
    )


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _each(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """An array with exactly these entries."""
    count = len(schemas)
    return {"type": "array", "prefixItems": schemas, "items": False, "minItems": count, "maxItems": count}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
