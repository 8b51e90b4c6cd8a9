"""Asks a language model for a typed answer: repeats failed requests, sends an unusable answer back once, pays."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.core.errors import BadInput, CatalogError
from pipeline.language.llm.failures import failure_of, no_message, silence
from pipeline.language.llm.service import connected, require_service
from pipeline.language.llm.settings import LlmParams, Service
from pipeline.language.llm.till import LimitReached, Till, Usage

if TYPE_CHECKING:
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model

T = TypeVar("T", bound=BaseModel)
V = TypeVar("V")
REQUESTS = 5  # of one answer, if the service fails
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 8.0  # between them, where the service names no time
NOT_OF_THE_API = (TypeError, AttributeError, LookupError, ValueError)  # of an SDK that reads some other JSON
ANSWERS = 2  # the second one knows what was wrong with the first


class Unusable(Exception):
    """An answer that cannot be used; the message says why, to the model and to people.

    `otherwise`: what to return if the model gives nothing better; None: it cannot be used at all.
    """

    def __init__(self, reason: str, otherwise: Any = None) -> None:
        """Build the message."""
        super().__init__(reason)
        self.otherwise = otherwise


class RunLimit(CatalogError):
    """The run has paid what it may; a later run can ask again."""


class NoUsableAnswer(CatalogError):
    """The model answered, but never usably. `usage`: what its answers took; it has been paid."""

    def __init__(self, what: str, *, usage: Usage) -> None:
        """Build the message; the caller knows the remedy."""
        super().__init__(what)
        self.usage = usage


def ask(
    params: LlmParams,
    system: str,
    parts: Sequence[str | bytes],
    output_type: type[T],
    validate: Callable[[T], V],
    pay: Callable[[float], None],
    left_usd: Callable[[], float | None] = lambda: None,
) -> tuple[V, Usage]:
    """Ask for an `output_type` about `parts`, and return what `validate` makes of it.

    `system`: the rules. `parts`: texts and JPEG pictures; text that comes from a product, a photo or a shop belongs
    here, as JSON, and never into `system`. `validate` raises Unusable to send the answer back with a reason, which
    happens once, as it does after a refusal, a truncated answer and a wrong structure. `pay` receives the USD of each
    request as soon as it is answered. `left_usd`: what the run may still pay, None for any amount.

    Raises NoUsableAnswer; RunLimit; MissingEngine and BadInput for wrong settings; CatalogError if the service fails,
    which can be retried later. No error holds the request or the key.
    """
    require_service(params)
    asking = Asking(params, system, parts, output_type, validate, Till(params, pay, left_usd))
    try:
        return asyncio.run(asking.answer()), asking.till.usage
    except _Failed as failed:
        failure = failed.failure
    raise failure  # outside the handler, because the SDK's error contains the request


class _Failed(Exception):
    """Carries a failure past the SDK's error that caused it."""

    def __init__(self, failure: CatalogError) -> None:
        super().__init__(str(failure))
        self.failure = failure


