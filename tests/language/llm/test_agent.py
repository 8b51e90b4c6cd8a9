import json
import logging
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, Field

from pipeline.core.errors import BadInput, CatalogError, MissingEngine
from pipeline.language.llm import agent
from pipeline.language.llm.agent import NoUsableAnswer, RunLimit, Unusable, ask
from pipeline.language.llm.settings import LlmParams
from pipeline.language.llm.till import NO_PRICE, NO_USAGE, Usage
from tests.language.llm.keys import KEY, MODELS, address, set_keys, settings
from tests.language.llm.server import Reply, Server, serve


class Answer(BaseModel):
    title: str
    sides: int = Field(ge=1)


GOOD = Reply(json.dumps({"title": "Mug", "sides": 3}))
SOON = {"retry-after": "0.05"}
PRICES = {"usd_per_million_input_tokens": 3.0, "usd_per_million_output_tokens": 15.0}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    set_keys(monkeypatch)
    monkeypatch.setattr(agent, "FIRST_WAIT_SECONDS", 0.01)
    yield


@pytest.fixture(params=["anthropic", "openai"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def put(params: LlmParams, paid: list[float] | None = None, refuse: tuple[str, ...] = ()) -> tuple[Answer, Usage]:
    """Ask for an Answer; titles in `refuse` are sent back."""

    def validate(answer: Answer) -> Answer:
        if answer.title in refuse:
            raise Unusable(f"the title {answer.title!r} is taken")
        return answer

    pay = [].append if paid is None else paid.append
    return ask(params, "Rules.", ["What is this?", b"\xff\xd8\xff\xe0"], Answer, validate, pay)


def said(server: Server, number: int) -> str:
    return json.dumps(server.requests[number]["messages"])


def test_typed_answer_comes_with_its_usage_and_price(api: str) -> None:
    paid: list[float] = []
    with serve(GOOD) as server:
        answer, usage = put(settings(server, api, **PRICES), paid)
    assert (answer.title, answer.sides) == ("Mug", 3)
    assert (usage.requests, usage.input_tokens, usage.output_tokens) == (1, 1000, 200)
    assert usage.usd == pytest.approx((1000 * 3 + 200 * 15) / 1e6) and paid == [usage.usd]
    assert server.keys == [KEY] and usage.notes == ()


def test_request_asks_for_the_schema_and_shows_the_picture(api: str) -> None:
    with serve(GOOD) as server:
        put(settings(server, api, max_tokens=300))
    request = server.requests[0]
    shape = request["output_config"]["format"] if api == "anthropic" else request["response_format"]["json_schema"]
    assert set(shape["schema"]["properties"]) == {"title", "sides"}
    assert "/9j/4A==" in said(server, 0)
    assert 300 in (request.get("max_tokens"), request.get("max_completion_tokens"))


def test_rules_are_cached_and_tokens_of_the_cache_cost_less() -> None:
    with serve(Reply(GOOD.text, cached=400)) as server:
        _, usage = put(settings(server, "anthropic", **PRICES, usd_per_million_cached_tokens=0.3))
    rules = server.requests[0]["system"]
    assert rules[-1]["cache_control"]["type"] == "ephemeral" and rules[0]["text"] == "Rules."
    assert (usage.input_tokens, usage.cache_read_tokens) == (1000, 400)
    assert usage.usd == pytest.approx((600 * 3 + 400 * 0.3 + 200 * 15) / 1e6)


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_passing_failure_is_repeated_after_the_named_wait(api: str, status: int) -> None:
    with serve(Reply(status=status, headers=SOON), Reply(status=status), GOOD) as server:
        _, usage = put(settings(server, api))
    assert len(server.requests) == 3 and usage.requests == 1


def test_wait_beyond_the_time_limit_ends_at_once(api: str) -> None:
    late = Reply(status=429, headers={"retry-after": "3600"})
    with serve(late) as server, pytest.raises(CatalogError, match=r"limits the rate of requests.*Run again later"):
        put(settings(server, api))
    assert len(server.requests) == 1


def test_service_that_stays_busy_is_a_retryable_error(api: str) -> None:
    busy = [Reply(status=503, headers=SOON)] * agent.REQUESTS
    with serve(*busy) as server, pytest.raises(CatalogError, match=r"failed.*Run again later") as caught:
        put(settings(server, api))
    assert type(caught.value) is CatalogError and not server.replies


def test_connection_that_breaks_midway_is_repeated(api: str) -> None:
    with serve(Reply(GOOD.text, dies=True), GOOD) as server:
        answer, _ = put(settings(server, api))
    assert answer.title == "Mug" and len(server.requests) == 2


def test_silent_service_ends_at_the_time_limit(api: str) -> None:
    with serve(*[Reply(silent=True)] * 9) as server, pytest.raises(CatalogError, match="sent no answer") as caught:
        put(settings(server, api, seconds_per_request=0.3, seconds_at_most=0.8))
    assert not isinstance(caught.value, BadInput) and 2 <= len(server.requests) <= 3


def test_answer_that_trickles_in_ends_at_the_time_limit(api: str) -> None:
    drops = Reply(GOOD.text, trickles=True)
    with serve(drops) as server, pytest.raises(CatalogError, match=r"sent no answer within 0\.5 s"):
        put(settings(server, api, seconds_at_most=0.5))
    assert len(server.requests) == 1


def test_default_time_limits_stay_below_two_minutes() -> None:
    assert LlmParams().seconds_per_request < LlmParams().seconds_at_most <= 115


def test_unreachable_service_is_reported(api: str) -> None:
    with serve() as server:
        params = settings(server, api)
    with pytest.raises(CatalogError, match="cannot be reached"):
        put(params)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Reply("I would rather chat."), "does not fit its structure"),
        (Reply('{"title": "only"}'), "sides: Field required"),
        (Reply('{"title": "Mug", "sides": 0}'), "sides: Input should be greater than or equal to 1"),
        (Reply('{"title": "taken", "sides": 3}'), "the title 'taken' is taken"),
        (Reply("", stop="refusal"), "declined"),
        (Reply('{"title": "cut', stop="length"), "cut off at 2000 tokens"),
        (Reply(""), "empty"),
    ],
)
def test_unusable_answer_is_sent_back_once_and_paid(api: str, bad: Reply, reason: str) -> None:
    paid: list[float] = []
    with serve(bad, GOOD) as server:
        answer, usage = put(settings(server, api, **PRICES), paid, refuse=("taken",))
    assert answer.title == "Mug" and usage.requests == 2 and len(paid) == 2
    assert usage.usd == pytest.approx(sum(paid))
    paid.clear()
    with serve(bad, bad) as server, pytest.raises(NoUsableAnswer, match=f"in 2 attempts: .*{reason}") as caught:
        put(settings(server, api, **PRICES), paid, refuse=("taken",))
    assert len(paid) == 2 and caught.value.usage.output_tokens == 400


