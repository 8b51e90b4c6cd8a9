"""Benchmarks the CPU rasterizer: time per iteration by part, Gaussian-pixel pairs, memory, and quality over time.

    python -m benchmarks.splat_cpu [--counts 13000 27000 55000] [--shoot examples/collection/mug-001 --seconds 30 120]
                                   [--write]

The scene is synthetic: Gaussians in a box that fills a picture of 269 x 480 px, rendered from eight viewpoints by the
rasterizer itself. A pair is one Gaussian at one pixel that the kernels process: all 16 pixels of each 4 x 4 block that
the Gaussian reaches. The bare loop runs the kernels' arithmetic over the same number of pairs on a tile that stays in
the L1 cache, without tiles, sorting, bounds or early termination: the machine's lower bound for this arithmetic.
`--shoot` fits a sample shoot with its true poses and mattes, once for each number of wall seconds. `--write` records
the results; without `--shoot` it keeps the table of fits.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.splat_shoot import fit_shoot
from pipeline.core.colmap.model import Points
from pipeline.core.domain import Camera, look_at
from pipeline.core.process import peak_memory_mb
from pipeline.splatting.fit.clock import Clock
from pipeline.splatting.fit.loss import LossWeights, ProductLoss
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.fit.trainer import _Trainer
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.harmonics import C0
from pipeline.splatting.lanes import LANES, empty_aligned, load, store
from pipeline.splatting.lens import lens_of, pose_of
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.raster import rasterize as raster
from pipeline.splatting.raster.base import VALUES
from pipeline.splatting.raster.cpu import CpuRasterizer
from pipeline.splatting.raster.kernels import (
    BACKWARD_PLANES,
    FORWARD_PLANES,
    PIXELS,
    _blend,
    _centres,
    _open_tile,
    _unblend,
    rasterize,
    rasterize_gradient,
)
from pipeline.splatting.raster.projection import RECORD, SUMS, project
from pipeline.splatting.raster.projection_gradient import project_gradient
from pipeline.splatting.raster.threads import one_torch_thread
from pipeline.splatting.raster.tiles import TILE, deal_tiles, depth_order, fill_tiles, reach_tiles
from pipeline.splatting.show.render import render

RECORD_FILE = Path(__file__).with_name("SPLAT.md")
WIDTH, HEIGHT = 269, 480
CAMERA = Camera(width_px=WIDTH, height_px=HEIGHT, fx_px=400.0, fy_px=400.0, cx_px=WIDTH / 2, cy_px=HEIGHT / 2)
ALL_BLOCKS, ZERO = np.uint64(0xFFFF), np.uint64(0)
F32 = NDArray[np.float32]


def scene(count: int, seed: int = 0) -> Gaussians:
    """`count` half-opaque Gaussians of 2 to 10 px in a box that fills the picture, harmonics of degree 2."""
    r = np.random.default_rng(seed)
    means = r.uniform([-1.8, -1.8, -3.2], [1.8, 1.8, 3.2], size=(count, 3))
    sh = np.zeros((count, 9, 3))
    sh[:, 0] = (0.5 + 0.4 * np.sin(2 * means) - 0.5) / C0
    size = 0.05 * (13_000 / count) ** (1 / 3)  # keeps the coverage of the picture constant
    values = (
        means, np.log(size) + r.normal(scale=0.35, size=(count, 3)), r.normal(size=(count, 4)),
        r.normal(-0.5, 1.0, size=count), sh,
    )  # fmt: skip
    return Gaussians(*(v.astype(np.float32) for v in values))


def trainer_of(truth: Gaussians) -> _Trainer:
    """A trainer in the middle of fitting this scene, full frame, with Gaussians slightly off the truth."""
    splat = Splat(truth, antialias=True)
    photos = []
    for i in range(8):
        pose = look_at(45.0 * i, 10.0, 7.0)
        rgba = render(splat, CAMERA, pose).rgba
        rgba[..., 3] = 255
        photos.append(PosedPhoto(f"P{i}", rgba, CAMERA, pose))
    points = Points(truth.means.astype(np.float64), np.full((len(truth), 3), 128, np.uint8))
    params = FitParams(side_px=HEIGHT, gaussians=len(truth), matte=False, holdout=0, max_seconds=1e9, iterations=10**6)
    trainer = _Trainer(params, CpuRasterizer(), photos, points, Hooks(), Clock(time.monotonic))
    r = np.random.default_rng(1)
    for name in VALUES:
        value = getattr(truth, name)
        noise = r.normal(scale=0.01, size=value.shape).astype(np.float32)
        trainer.state.cloud[name] = torch.from_numpy(value + noise)
    return trainer


def count_pairs(drawing: raster.Drawing) -> int:
    """The number of pairs that forward and backward process: all pixels of every block where a Gaussian contributes."""
    d = drawing.lists
    lengths = np.diff(d.starts)
    position = np.arange(len(d.pairs)) - np.repeat(d.starts[:-1], lengths)
    return LANES * int(np.bitwise_count(d.blocks[position < np.repeat(drawing.used, lengths)]).sum())


@numba.njit(cache=True, parallel=True, error_model="numpy")
def bare_forward(record: F32, rounds: int, workers: int) -> F32:
    """Run `_blend` on `rounds` whole tiles per worker; the returned values prevent dead-code elimination."""
    out = np.zeros(workers, np.float32)
    for worker in numba.prange(workers):
        s = empty_aligned(FORWARD_PLANES * PIXELS)
        _centres(s, np.uint64(5 * PIXELS), np.uint64(6 * PIXELS))
        for k in range(rounds):
            if k % 64 == 0:  # or transmittance would become denormal, which is slow
                _open_tile(s, 0, 0, TILE, TILE)
            _blend(s, record, np.float32(0.0), np.float32(0.0), ALL_BLOCKS)
        out[worker] = s[300]
    return out


@numba.njit(cache=True, parallel=True, error_model="numpy")
def bare_backward(record: F32, rounds: int, workers: int) -> F32:
    """Run `_unblend` on `rounds` whole tiles per worker."""
    out = np.zeros(workers, np.float32)
    for worker in numba.prange(workers):
        s, total = empty_aligned(BACKWARD_PLANES * PIXELS), empty_aligned(SUMS)
        s[:], total[:] = np.float32(0.01), np.float32(0.0)
        _centres(s, np.uint64(2 * PIXELS), np.uint64(3 * PIXELS))
        for k in range(rounds):
            if k % 64 == 0:
                s[PIXELS : 2 * PIXELS] = np.float32(0.01)
                _open_tile(s, 0, 0, TILE, TILE)
            store(total, ZERO, load(total, ZERO) + _unblend(s, record, np.float32(0.0), np.float32(0.0), ALL_BLOCKS))
        out[worker] = total[0]
    return out


def seconds_of(call: Callable[[], object], repeats: int = 100) -> float:
    """Minimum wall seconds of a call, after a warm-up. The minimum excludes interference by other processes."""
    call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


@dataclass(frozen=True)
class Measured:
    """The figures of one scene; seconds are minima of many runs."""

    gaussians: int
    pairs: int
    listed: int
    parts: dict[str, float]
    bare: tuple[float, float]
    iteration: float

    def per_pair_ns(self, part: str) -> float:
        """Nanoseconds per pair."""
        return 1e9 * self.parts[part] / self.pairs


def measure(count: int) -> Measured:
    """Time the trainer's whole iteration, its parts and the bare loop on a scene of `count` Gaussians."""
    trainer = trainer_of(scene(count))
    with one_torch_thread():

        def iterate() -> None:
            trainer._iterate(0.5)
            trainer.state.iteration += 1

        for _ in range(10):
            iterate()
        iteration = seconds_of(iterate)
        parts, pairs, listed = parts_of(trainer)
    workers, record = raster.workers(), np.zeros(RECORD, np.float32)
    record[:] = [8.0, 8.0, 0.02, 0.0, 0.02, 0.05, 0.5, 0.5, 0.5, 3.0, 2.5, 0.0]
    rounds = pairs // PIXELS // workers
    bare = (
        seconds_of(lambda: bare_forward(record, rounds, workers)),
        seconds_of(lambda: bare_backward(record, rounds, workers)),
    )
    return Measured(count, pairs, listed, parts, bare, iteration)


