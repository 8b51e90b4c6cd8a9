import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.language.llm.settings import LlmParams


@pytest.mark.parametrize(
    ("given", "service"),
    [
        ({"model": "anthropic:claude-x"}, ("anthropic", "claude-x", "the Anthropic API")),
        ({"model": "openai:gpt-x"}, ("openai", "gpt-x", "the OpenAI API")),
        (
            {"model": "qwen2.5vl:7b", "base_url": "http://box:11434/v1"},
            ("openai", "qwen2.5vl:7b", "the server at box:11434"),
        ),
        ({"model": "openai:org/m", "base_url": "https://box/v1"}, ("openai", "org/m", "the server at box")),
        ({"model": "anthropic:m", "base_url": "https://box"}, ("anthropic", "m", "the server at box")),
    ],
)
def test_model_and_address_name_the_service(given: dict[str, str], service: tuple[str, str, str]) -> None:
    assert LlmParams.model_validate(given).service == service


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "google:gemini", "anthropic:", "llama3"])
def test_model_without_a_service_is_refused(model: str) -> None:
    with pytest.raises(ValidationError, match="names no service; write anthropic:NAME"):
        LlmParams(model=model)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://box/v1", "file:///etc/passwd", "http://", "http://box:99999/v1", "http://bo x/"],
)
def test_address_other_than_http_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="is not an address"):
        LlmParams(model="m", base_url=url)


@pytest.mark.parametrize("url", ["https://user:hunter2@box/v1", "https://box/v1?key=hunter2", "https://box/v1#hunter2"])
def test_address_with_a_secret_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LlmParams(model="m", base_url=url)
    assert "hunter2" not in caught.value.errors(include_input=False)[0]["msg"]


@given(st.text(max_size=40))
def test_any_text_is_an_address_of_http_or_refused(url: str) -> None:
    try:
        params = LlmParams(model="m", base_url=url)
    except ValidationError:
        return
    assert url.lower().startswith(("http://", "https://")) and "@" not in params.service.label


@pytest.mark.parametrize(
    "prices",
    [{"usd_per_million_input_tokens": 1}, {"usd_per_million_output_tokens": 1}, {"usd_per_million_cached_tokens": 1}],
)
def test_half_a_price_is_refused(prices: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="usd_per_million"):
        LlmParams.model_validate(prices)