def test_reason_reaches_the_model_once(api: str) -> None:
    with serve(Reply('{"title": "taken", "sides": 3}'), GOOD) as server:
        put(settings(server, api), refuse=("taken",))
    assert "the title 'taken' is taken" in said(server, 1) and "taken" not in said(server, 0)


def test_draft_with_objections_is_returned_if_nothing_better_comes(api: str) -> None:
    def validate(answer: Answer) -> Answer:
        raise Unusable("it could be better", otherwise=answer)

    with serve(GOOD, Reply('{"title": "Cup", "sides": 3}')) as server:
        answer, usage = ask(settings(server, api), "Rules.", ["?"], Answer, validate, [].append)
    assert answer.title == "Cup" and usage.requests == 2
    with serve(GOOD, Reply("", stop="refusal")) as server:
        answer, usage = ask(settings(server, api), "Rules.", ["?"], Answer, validate, [].append)
    assert answer.title == "Mug" and usage.requests == 2


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, MissingEngine, "refused the key.*Set a valid"),
        (403, MissingEngine, "refused the key"),
        (404, MissingEngine, "does not know the model"),
        (413, BadInput, "too large.*Lower picture_px"),
        (400, BadInput, "rejected the request"),
    ],
)
def test_api_error_is_one_sentence_without_the_key(
    api: str, status: int, kind: type[CatalogError], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(Reply(status=status)) as server, pytest.raises(kind, match=words) as caught:
        put(settings(server, api))
    assert type(caught.value) is kind and len(server.requests) == 1
    assert KEY not in str(caught.value) and "***" in str(caught.value) and KEY not in caplog.text
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("text/html", b"<html>please log in</html>"),
        ("application/json", b'{"id": "msg'),
        ("application/json", b"{}"),
        ("application/json", b"[1]"),
    ],
)
def test_response_of_a_proxy_is_reported_clearly(api: str, kind: str, raw: bytes) -> None:
    words = r"server at 127.0.0.1:.* sent no message of that API.*base_url"
    with serve(Reply(raw=raw, headers={"content-type": kind})) as server, pytest.raises(CatalogError, match=words) as e:
        put(settings(server, api))
    assert type(e.value) is CatalogError and e.value.__context__ is None


