"""Fills a folder with invented shoots and times discovery: new ones, unchanged ones, and with 1% of them changed.

    python -m benchmarks.discovery [--shoots N] [--new N] [--photos N] [--database URL] [--bucket]

Each shoot has a shoot.yaml and small JPEGs of its own. `--new` of them are planned by a first discovery; the others
are then recorded as earlier nights would have left them, so that a large N needs no hour. `--database`: PostgreSQL
instead of SQLite, an empty database. `--bucket`: the shoots lie in a bucket on loopback, which moto serves in a process
of its own whose CPU does not count. Times are CPU seconds of this process, which uses one core, and of its children.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from PIL import Image

from pipeline.catalog.runs.fates import Entry, Made, recording_entries
from pipeline.contract.store import Store
from pipeline.core.bucket.client import Bucket
from pipeline.core.bucket.url import BucketUrl
from pipeline.discovery import discover
from pipeline.finding import listing_digest, read_all
from pipeline.mirror import Mirror, ShootsFolder

URL = BucketUrl("s3", "shop", "shoots")
COMMENT = b"\xff\xfe"  # a JPEG's marker of text that no decoder reads
ENVIRONMENT = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}


def main() -> None:
    """Fill a folder and print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", type=int, default=10_000)
    parser.add_argument("--new", type=int, default=200)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--database")
    parser.add_argument("--bucket", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        night = Night(home, options.database or f"sqlite:///{home}/catalog.db")
        fill(home / "shoots", range(options.new), options.photos)
        if options.new:
            night.run(f"{options.new} new", ShootsFolder(home / "shoots"))
        fill(home / "shoots", range(options.new, options.shoots), options.photos)
        with in_bucket(home) if options.bucket else in_folder(home) as shoots:
            night.settle(shoots())
            night.run(f"{options.shoots} unchanged", shoots())
            changed = change(home / "shoots", range(0, options.shoots, 100))
            if options.bucket:
                for path in changed:
                    Bucket(URL).write(path.relative_to(home / "shoots").as_posix(), path.read_bytes())
            night.run(f"{options.shoots}, of which {len(changed)} changed", shoots())
            night.settle(shoots())
            night.run(f"{options.shoots} unchanged, all read", shoots(), quick=False)


class Night:
    """Runs discovery night after night."""

    def __init__(self, home: Path, url: str) -> None:
        self.store, self.url, self.count = Store(home / "store"), url, 0

    def run(self, what: str, shoots: ShootsFolder, *, quick: bool = True) -> None:
        """Run it and print what it took."""
        self.count += 1
        began, clock = time.process_time(), time.perf_counter()
        found = discover(
            shoots.path, self.store, self.url, "standard", f"night-{self.count}", fetched=shoots.fetched,
            source=shoots.source, quick=quick,
        )  # fmt: skip
        took, wall = time.process_time() - began, time.perf_counter() - clock
        counts = f"{len(found.plans)} planned, {len(found.unchanged)} unchanged, {len(found.refused)} refused"
        print(f"{what}: {took:.1f} CPU s, {wall:.1f} s ({counts})", flush=True)

    def settle(self, shoots: ShootsFolder) -> None:
        """Record every shoot as planned from the files that are there, and done."""
        products, _ = read_all(shoots.path)
        with recording_entries(self.url, "settled") as entries:
            for folder, product in products.items():
                made = Made(listing_digest=product.listed or listing_digest(folder), edition="")
                planned = Entry(
                    sku=product.sku, collection=product.collection, source=shoots.source(folder), fate="planned",
                    plan_digest="0" * 64, takes_over=made,
                )  # fmt: skip
                entries.add(planned)
                entries.add(Entry(sku=product.sku, fate="done"))


@contextmanager
def in_folder(home: Path) -> Iterator[Callable[[], ShootsFolder]]:
    """The shoots where they are."""
    yield lambda: ShootsFolder(home / "shoots")


@contextmanager
def in_bucket(home: Path) -> Iterator[Callable[[], ShootsFolder]]:
    """The shoots in a bucket; each call brings their outlines up to date and prints what that took."""
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(home / "shoots")], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None  # noqa: S101 - for the type checker
    os.environ |= {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.stdout.readline().strip()}
    mirror = Mirror(URL, home / "cache", 0)

    def shoots() -> ShootsFolder:
        began, clock = time.process_time(), time.perf_counter()
        mirror.outline()
        print(f"outline: {time.process_time() - began:.1f} CPU s, {time.perf_counter() - clock:.1f} s", flush=True)
        return ShootsFolder(
            mirror.root, mirror.fetched, lambda at: str(URL.folder(at.relative_to(mirror.root).as_posix()))
        )

    try:
        yield shoots
    finally:
        server.terminate()
        server.wait()


SERVER = """
import sys
from pathlib import Path
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

class Quiet(WSGIRequestHandler):
    def log(self, *_): ...

root = Path(sys.argv[1])
service = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
service.create_bucket("shop", "us-east-1")
for path in root.rglob("*"):
    if path.is_file():
        service.put_object("shop", f"shoots/{path.relative_to(root).as_posix()}", path.read_bytes())
application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
print(f"http://127.0.0.1:{server.port}", flush=True)
server.serve_forever()
"""


def fill(root: Path, numbers: range, photos: int) -> None:
    """Write shoots in folders by collection, with JPEGs that differ in a comment."""
    drawn = io.BytesIO()
    Image.new("RGB", (96, 64), "teal").save(drawn, "JPEG")
    start, rest = drawn.getvalue()[:2], drawn.getvalue()[2:]
    for number in numbers:
        folder = root / f"collection-{number // 500}" / f"sku-{number:05d}"
        (folder / "photos").mkdir(parents=True)
        (folder / "shoot.yaml").write_text(yaml.safe_dump(described(number), sort_keys=False))
        for photo in range(photos):
            text = f"{number} {photo}".encode()
            comment = COMMENT + (len(text) + 2).to_bytes(2, "big") + text
            (folder / "photos" / f"DSC_{photo:04d}.jpg").write_bytes(start + comment + rest)


def described(number: int) -> dict[str, object]:
    """A shoot.yaml as a team writes it."""
    return {
        "sku": f"sku-{number:05d}",
        "collection": f"collection-{number // 500}",
        "title": f"Harbour mug no. {number}",
        "brand": "Harbour Coffee Roasters",
        "category": "home/kitchen/mug",
        "attributes": {"colour": "teal", "material": "stoneware", "capacity": "350 ml"},
        "capture": {"rig": "turntable", "front": "DSC_0000.jpg"},
        "angles": [
            {"name": "front", "azimuth_deg": 0, "elevation_deg": 12},
            {"name": "left", "azimuth_deg": 270, "elevation_deg": 12},
        ],
        "backdrops": [{"name": "white", "kind": "solid", "colour": "#ffffff"}],
        "channels": ["shopify"],
    }


def change(root: Path, numbers: range) -> list[Path]:
    """Change the titles of some shoots."""
    files = [root / f"collection-{number // 500}" / f"sku-{number:05d}" / "shoot.yaml" for number in numbers]
    for path in files:
        path.write_text(path.read_text().replace("Harbour mug", "Bay mug"))
    return files


if __name__ == "__main__":
    main()
