"""Texts in any language, by a model that sees the product: Anthropic, OpenAI, or a compatible server such as Ollama."""

from typing import Literal

from pydantic import Field

from pipeline.core.errors import Held
from pipeline.language.base import Desk, Subject, Written
from pipeline.language.llm.agent import NoUsableAnswer, RunLimit, ask
from pipeline.language.llm.service import require_service
from pipeline.language.llm.settings import LlmParams
from pipeline.language.llm.words import SYSTEM, Words, caption_of, question


class Params(LlmParams):
    """Which model writes, the size of its picture, the price of its tokens, and limits for one caption."""

    engine: Literal["llm"] = "llm"
    picture_px: int = Field(default=1024, ge=64, le=4096, description="longest side of the picture that the model sees")


def require_here(params: Params) -> str:
    """Return the library and the model. Raises MissingEngine without an API key or without the libraries."""
    return require_service(params)


def write(subject: Subject, params: Params, desk: Desk) -> Written:
    """Request a caption; send an answer that cannot be published back once, with the reason.

    Raises MissingEngine when the key is missing or refused, Held when the second answer cannot be used either or the
    run has paid what it may, and CatalogError when the service cannot be reached (which can be retried later).
    """
    model = params.service.model
    try:
        caption, usage = ask(
            params,
            SYSTEM,
            question(subject, params.picture_px),
            Words,
            lambda words: caption_of(words, subject, "llm", model, desk.review),
            desk.pay,
            desk.left_usd,
        )
    except RunLimit as error:
        raise Held(
            f"no caption yet: {error.what}", code="caption-run-limit", remedy=error.remedy, passing=True
        ) from None
    except NoUsableAnswer as error:
        raise Held(
            f"no usable caption: {error.what}",
            code="caption-no-usable-answer",
            remedy="Change the brief or the attributes in shoot.yaml, or use another model or engine",
        ) from None
    return Written(
        caption=caption.model_copy(update={"model": usage.model}),
        attempts=usage.requests,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        notes=usage.notes,
    )
