"""The failures of the Anthropic API, each as one sentence without the key."""

import os
from typing import TYPE_CHECKING

from pipeline.core.errors import BadInput, CatalogError, MissingEngine

if TYPE_CHECKING:
    from anthropic import Anthropic

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def failure_of(error: Exception, model: str) -> CatalogError:
    """The SDK's error as one sentence: a wrong setting is not tried again, an outage is."""
    import anthropic

    words = _without_keys(" ".join(str(error).split()))[:300]
    if isinstance(error, anthropic.AuthenticationError | anthropic.PermissionDeniedError):
        return MissingEngine(f"the Anthropic API refused the key: {words}", remedy="Set a valid ANTHROPIC_API_KEY")
    if isinstance(error, anthropic.NotFoundError):
        return MissingEngine(
            f"the Anthropic API does not know the model {model!r}: {words}", remedy="Name another in the preset"
        )
    if isinstance(error, anthropic.ContentTooLargeError):
        return BadInput(f"the picture is too large for the Anthropic API: {words}", remedy="Lower picture_px")
    if isinstance(error, anthropic.APIConnectionError):
        return CatalogError(f"the Anthropic API cannot be reached: {words}", remedy="Check the network, then run again")
    return CatalogError(f"the Anthropic API failed: {words}", remedy="Run again later; finished steps are kept")


def no_answer(client: "Anthropic") -> CatalogError:
    """The error for an address that answers with something else than a message."""
    return CatalogError(
        f"what answers at {client.base_url.host} is not the Anthropic API: it sent no message",
        remedy="Check ANTHROPIC_BASE_URL and the proxies on the way, then run again",
    )


def _without_keys(words: str) -> str:
    for name in KEYS:
        if os.environ.get(name):
            words = words.replace(os.environ[name], "***")
    return words
