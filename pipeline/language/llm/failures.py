"""Turns failures of a language model's service into one sentence each, without the key."""

import os
from typing import TYPE_CHECKING

from pipeline.core.errors import BadInput, CatalogError, MissingEngine
from pipeline.language.llm.service import KEYS
from pipeline.language.llm.settings import Service

if TYPE_CHECKING:
    from pydantic_ai.exceptions import ModelAPIError

LATER = "Run again later; finished steps are kept"
RENAME = "Name another model in the preset, or correct base_url"
SHORTEN = "Lower picture_px, or name a model that reads more"
TOO_LARGE = 413


def failure_of(error: "ModelAPIError", service: Service) -> CatalogError:
    """Convert an error of pydantic-ai: MissingEngine or BadInput for a wrong setting, else a retryable CatalogError."""
    from pydantic_ai import exceptions as ai

    if isinstance(error, ai.ModelTimeoutError):
        return silence(service)
    if type(error) is ai.ModelAPIError:  # pydantic-ai could not read the answer as one of the API
        return no_message(service)
    if getattr(error, "status_code", None) == TOO_LARGE:
        return BadInput(f"the request is too large for {service.label}: {words_of(error)}", remedy="Lower picture_px")
    known: tuple[tuple[type[ai.ModelAPIError], type[CatalogError], str, str], ...] = (
        (ai.ModelAuthenticationError, MissingEngine, "refused the key", f"Set a valid {KEYS[service.api][0]}"),
        (ai.ModelNotFoundError, MissingEngine, f"does not know the model {service.model!r}", RENAME),
        (ai.ModelContextWindowExceededError, BadInput, "finds the request too long for the model", SHORTEN),
        (ai.ModelRequestRejectedError, BadInput, "rejected the request", "Name another model, or change its settings"),
        (ai.ModelQuotaExceededError, CatalogError, "reports an exhausted account", "Top it up, then run again"),
        (ai.ModelRateLimitError, CatalogError, "limits the rate of requests", LATER),
        (ai.ModelConnectionError, CatalogError, "cannot be reached", "Check the network, then run again"),
    )
    for category, kind, what, remedy in known:
        if isinstance(error, category):
            return kind(f"{service.label} {what}: {words_of(error)}", remedy=remedy)
    return CatalogError(f"{service.label} failed: {words_of(error)}", remedy=LATER)


def silence(service: Service, seconds: float | None = None) -> CatalogError:
    """The error for a service that does not answer in time."""
    limit = f" within {seconds:g} s" if seconds else ""
    return CatalogError(f"{service.label} sent no answer{limit}", remedy="Run again later, or raise the time limits")


def no_message(service: Service) -> CatalogError:
    """The error for an address that answers, but not with a message of the API."""
    return CatalogError(
        f"{service.label} sent no message of that API",
        remedy="Check base_url, ANTHROPIC_BASE_URL or OPENAI_BASE_URL, and any proxies, then run again",
    )


def words_of(error: "ModelAPIError") -> str:
    """What the service said, on one line of at most 300 characters, without keys."""
    body = error.body
    inner = body.get("error", body) if isinstance(body, dict) else None
    said = inner.get("message") if isinstance(inner, dict) else None
    words = " ".join(str(said or error.message).split())
    for name in (name for names in KEYS.values() for name in names):
        if os.environ.get(name):
            words = words.replace(os.environ[name], "***")
    return words[:300].rstrip(".")
