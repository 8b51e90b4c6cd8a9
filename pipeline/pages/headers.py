"""What every response of the pages says to the browser, and how large a request may be."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
MAX_BODY_BYTES = 256 * 1024


class Guarded:
    """An ASGI middleware: adds `HEADERS` where a response has no other value, and refuses large requests.

    FastAPI reads a form before it asks who sent it, so the limit comes first.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        left = MAX_BODY_BYTES

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _RefusedError(413, "the request is too large")
            return message

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                missing = {name: value for name, value in HEADERS.items() if name.encode() not in present}
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in missing.items()),
                ]
            await send(message)

        try:
            _require_text(scope)
            await self.app(scope, limited, with_headers)
        except _RefusedError as refused:
            await with_headers({"type": "http.response.start", "status": refused.status, "headers": []})
            await send({"type": "http.response.body", "body": str(refused).encode()})


class _RefusedError(Exception):
    """A request that no page answers. `status`: of the response."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def _require_text(scope: Message) -> None:
    """Refuse a zero byte in the address: PostgreSQL has no text with one."""
    if b"%00" in scope.get("raw_path", b"") + scope.get("query_string", b"") or "\0" in scope["path"]:
        raise _RefusedError(400, "the address has a zero byte")
