"""An S3-speaking server on loopback, with faults on demand."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

Fault = Callable[["Call"], Iterable[bytes] | None]


@dataclass
class Call:
    """A request in progress: its WSGI environment, how to answer, and how to let the service answer."""

    environ: dict[str, Any]
    start: Callable[..., Any]
    serve: Callable[[], tuple[str, list[tuple[str, str]], bytes]]

    @property
    def what(self) -> str:
        return f"{self.environ['REQUEST_METHOD']} {self.environ['PATH_INFO']}"

    def answer(self, status: str, body: bytes = b"", headers: list[tuple[str, str]] | None = None) -> list[bytes]:
        self.start(status, headers if headers is not None else [("Content-Length", str(len(body)))])
        return [body]


def error(status: str) -> Fault:
    """The service does nothing and answers with this status."""
    return lambda call: call.answer(status)


def lose_answer(call: Call) -> Iterable[bytes]:
    """The service does what is asked, and its answer is lost."""
    call.serve()
    return call.answer("500 Internal Server Error")


def short(call: Call) -> Iterable[bytes]:
    """The connection breaks off after half of the answer."""
    status, headers, body = call.serve()
    call.start(status, headers)
    return [body[: len(body) // 2]]


def stall(seconds: float) -> Fault:
    """The answer comes after so many seconds."""

    def wait(_call: Call) -> None:
        time.sleep(seconds)

    return wait


@dataclass
class S3:
    """The server: one bucket named `shop`. Requests are served one after the other, as one object's are by S3."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, method: str, *faults: Fault) -> None:
        """Let the next requests that begin with `method` fail so, one after the other."""
        self.faults += [(method, fault) for fault in faults]

    def app(self, service: Any) -> Any:
        def handle(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            call = Call(environ, start, lambda: self._served(service, environ))
            with self.lock:
                self.requests.append(call.what)
                fault = next((entry for entry in self.faults if call.what.startswith(entry[0])), None)
                if fault is not None:
                    self.faults.remove(fault)
            body = fault[1](call) if fault is not None else None
            if body is None:
                status, headers, data = call.serve()
                start(status, headers)
                body = [data]
            return body

        return handle

    def _served(self, service: Any, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        from werkzeug.test import run_wsgi_app

        with self.lock:
            body, status, headers = run_wsgi_app(service, environ, buffered=True)
        return status, list(headers), b"".join(body)


@contextmanager
def serve_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """Serve an empty bucket `shop`, with the environment that leads to it."""
    import requests
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None: ...

    s3 = S3()
    service = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, s3.app(service), threaded=True, request_handler=Quiet)
    server.daemon_threads = False  # closing waits for requests that are still served: they belong to this test
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    s3.url = f"http://127.0.0.1:{server.port}"
    for name, value in {
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "the-id",
        "AWS_SECRET_ACCESS_KEY": "the-secret",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        requests.post(f"{s3.url}/moto-api/reset", timeout=10)
        requests.put(f"{s3.url}/shop", timeout=10)
        s3.requests.clear()
        yield s3
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
