"""Keys and settings for tests that ask the local server."""

import pytest

from pipeline.language.llm.service import KEYS
from pipeline.language.llm.settings import LlmParams
from tests.language.llm.server import Server

KEY = "sk-test-0123456789"
MODELS = {"anthropic": "anthropic:claude-sonnet-5-5", "openai": "openai:gpt-5-mini"}


def set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set one key for both services, and reach the local server without a proxy."""
    for name in (name for names in KEYS.values() for name in names):
        monkeypatch.delenv(name, raising=False)
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


def address(server: Server, api: str) -> str:
    """The server's base_url for an API."""
    return server.url if api == "anthropic" else f"{server.url}/v1"


def settings(server: Server, api: str, **changes: object) -> LlmParams:
    """Settings that ask the server, with time limits that suit a test."""
    given = {"model": MODELS[api], "base_url": address(server, api), "seconds_per_request": 5, "seconds_at_most": 20}
    return LlmParams.model_validate({**given, **changes})
