"""Settings of a language model: which one, where it is, what it costs, and how much it may take."""

from typing import NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from pipeline.core.domain import Frozen

PREFIXES = ("anthropic", "openai")
PLACEHOLDER = "none"  # the SDKs send a key always; a server without keys ignores this one


class Service(NamedTuple):
    """Who answers. `api`: the wire format, `anthropic` or `openai`; `label`: its name in messages, without secrets."""

    api: str
    model: str
    label: str


class LlmParams(Frozen):
    """Which language model answers, the price of its tokens, and limits for one answer in all its attempts."""

    model: str = Field(
        default="anthropic:claude-sonnet-5-5",
        min_length=1,
        max_length=200,
        description="`anthropic:` or `openai:` and the model's name there; with `base_url`, these mean a proxy, and a "
        "name alone means a model of vLLM, Ollama or any other server with the API of chat completions",
    )
    base_url: str | None = Field(
        default=None,
        max_length=500,
        description="address of a compatible server, such as `http://localhost:11434/v1` of Ollama or vLLM; it gets "
        "the key in `OPENAI_API_KEY`, if there is one",
    )
    max_tokens: int = Field(default=2000, ge=200, le=32_000, description="length limit of an answer")
    seconds_per_request: float = Field(
        default=50.0, gt=0, le=3600, description="how long the model may be silent; then the request is sent again"
    )
    seconds_at_most: float = Field(
        default=110.0, gt=0, le=7200, description="for the whole answer: all requests, waits and repetitions"
    )
    tokens_at_most: int = Field(
        default=60_000, ge=1000, description="read and written for the whole answer; checked before each request"
    )
    usd_at_most: float = Field(
        default=0.5, gt=0, description="price of the whole answer; checked before each request, if prices are known"
    )
    usd_per_million_input_tokens: float | None = Field(
        default=None, ge=0, description="price of what the model reads; by default that in the tables of genai-prices"
    )
    usd_per_million_cached_tokens: float | None = Field(
        default=None, ge=0, description="price of what it reads from its cache; by default that of other input"
    )
    usd_per_million_output_tokens: float | None = Field(
        default=None, ge=0, description="price of what the model writes; by default that in the tables of genai-prices"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Check the model's name and the address. No message shows the address: it may contain a password."""
        api, _, name = self.model.partition(":")
        if self.base_url is None and (api not in PREFIXES or not name):
            raise ValueError(
                f"model {self.model!r} names no service; write anthropic:NAME or openai:NAME, or set base_url"
            )
        if self.base_url is not None:
            _require_plain_address(self.base_url)
        prices = (self.usd_per_million_input_tokens, self.usd_per_million_output_tokens)
        if (prices[0] is None) != (prices[1] is None):
            raise ValueError("set both usd_per_million_input_tokens and usd_per_million_output_tokens, or neither")
        if self.usd_per_million_cached_tokens is not None and prices[0] is None:
            raise ValueError("usd_per_million_cached_tokens requires usd_per_million_input_tokens")
        return self

    @property
    def service(self) -> Service:
        """Who answers."""
        api, _, name = self.model.partition(":")
        if self.base_url is not None:
            host = urlsplit(self.base_url).netloc
            known = api in PREFIXES and bool(name)
            return Service(api if known else "openai", name if known else self.model, f"the server at {host}")
        return Service(api, name, "the Anthropic API" if api == "anthropic" else "the OpenAI API")


def _require_plain_address(base_url: str) -> None:
    """Raise ValueError unless it is an address of http or https without credentials, query and fragment."""
    try:
        parts = urlsplit(base_url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        has_host = False
    if not has_host or parts.scheme not in {"http", "https"} or not base_url.isascii() or " " in base_url:
        raise ValueError("base_url is not an address such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("base_url contains more than an address; put a key into OPENAI_API_KEY instead")
