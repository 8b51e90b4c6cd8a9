"""A local HTTP server for the Messages API that sends prepared replies and records the requests."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One reply: `text` becomes a message, a status other than 200 an API error; `raw` is sent unchanged."""

    text: str = ""
    status: int = 200
    stop_reason: str = "end_turn"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass
class Server:
    replies: list[Reply]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def answer(self, path: str, key: str, body: dict[str, Any]) -> tuple[int, dict[str, str], dict[str, Any] | bytes]:
        assert path == "/v1/messages", path
        self.requests.append(body)
        self.keys.append(key)
        reply = self.replies.pop(0)
        if reply.raw is not None:
            return reply.status, reply.headers, reply.raw
        if reply.status != 200:
            kind = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}.get(
                reply.status, "api_error"
            )
            error = {"type": "error", "error": {"type": kind, "message": f"{kind} for {key}"}}
            return reply.status, reply.headers, error
        content = [{"type": "text", "text": reply.text}] if reply.text else []
        return (
            200,
            {},
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": body["model"],
                "content": content,
                "stop_reason": reply.stop_reason,
                "stop_sequence": None,
                "usage": {"input_tokens": 1000, "output_tokens": 200},
            },
        )


@contextmanager
def serve(*replies: Reply) -> Iterator[Server]:
    server = Server(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            key = self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
            status, headers, value = server.answer(self.path, key, body)
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"content-type": "application/json", "content-length": str(len(data)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