@dataclass
class Asking(Generic[T, V]):
    """One question and the state of its answer."""

    params: LlmParams
    system: str
    parts: Sequence[str | bytes]
    output_type: type[T]
    validate: Callable[[T], V]
    till: Till
    reason: str = ""
    last: CatalogError | None = None
    ends_at: float = 0.0
    made: list[V] = field(default_factory=list)
    otherwise: V | None = None

    @property
    def service(self) -> Service:
        """Who is asked."""
        return self.params.service

    async def answer(self) -> V:
        """The first usable answer. Raises _Failed."""
        from pydantic_ai import exceptions as ai

        try:
            async with connected(self.params) as model:
                agent = self._agent(model)  # loads the libraries, before the clock starts
                self.ends_at = time.monotonic() + self.params.seconds_at_most
                async with asyncio.timeout(self.params.seconds_at_most):
                    await agent.run([_content(part) for part in self.parts])
            return self.made[-1]
        except LimitReached as limit:
            if self.otherwise is not None:
                return self.otherwise
            failure = self._limited(limit)
        except ai.ModelAPIError as error:
            failure = failure_of(error, self.service)
        except ai.UnexpectedModelBehavior:
            if self.otherwise is not None:
                return self.otherwise
            failure = self._unusable()
        except TimeoutError:
            failure = self.last or silence(self.service, self.params.seconds_at_most)
        raise _Failed(failure)

    def _agent(self, model: "Model") -> "Agent[None, T]":
        from pydantic_ai import Agent, NativeOutput, PromptedOutput
        from pydantic_ai.capabilities import Hooks

        hooks: Hooks[None] = Hooks(
            before_model_request=self._before,
            after_model_request=self._after,
            model_request_error=self._retry,
            output_validate_error=self._misshapen,
        )
        shaped = NativeOutput if model.profile.get("supports_json_schema_output") else PromptedOutput
        agent = Agent(
            model,
            output_type=shaped(self.output_type),
            instructions=self.system,
            retries={"output": ANSWERS - 1},
            capabilities=[hooks],
            model_settings={"max_tokens": self.params.max_tokens, "cache": {"messages": False}},
        )
        agent.output_validator(self._validated)
        return agent

    def _validated(self, output: T) -> T:
        """Keep what `validate` makes of an answer, or send the answer back."""
        from pydantic_ai import ModelRetry

        try:
            self.made.append(self.validate(output))
        except Unusable as fault:
            self.reason, self.otherwise = str(fault), fault.otherwise
            raise ModelRetry(f"This cannot be used: {fault}. Write all of it again, within the rules.") from None
        return output

    async def _before(self, _ctx: Any, request: Any) -> Any:
        """Check the limits before each request."""
        self.till.require_allowance()
        return request

    async def _after(self, _ctx: Any, *, response: "ModelResponse", **_rest: Any) -> "ModelResponse":
        """Pay for an answer, and send it back if the model declined or was cut off."""
        from pydantic_ai import ModelRetry

        self.till.count(response)
        if response.finish_reason == "content_filter":
            self.reason = "the model declined to answer"
        elif response.finish_reason == "length":
            self.reason = f"the answer was cut off at {self.params.max_tokens} tokens"
        else:
            return response
        raise ModelRetry(f"This cannot be used: {self.reason}. Answer again, within the rules.")

    async def _retry(self, _ctx: Any, *, request_context: Any, error: Exception) -> "ModelResponse":
        """Repeat a request that failed for a passing reason, after the wait that the service asks for."""
        from pydantic_ai import exceptions as ai

        passing = (ai.ModelRateLimitError, ai.ModelUnavailableError, ai.ModelServerError, ai.ModelConnectionError)
        if isinstance(error, (*NOT_OF_THE_API, ai.UnexpectedModelBehavior)):
            raise _Failed(no_message(self.service))
        if not isinstance(error, passing):
            raise error
        self.last = failure_of(error, self.service)
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (request_context.attempt - 1))
        wait = longest * SystemRandom().uniform(0.75, 1.0) if error.retry_after is None else error.retry_after
        if request_context.attempt >= REQUESTS or time.monotonic() + wait >= self.ends_at:
            raise error
        await asyncio.sleep(wait)
        raise ai.RetryModelRequest

    async def _misshapen(self, _ctx: Any, *, error: Exception, **_rest: Any) -> Any:
        """Note for people what pydantic-ai tells the model by itself."""
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the answer"
            self.reason = f"the answer does not fit its structure: {where}: {first['msg']}"
        raise error

    def _limited(self, limit: LimitReached) -> CatalogError:
        if limit.of_run:
            return RunLimit(str(limit), remedy="Run again later, or raise CATALOG_USD_PER_RUN")
        if not self.till.usage.requests:
            return BadInput(str(limit), remedy="Raise that limit, or lower max_tokens")
        return NoUsableAnswer(f"{self._unusable()}; {limit}", usage=self.till.usage)

    def _unusable(self) -> NoUsableAnswer:
        tries = self.till.usage.requests
        reason = self.reason or "the answer was empty"
        attempts = "1 attempt" if tries == 1 else f"{tries} attempts"
        return NoUsableAnswer(
            f"{self.service.model} gave no usable answer in {attempts}: {reason}", usage=self.till.usage
        )


def _content(part: str | bytes) -> Any:
    from pydantic_ai import BinaryContent

    return BinaryContent(part, media_type="image/jpeg") if isinstance(part, bytes) else part
