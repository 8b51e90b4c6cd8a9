"""Runs a collection through the nightly DAG of a real Airflow, from and to a bucket, twice, and verifies the bucket.

    python -m benchmarks.bucket_night [examples/collection] [--preset demo]

Needs moto[s3], flask and flask-cors. The bucket is on loopback (see `benchmarks.bucket`), and each shoot in it has the
file `.complete`. Airflow is that of `make demo`, with a home of its own. Exits with the worst exit code of the commands
that it runs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import requests

from benchmarks.bucket import catalog, environment, serve, upload


def main() -> None:
    """Upload, run both nights, verify, and print seconds and requests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path, nargs="?", default=Path("examples/collection"))
    parser.add_argument("--preset", default="demo")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    url = serve(counts)
    for shoot in sorted(path.parent for path in options.collection.glob("*/shoot.yaml")):
        upload(shoot, url, shoot.name)
        requests.put(f"{url}/shop/shoots/{shoot.name}/.complete", timeout=60).raise_for_status()
    with tempfile.TemporaryDirectory() as folder:
        settings = environment(url) | {
            "CATALOG_STORE": "s3://shop/store",
            "CATALOG_SHOOTS": "s3://shop/shoots",
            "CATALOG_CACHE": f"{folder}/cache",
        }
        demo = [sys.executable, "-m", "deploy.local", "demo", "--home", f"{folder}/airflow", "--preset", options.preset]
        ended = [
            told(name, command, settings, counts)
            for name, command in (
                ("night", demo),
                ("second night", demo),
                ("states", catalog("assets")),
                ("verify", catalog("verify")),
            )
        ]
    sys.exit(max(ended))


def told(name: str, command: list[str], settings: dict[str, str], counts: "Counter[str]") -> int:
    """Run a command and print what it said, its seconds and its requests. Returns its exit code."""
    counts.clear()
    began = time.perf_counter()
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    print(f"{name}: {time.perf_counter() - began:.0f} s, exit code {done.returncode}, requests {dict(counts)}")
    print(done.stdout[-4000:], done.stderr[-4000:], flush=True)
    return done.returncode


if __name__ == "__main__":
    main()
