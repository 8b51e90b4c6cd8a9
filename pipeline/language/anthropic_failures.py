"""Turns failures of the Anthropic API into one sentence each, without the key."""

import os
from typing import TYPE_CHECKING

from pipeline.core.errors import BadInput, CatalogError, MissingEngine

if TYPE_CHECKING:
    from anthropic import Anthropic

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def failure_of(error: Exception, model: str) -> CatalogError:
    """Convert an SDK error: MissingEngine or BadInput for a wrong setting, else a retryable CatalogError."""
    import anthropic

    message = _without_keys(" ".join(str(error).split()))[:300]
    if isinstance(error, anthropic.AuthenticationError | anthropic.PermissionDeniedError):
        return MissingEngine(f"the Anthropic API refused the key: {message}", remedy="Set a valid ANTHROPIC_API_KEY")
    if isinstance(error, anthropic.NotFoundError):
        return MissingEngine(
            f"the Anthropic API does not know the model {model!r}: {message}", remedy="Name another model in the preset"
        )
    if isinstance(error, anthropic.ContentTooLargeError):
        return BadInput(f"the picture is too large for the Anthropic API: {message}", remedy="Lower picture_px")
    if isinstance(error, anthropic.APIConnectionError):
        return CatalogError(
            f"the Anthropic API cannot be reached: {message}", remedy="Check the network, then run again"
        )
    return CatalogError(f"the Anthropic API failed: {message}", remedy="Run again later; finished steps are kept")


def no_answer(client: "Anthropic") -> CatalogError:
    """The error for an address that does not answer with a message of the API."""
    return CatalogError(
        f"the server at {client.base_url.host} is not the Anthropic API: it sent no message",
        remedy="Check ANTHROPIC_BASE_URL and any proxies, then run again",
    )


def _without_keys(message: str) -> str:
    for name in KEYS:
        if os.environ.get(name):
            message = message.replace(os.environ[name], "***")
    return message
