"""Counts and prices what a language model reads and writes, and stops it at a limit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING

from pipeline.core.domain import Frozen
from pipeline.language.llm.settings import LlmParams

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.usage import RequestUsage

NO_PRICE = "the price of the model's tokens is not known, so cost_usd excludes it: set usd_per_million_*_tokens"
NO_USAGE = "the service did not say how many tokens it used, so tokens and cost are too low"


class LimitReached(Exception):
    """The next request could exceed a limit of the settings, or of the run; the message names it."""

    def __init__(self, what: str, of_run: bool = False) -> None:
        """`of_run`: the limit is that of the run, not of this answer."""
        super().__init__(what)
        self.of_run = of_run


class Usage(Frozen):
    """What one answer took. Tokens read include those that the service wrote to or read from its cache."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    usd: float = 0.0
    model: str = ""
    notes: tuple[str, ...] = ()


@dataclass
class Till:
    """The running account of one answer. `pay` receives the USD of each request as soon as its answer has come."""

    params: LlmParams
    pay: Callable[[float], None]
    left_usd: Callable[[], float | None] = lambda: None
    usage: Usage = field(default_factory=Usage)
    last_input_tokens: int = 0

    def require_allowance(self) -> None:
        """Raise LimitReached if the longest next answer would exceed a limit, reading as much as the last one."""
        expected = self.usage.input_tokens + self.usage.output_tokens + self.last_input_tokens + self.params.max_tokens
        if expected > self.params.tokens_at_most:
            raise _too_much(f"{expected} tokens", "tokens_at_most", f"{self.params.tokens_at_most}")
        next_usd = self._usd_of(self.last_input_tokens, 0, self.params.max_tokens)
        if next_usd is not None and self.usage.usd + next_usd > self.params.usd_at_most:
            raise _too_much(f"{self.usage.usd + next_usd:.4f} USD", "usd_at_most", f"{self.params.usd_at_most} USD")
        left = self.left_usd()
        if left is not None and (left <= 0 or (next_usd or 0.0) > left):
            raise LimitReached(
                f"the next request may cost {next_usd or 0.0:.4f} USD, and the run has {left:.4f} USD left", of_run=True
            )

    def count(self, response: "ModelResponse") -> None:
        """Count and pay for an answer, usable or not."""
        used, was = response.usage, self.usage
        usd, notes = self._price(response)
        if used.unmeasured_requests or not (used.input_tokens or used.output_tokens):
            notes = (NO_USAGE,)
        self.last_input_tokens = used.input_tokens
        self.usage = Usage(
            requests=was.requests + 1,
            input_tokens=was.input_tokens + used.input_tokens,
            output_tokens=was.output_tokens + used.output_tokens,
            cache_read_tokens=was.cache_read_tokens + used.cache_read_tokens,
            cache_write_tokens=was.cache_write_tokens + used.cache_write_tokens,
            usd=was.usd + usd,
            model=response.model_name or self.params.service.model,
            notes=tuple(dict.fromkeys((*was.notes, *notes))),
        )
        self.pay(usd)

    def _price(self, response: "ModelResponse") -> tuple[float, tuple[str, ...]]:
        used: RequestUsage = response.usage
        if self.params.usd_per_million_input_tokens is not None:
            uncached = used.input_tokens - used.cache_read_tokens
            return self._usd_of(uncached, used.cache_read_tokens, used.output_tokens) or 0.0, ()
        if self.params.base_url is not None or used.unmeasured_requests:
            return 0.0, (NO_PRICE,)
        try:
            price = response.cost()
        except (LookupError, ValueError, AssertionError):
            return 0.0, (NO_PRICE,)
        return float(price.total_price), (f"prices: genai-prices {version('genai-prices')}, {price.model.id}",)

    def _usd_of(self, read: int, cached: int, written: int) -> float | None:
        """The price of tokens in USD. None: unknown before the answer has come."""
        params = self.params
        if params.usd_per_million_input_tokens is not None and params.usd_per_million_output_tokens is not None:
            cached_price = params.usd_per_million_cached_tokens
            cached_usd = cached * (params.usd_per_million_input_tokens if cached_price is None else cached_price)
            return (
                read * params.usd_per_million_input_tokens + cached_usd + written * params.usd_per_million_output_tokens
            ) / 1e6
        return None if params.base_url else _listed_usd(*params.service[:2], read, written)


def _listed_usd(api: str, model: str, read: int, written: int) -> float | None:
    """The price in the tables inside genai-prices, which downloads nothing. None: they have no such model."""
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    try:
        return float(calc_price(Tokens(input_tokens=read, output_tokens=written), model, provider_id=api).total_price)
    except LookupError:
        return None


def _too_much(expected: str, limit: str, value: str) -> LimitReached:
    return LimitReached(f"the next request could bring the answer to {expected}, more than {limit} ({value})")