def test_listed_price_is_used_and_named_where_none_is_set(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(GOOD) as server:
        monkeypatch.setenv(f"{api.upper()}_BASE_URL", address(server, api))
        _, usage = put(LlmParams(model=MODELS[api]))
    assert 0 < usage.usd < 0.1
    assert usage.notes[0].startswith("prices: genai-prices") and MODELS[api].partition(":")[2] in usage.notes[0]


def test_unknown_price_and_missing_usage_are_noted(api: str) -> None:
    with serve(GOOD, Reply(GOOD.text, usage=False)) as server:
        assert put(settings(server, api))[1].notes == (NO_PRICE,)
        assert put(settings(server, api))[1].notes == (NO_USAGE,)


def test_limit_below_one_answer_is_bad_input_and_asks_nothing(api: str) -> None:
    with serve() as server:
        with pytest.raises(BadInput, match=r"usd_at_most \(0.01 USD\)"):
            put(settings(server, api, **PRICES, usd_at_most=0.01))
        with pytest.raises(BadInput, match=r"2000 tokens, more than tokens_at_most \(1500\)"):
            put(settings(server, api, tokens_at_most=1500))
    assert server.requests == []


def test_limit_reached_ends_without_a_second_request(api: str) -> None:
    with serve(Reply("no")) as server, pytest.raises(NoUsableAnswer, match=r"structure.*more than usd_at_most"):
        put(settings(server, api, **PRICES, usd_at_most=0.035))
    assert len(server.requests) == 1


def test_spent_run_asks_nothing_and_can_ask_later(api: str) -> None:
    def ask_with(left: float) -> tuple[Answer, Usage]:
        return ask(settings(server, api, **PRICES), "Rules.", ["?"], Answer, lambda made: made, [].append, lambda: left)

    with serve(GOOD) as server:
        with pytest.raises(
            RunLimit, match=r"may cost 0.0300 USD, and the run has 0.0200 USD left.*CATALOG_USD_PER_RUN"
        ):
            ask_with(0.02)
        assert server.requests == [] and ask_with(0.04)[1].requests == 1


def test_local_server_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with serve(GOOD) as server:
        params = LlmParams(model="qwen2.5vl:7b", base_url=f"{server.url}/v1")
        assert put(params)[0].title == "Mug"
    assert server.requests[0]["model"] == "qwen2.5vl:7b" and KEY not in server.keys[0]


def test_other_server_gets_what_open_models_understand() -> None:
    with serve(Reply('{"title": "only"}'), GOOD) as server:
        assert put(LlmParams(model="qwen2.5vl:7b", base_url=f"{server.url}/v1", max_tokens=300))[1].requests == 2
    for request in server.requests:
        assert [turn["role"] for turn in request["messages"]].count("system") == 1
        assert request["messages"][0]["role"] == "system" and '"sides"' in request["messages"][0]["content"]
        assert request["max_tokens"] == 300 and request["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("model", "name"), [(MODELS["anthropic"], "ANTHROPIC_API_KEY"), (MODELS["openai"], "OPENAI_API_KEY")]
)
def test_missing_key_error_names_the_variable(monkeypatch: pytest.MonkeyPatch, model: str, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(MissingEngine, match=f"no key for the .* API. Set {name}"):
        put(LlmParams(model=model))
