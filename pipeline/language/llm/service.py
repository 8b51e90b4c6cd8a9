"""The connection to a language model: its client, its key, and whether both are here."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pipeline.core.errors import MissingEngine
from pipeline.language.llm.settings import PLACEHOLDER, LlmParams

if TYPE_CHECKING:
    from pydantic_ai.models import Model
    from pydantic_ai.profiles.openai import OpenAIModelProfile

KEYS = {"anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), "openai": ("OPENAI_API_KEY",)}
CONNECT_SECONDS = 10.0


def require_service(params: LlmParams) -> str:
    """Return the library and the model that would answer. Raises MissingEngine without a key or the libraries."""
    service = params.service
    keys = KEYS[service.api]
    if params.base_url is None and not any(os.environ.get(name) for name in keys):
        raise MissingEngine(
            f"the engine `llm` has no key for {service.label}",
            remedy=f"Set {keys[0]}, or set base_url to a server that needs none, or use another engine",
        )
    for package, module in (("pydantic-ai-slim", "pydantic_ai"), (service.api, service.api)):
        if find_spec(module) is None:
            raise MissingEngine(
                f"the package {package} is not installed",
                remedy=f"Run pip install 'pydantic-ai-slim[{service.api}]'",
            )
    return f"pydantic-ai {version('pydantic-ai-slim')}, {service.model} at {service.label}"


@asynccontextmanager
async def connected(params: LlmParams) -> AsyncIterator["Model"]:
    """The model, ready to be asked; its connections are closed at the end. Requests are not repeated here."""
    import httpx2

    timeout = httpx2.Timeout(params.seconds_per_request, connect=min(CONNECT_SECONDS, params.seconds_per_request))
    service = params.service
    key = None if any(os.environ.get(name) for name in KEYS[service.api]) else PLACEHOLDER  # None: the SDK reads it
    if service.api == "anthropic":
        from anthropic import AsyncAnthropic
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        async with AsyncAnthropic(base_url=params.base_url, api_key=key, max_retries=0, timeout=timeout) as anthropic:
            yield AnthropicModel(service.model, provider=AnthropicProvider(anthropic_client=anthropic))
    else:
        from openai import AsyncOpenAI
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        async with AsyncOpenAI(base_url=params.base_url, api_key=key, max_retries=0, timeout=timeout) as openai:
            provider = OpenAIProvider(openai_client=openai)
            yield OpenAIChatModel(service.model, provider=provider, profile=_other_server(params))


def _other_server(params: LlmParams) -> "OpenAIModelProfile | None":
    """What to expect of a server that is no proxy of OpenAI. None: the abilities of OpenAI's own models."""
    from pydantic_ai.profiles.openai import OpenAIModelProfile

    if params.base_url is None or params.model.startswith("openai:"):
        return None
    return OpenAIModelProfile(
        supports_json_schema_output=True,
        native_output_requires_schema_in_instructions=True,  # for a server that ignores the schema
        openai_chat_supports_max_completion_tokens=False,
        openai_chat_supports_multiple_system_messages=False,  # templates of open models accept one, at the start
        supports_inline_system_prompts=False,
    )
