"""A local HTTP server that speaks the Messages API and chat completions: sends prepared replies, records requests."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

ERRORS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large",
          429: "rate_limit_error"}  # fmt: skip
STOPS = {
    "anthropic": {"end": "end_turn", "refusal": "refusal", "length": "max_tokens"},
    "openai": {"end": "stop", "refusal": "stop", "length": "length"},
}


@dataclass
class Reply:
    """One reply: `text` becomes a message, a status other than 200 an API error; `raw` is sent unchanged.

    `dies`: the connection breaks in the middle of the body. `silent`: no byte comes. `trickles`: a
    space comes now and then, and never a message. `cached`: tokens read from the
    cache, of 1000. `usage`: whether the reply says how many tokens it took.
    """

    text: str = ""
    status: int = 200
    stop: Literal["end", "refusal", "length"] = "end"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    dies: bool = False
    silent: bool = False
    trickles: bool = False
    cached: int = 0
    usage: bool = True

    def body(self, api: str, model: str, key: str) -> bytes:
        if self.raw is not None:
            return self.raw
        if self.status != 200:
            kind = ERRORS.get(self.status, "api_error")
            error = {"type": kind, "message": f"{kind} for {key}"}
            return json.dumps({"type": "error", "error": error}).encode()
        return json.dumps(self._message(model) if api == "anthropic" else self._completion(model)).encode()

    def _message(self, model: str) -> dict[str, Any]:
        usage = {"input_tokens": 1000 - self.cached, "cache_read_input_tokens": self.cached, "output_tokens": 200}
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": self.text}] if self.text else [],
            "stop_reason": STOPS["anthropic"][self.stop],
            "stop_sequence": None,
            "usage": usage if self.usage else {"input_tokens": 0, "output_tokens": 0},
        }

    def _completion(self, model: str) -> dict[str, Any]:
        details = {"cached_tokens": self.cached}
        usage = {
            "prompt_tokens": 1000,
            "completion_tokens": 200,
            "total_tokens": 1200,
            "prompt_tokens_details": details,
        }
        refusal = "I cannot help with that." if self.stop == "refusal" else None
        message = {"role": "assistant", "content": self.text or None, "refusal": refusal}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": STOPS["openai"][self.stop]}],
            **({"usage": usage} if self.usage else {}),
        }


@dataclass
class Server:
    replies: list[Reply]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serve(*replies: Reply) -> Iterator[Server]:
    """Serve the replies in order; a further request fails the test. The URL of chat completions is `url` + `/v1`."""
    server = Server(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            apis = {"/v1/messages": "anthropic", "/v1/chat/completions": "openai"}
            api = apis[self.path.partition("?")[0]]
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            key = self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
            server.requests.append(request)
            server.keys.append(key)
            reply = server.replies.pop(0)
            if reply.silent:
                server.closing.wait()
                return
            data = reply.body(api, request["model"], key)
            self.send_response(reply.status)
            headers = {"content-type": "application/json", "content-length": str(len(data)), **reply.headers}
            for name, text in headers.items():
                self.send_header(name, text)
            self.end_headers()
            while reply.trickles and not server.closing.wait(0.05):
                self.wfile.write(b" ")
            self.wfile.write(data[: len(data) // 2] if reply.dies else data)

        def log_message(self, *_args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        yield server
    finally:
        server.closing.set()
        http.shutdown()
        thread.join()
        http.server_close()
