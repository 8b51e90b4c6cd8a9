"""What every response of the pages says to the browser, and how large a request may be."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

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
PLAIN = [(b"content-type", b"text/plain; charset=utf-8")]
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
                raise HTTPException(413, "The request is too large.")
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

        if _has_zero_byte(scope):
            await with_headers({"type": "http.response.start", "status": 400, "headers": PLAIN})
            await send({"type": "http.response.body", "body": b"the address has a zero byte"})
            return
        await self.app(scope, limited, with_headers)


def _has_zero_byte(scope: Message) -> bool:
    """Whether the address has a zero byte, which no text of PostgreSQL has."""
    return b"%00" in scope.get("raw_path", b"") + scope.get("query_string", b"") or "\0" in scope["path"]