def parts_of(trainer: _Trainer) -> tuple[dict[str, float], int, int]:
    """Seconds per part by name, the number of pairs, and the number of (Gaussian, tile) list entries."""
    photo, state = trainer.photos[0], trainer.state
    values = tuple(state.cloud[name].numpy() for name in VALUES)
    pose, lens, n, parts = pose_of(photo.cam_from_world), lens_of(photo.full.camera), len(values[0]), raster.workers()
    tiles_x, tiles_y = -(-WIDTH // TILE), -(-HEIGHT // TILE)
    drawing = raster.draw_values(values, pose, lens, 2, True)
    d = drawing.lists
    target, backdrop = torch.from_numpy(photo.full.planes), torch.zeros(3)
    picture = torch.from_numpy(drawing.picture).requires_grad_(True)
    ones, zeros, weights = torch.ones(3), torch.zeros(3), LossWeights()
    incoming = np.full_like(drawing.picture, 1e-6)
    sums = raster.no_sums(len(d.bounds) - 1, n)
    grads = raster.gradient(values, pose, lens, 2, True, drawing, incoming)
    gradients = {name: torch.from_numpy(g) for name, g in zip(VALUES, grads.values, strict=True)}

    def tiles() -> None:
        counts, offsets, reached = reach_tiles(d.records, d.boxes, tiles_x, tiles_y, parts)
        fill_tiles(depth_order(d.records, d.boxes), d.boxes, offsets, reached, tiles_x, d.starts, parts)
        deal_tiles(counts, parts)

    out = [np.zeros_like(v) for v in values]
    means2d, poses = np.zeros((n, 2), np.float32), np.zeros((parts, 3, 4))
    calls: dict[str, Callable[[], object]] = {
        "project": lambda: project(*values, 2, pose, lens, True, parts, d.records.copy(), d.boxes.copy()),
        "sort and tile": tiles,
        "raster forward": lambda: rasterize(
            d.records, d.pairs, d.blocks, d.starts, d.dealt, d.bounds, WIDTH, HEIGHT, drawing.picture, drawing.used
        ),
        "loss and its gradient": lambda: ProductLoss.apply(picture, ones, zeros, target, backdrop, weights),
        "raster backward": lambda: rasterize_gradient(
            d.records, d.pairs, d.blocks, d.starts, d.dealt, d.bounds, drawing.picture, drawing.used, incoming, sums
        ),
        "project backward": lambda: project_gradient(
            *values, 2, pose, lens, True, parts, d.records, sums, *out, means2d, poses
        ),
        "Adam, noise and the rest": lambda: trainer._update(dict(gradients), 0.5),
    }
    pairs = count_pairs(drawing)
    return {name: seconds_of(call) for name, call in calls.items()}, pairs, len(d.pairs)


def table(measured: list[Measured]) -> str:
    """Markdown table with one column per scene."""
    rows: list[tuple[str, Callable[[Measured], str]]] = [
        ("Gaussians", lambda m: f"{m.gaussians}"),
        ("pairs, millions", lambda m: f"{m.pairs / 1e6:.2f}"),
        ("list entries, thousands", lambda m: f"{m.listed / 1e3:.0f}"),
    ]
    for part in measured[0].parts:
        rows.append((f"{part}, ms", lambda m, part=part: f"{1e3 * m.parts[part]:.2f}"))
    raster_parts = ("raster forward", "raster backward")
    rows += [
        ("whole iteration of the trainer, ms", lambda m: f"{1e3 * m.iteration:.1f}"),
        ("forward, ns per pair", lambda m: f"{m.per_pair_ns(raster_parts[0]):.3f}"),
        ("backward, ns per pair", lambda m: f"{m.per_pair_ns(raster_parts[1]):.3f}"),
        ("bare loop forward + backward, ms", lambda m: f"{1e3 * m.bare[0]:.2f} + {1e3 * m.bare[1]:.2f}"),
        ("raster over bare loop", lambda m: f"{sum(m.parts[p] for p in raster_parts) / sum(m.bare):.2f}"),
        ("iteration, ns per pair", lambda m: f"{1e9 * m.iteration / m.pairs:.2f}"),
    ]
    lines = ["| " + " | ".join([label, *(cell(m) for m in measured)]) + " |" for label, cell in rows]
    return "\n".join([lines[0], "|---" * (len(measured) + 1) + "|", *lines[1:]])


def main() -> None:
    """Measure and print; with --write, record the tables in SPLAT.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[13_000, 27_000, 55_000])
    parser.add_argument("--shoot", type=Path, default=None, help="a sample shoot with ground truth")
    parser.add_argument("--seconds", type=float, nargs="+", default=[30, 120])
    parser.add_argument("--write", action="store_true", help="record the tables in benchmarks/SPLAT.md")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    initial_load = os.getloadavg()[0]
    measured = [measure(count) for count in options.counts]
    load = os.getloadavg()
    facts = (
        f"Python {platform.python_version()}, numba {numba.__version__}, torch {torch.__version__}, numpy"
        f" {np.__version__}; {raster.workers()} threads; peak memory {peak_memory_mb():.0f} MB;"
        f" load {load[0]:.1f} on {os.cpu_count()} cores at the end, {initial_load:.1f} at the start."
    )
    kernels = f"{facts}\n\n{table(measured)}"
    fits = fit_shoot(options.shoot, options.seconds) if options.shoot is not None else ""
    print(json.dumps([vars(m) for m in measured], indent=1) if options.json else "\n\n".join([kernels, fits]))
    if options.write:
        record("<!-- measured -->", "<!-- fits -->", kernels)
    if options.write and fits:
        record("<!-- fits -->", "<!-- end -->", fits)


def record(begin: str, end: str, text: str) -> None:
    """Replace the text between two markers of SPLAT.md."""
    before, after = RECORD_FILE.read_text().split(begin)
    RECORD_FILE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after.split(end)[1]}")


if __name__ == "__main__":
    main()
