"""Runs one shoot by the local runner from and to a folder, then from and to a bucket, and prints both.

`python -m benchmarks.bucket SHOOT_DIR [--preset demo]` with moto[s3], flask and flask-cors installed. The bucket is on
loopback and served by Python, so that the figures show the work that a bucket adds, not a network.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


def main() -> None:
    """Run both and print seconds, CPU seconds and requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shoot", type=Path)
    parser.add_argument("--preset", default="demo")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    url = serve(counts)
    with tempfile.TemporaryDirectory() as home:
        upload(options.shoot, url, "it")
        bucket = {**environment(url), "CATALOG_CACHE": f"{home}/bucket/cache", "CATALOG_QUIET_MINUTES": "0"}
        bucket |= {"CATALOG_STORE": "s3://shop/store"}
        without = {**bucket, "CATALOG_CACHE": f"{home}/bucket/other"}
        for name, where in (("bucket", bucket), ("bucket, again", bucket), ("bucket, again, no copies", without)):
            counts.clear()
            run(name, where, "s3://shop/shoots/it", options.preset)
            print("requests:", dict(counts))
        folder = {"CATALOG_STORE": f"{home}/folder/store"}
        run("folder", folder, str(options.shoot), options.preset)
        run("folder, again", folder, str(options.shoot), options.preset)
        for name, where in (("bucket", bucket), ("folder", folder)):
            began = time.perf_counter()
            told = subprocess.run(
                catalog("verify"), env=os.environ | where, capture_output=True, text=True, check=False
            )
            print(f"verify, {name}: {time.perf_counter() - began:.1f} s, {told.stdout.strip()}")


def serve(counts: "Counter[str]") -> str:
    """Serve an empty bucket `shop` and count the requests by method. Returns its URL."""

    class Counting(WSGIRequestHandler):
        def log_request(self, *_: Any) -> None:
            counts[self.command] += 1

    server = make_server(
        "127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=Counting
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.port}"


def environment(url: str) -> dict[str, str]:
    """What leads to the server."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
    }


def upload(shoot: Path, url: str, name: str) -> None:
    """Put the shoot's files under `s3://shop/shoots/NAME`."""
    requests.put(f"{url}/shop", timeout=10)
    for path in sorted(shoot.rglob("*")):
        if path.is_file():
            file = path.relative_to(shoot).as_posix()
            requests.put(f"{url}/shop/shoots/{name}/{file}", data=path.read_bytes(), timeout=60).raise_for_status()


def catalog(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "pipeline", *arguments]


def run(name: str, where: dict[str, str], shoot: str, preset: str) -> None:
    """Run a shoot in a process of its own."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        catalog("run", shoot, "--preset", preset), env=os.environ | where, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name}: {time.perf_counter() - began:.1f} s, {cpu:.1f} CPU s, exit code {done.returncode}", flush=True)
    if done.returncode not in {0, 20}:
        print(done.stdout[-2000:], done.stderr[-4000:])


if __name__ == "__main__":
    main()
