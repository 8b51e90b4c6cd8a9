"""Similar pictures: the likeness of two shoots of one product and of others, and the time of exact search.

The two shoots are the even and the odd photos of a sample, the odd ones changed as another day's shoot would change
them; other products are made from the same photos by a new hue, or by taking the print off.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.catalog.database import Catalog
from pipeline.catalog.nearest import likenesses, nearest
from pipeline.catalog.tables import ShootRow
from pipeline.catalog.vector_tables import VectorRow
from pipeline.catalog.vectors import read_vectors
from pipeline.core.arrays import F32, Rgba
from pipeline.core.png import decode_png
from pipeline.similarity import descriptor
from pipeline.similarity.descriptor import ALIKE, Params

COLLECTION = Path(__file__).parents[1] / "examples" / "collection"
SAMPLES = {"mug": "mug-001", "tee": "tee-001"}
SIDE_PX = 700
PHOTOS_PER_SHOOT = 24
QUERIES = 30
Change = Callable[[Rgba], Rgba]


def add_section(sections: Any) -> None:
    """Add the section's command line."""
    section = sections.add_parser("similar", help="likeness of shoots, and search")
    section.add_argument("--vectors", type=int, default=100_000)
    section.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the section."""
    photos = {name: [cut_out(sample, number) for number in range(1, 25)] for name, sample in SAMPLES.items()}
    _likeness(photos)
    _descriptor_time()
    _search(arguments.vectors)


def cut_out(sample: str, number: int) -> Rgba:
    """A sample's photo with its true matte, `SIDE_PX` on the long side."""
    folder = COLLECTION / sample
    photo = cv2.imread(str(folder / "photos" / f"DSC_{number:04d}.jpg"))[..., ::-1]
    matte = decode_png((folder / "truth" / "mattes" / f"DSC_{number:04d}.png").read_bytes(), 1)
    layers = np.dstack([photo, matte.reshape(photo.shape[:2])])
    scale = SIDE_PX / max(layers.shape)
    return np.asarray(cv2.resize(layers, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def lit(red: float, green: float, blue: float) -> Change:
    """Other light: factors of the linear channels."""

    def change(picture: Rgba) -> Rgba:
        linear = (picture[..., :3] / 255.0) ** 2.2 * (red, green, blue)
        return np.dstack([np.rint(np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8), picture[..., 3]])

    return change


def rolled(picture: Rgba) -> Rgba:
    """The camera rolled by 10 degrees."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 10.0, 1.0)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8)


def dyed(degrees: int) -> Change:
    """Every hue turned."""

    def change(picture: Rgba) -> Rgba:
        hsv = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + degrees // 2) % 180
        return np.dstack([cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), picture[..., 3]])

    return change


def unprinted(picture: Rgba) -> Rgba:
    """Print and small detail smoothed away."""
    return np.dstack([cv2.medianBlur(np.ascontiguousarray(picture[..., :3]), 61), picture[..., 3]])


CHANGES: dict[str, tuple[str, Change]] = {
    "as it is": ("same", lambda picture: picture),
    "0.5 EV brighter": ("same", lit(2**0.5, 2**0.5, 2**0.5)),
    "0.5 EV darker": ("same", lit(2**-0.5, 2**-0.5, 2**-0.5)),
    "warmer by 12%": ("same", lit(1.12, 1.0, 0.88)),
    "camera rolled 10 deg": ("same", rolled),
    "hue + 10 deg": ("other", dyed(10)),
    "hue + 20 deg": ("other", dyed(20)),
    "hue + 60 deg": ("other", dyed(60)),
    "hue + 180 deg": ("other", dyed(180)),
    "print taken off": ("other", unprinted),
    "mirrored": ("other", lambda picture: np.ascontiguousarray(picture[:, ::-1])),
}


def _likeness(photos: dict[str, list[Rgba]]) -> None:
    print(f"Flagged from {ALIKE}.\n")
    print("| the odd photos, compared with the even ones | product is | mug | tee |")
    print("|---|---|---|---|")
    own = {name: descriptor.vectors(pictures[::2], Params()) for name, pictures in photos.items()}
    for words, (truth, change) in CHANGES.items():
        cells = []
        for name, pictures in photos.items():
            found = alike(own[name], descriptor.vectors([change(picture) for picture in pictures[1::2]], Params()))
            cells.append(f"{found:.3f}{', flagged' if found >= ALIKE else ''}")
        print(f"| {words} | {truth} | {' | '.join(cells)} |")
    between = alike(own["mug"], own["tee"])
    print(f"| mug compared with tee | other | {between:.3f} | {between:.3f} |\n")


def alike(first: F32, second: F32) -> float:
    """The likeness of two shoots."""
    return float(likenesses(first, second, [0])[0])


def _descriptor_time() -> None:
    picture = cv2.resize(cut_out("mug-001", 1), (1600, 1600))
    start = time.process_time()
    for _ in range(10):
        descriptor.describe(picture)
    print(f"Descriptor: {(time.process_time() - start) / 10:.3f} CPU seconds per picture of 1600 x 1600 px.\n")


def _search(count: int) -> None:
    print(f"Exact search among {count:,} vectors in a SQLite catalog, CPU seconds:\n")
    print("| dimensions | loaded once | one query, median | one query, worst | a shoot of 24 photos with all others |")
    print("|---|---|---|---|---|")
    for dimensions in (256, descriptor.LENGTH, 768):
        with tempfile.TemporaryDirectory() as folder:
            catalog = Catalog(f"sqlite:///{folder}/catalog.db")
            _fill(catalog, count, dimensions)
            start = time.process_time()
            with catalog.read() as session:
                loaded = read_vectors(session, "photo", "random", "1")
            load = time.process_time() - start
        queries = _random(np.random.default_rng(1), QUERIES, dimensions)
        seconds = []
        for query in queries:
            start = time.process_time()
            nearest(loaded.values, query, 10)
            seconds.append(time.process_time() - start)
        start = time.process_time()
        likenesses(queries[:PHOTOS_PER_SHOOT], loaded.values, loaded.starts)
        shoot = time.process_time() - start
        print(f"| {dimensions} | {load:.2f} | {np.median(seconds):.3f} | {max(seconds):.3f} | {shoot:.2f} |")


def _random(generator: np.random.Generator, count: int, dimensions: int) -> F32:
    values = generator.normal(size=(count, dimensions)).astype(np.float32)
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


def _fill(catalog: Catalog, count: int, dimensions: int) -> None:
    """Write `count` random vectors, `PHOTOS_PER_SHOOT` per product."""
    generator = np.random.default_rng(0)
    with catalog.write() as session:
        for first in range(0, count, PHOTOS_PER_SHOOT):
            sku = f"sku-{first:06d}"
            session.add(ShootRow(sku=sku, collection="c", source="", attributes={}, fate="done", reason=""))
            session.flush()
            rows = _random(generator, min(PHOTOS_PER_SHOOT, count - first), dimensions)
            common = {"sku": sku, "kind": "photo", "sha256": "0" * 64, "engine": "random", "revision": "1"}
            session.execute(
                VectorRow.__table__.insert(),
                [{**common, "name": f"p{number:02d}", "vector": row.tobytes()} for number, row in enumerate(rows)],
            )
