"""Compares the available splat engines on both sample shoots, and reports why the others cannot run.

    python benchmarks/splat_gpu.py [--engines cpu gsplat splatfacto nerfacto] [--shoots DIR ...] [--iterations 2500]
                                   [--seconds N] [--write trainer|nerfstudio]

`splatfacto` and `nerfacto` are the two methods of the engine nerfstudio. After nerfacto our trainer fits the
Gaussians on the CPU; the iterations are those of that fit.

Each fit starts from the true poses and mattes and is evaluated on every 8th photo, which is held out. It runs in its
own process, so that memory is measured separately. Without --seconds all engines run the same number of iterations, and
the trainer with `gsplat` must be within 0.3 dB of the trainer with `cpu`; with --seconds the schedules differ and are
not compared. GPU memory is the peak reported by nvidia-smi above the initial value, so nothing else should run there.
"""

import argparse
import json
import multiprocessing
import platform
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script only has its own folder on the path

from benchmarks.splat_shoot import floaters, true_photos
from pipeline.core.colmap.model import Points
from pipeline.core.domain import Frozen
from pipeline.core.errors import CatalogError
from pipeline.splatting.engines import nerfstudio
from pipeline.splatting.engines.registry import ENGINES
from pipeline.splatting.fit.report import Hooks

ROWS: dict[str, dict[str, str]] = {
    "cpu": {"engine": "cpu"},
    "gsplat": {"engine": "gsplat"},
    "splatfacto": {"engine": "nerfstudio"},
    "nerfacto": {"engine": "nerfstudio", "nerfstudio_method": "nerfacto"},
}
DEFAULTS = nerfstudio.Params()
SAMPLES = Path(__file__).parents[1] / "examples" / "collection"
RECORD_FILE = Path(__file__).with_name("GPU.md")
TOLERANCE_DB = 0.3
COLUMNS = (
    "shoot", "engine", "PSNR dB", "after colour fit", "SSIM", "alpha IoU", "floaters", "Gaussians", "iterations",
    "seconds", "ms per iteration", "memory MB", "GPU memory MB",
)  # fmt: skip


class GpuMemory:
    """Records the first GPU's peak memory use in MB (10^6 bytes) above its initial value."""

    peak_mb: float | None = None

    def __enter__(self) -> Self:
        self.process: subprocess.Popen[str] | None = None
        if shutil.which("nvidia-smi") is not None:
            query = ["nvidia-smi", "--id=0", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-lms", "200"]
            self.process = subprocess.Popen(query, stdout=subprocess.PIPE, text=True)
            self.thread = threading.Thread(target=self._read)
            self.thread.start()
        return self

    def _read(self) -> None:
        assert self.process is not None and self.process.stdout is not None  # noqa: S101 - set by __enter__
        before: float | None = None
        for line in self.process.stdout:
            if line.strip().isdecimal():
                now = float(line) * 1.048576  # MiB
                before = now if before is None else before
                self.peak_mb = max(self.peak_mb or 0.0, now - before)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.thread.join()


def params_of(engine: str, changes: dict[str, Any]) -> Frozen:
    """The params of a row: those of `changes` that its engine has, and no limit of time."""
    values = {**ROWS[engine], "max_seconds": 1e9, **changes}
    known = ENGINES.named(values["engine"]).Params.model_fields
    return ENGINES.parse({name: value for name, value in values.items() if name in known})


def measure(engine: str, shoot: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """Fit one shoot with one engine; returns its row by column, or the failure under `error`."""
    params = params_of(engine, changes)
    no_points = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))
    with GpuMemory() as gpu:
        try:
            done = ENGINES.of(params).fit(params, true_photos(shoot / "photos", shoot / "truth"), no_points, Hooks())
        except CatalogError as error:
            return {"shoot": shoot.name, "engine": engine, "error": str(error)}
    r = done.report
    figures = (
        r.psnr_db, r.fitted_psnr_db, r.ssim, r.alpha_iou, floaters(done), r.gaussians, r.iterations, r.seconds,
        1e3 * r.seconds_per_iteration, r.peak_memory_mb, gpu.peak_mb,
    )  # fmt: skip
    return {**dict(zip(COLUMNS, (shoot.name, engine, *figures), strict=True)), "version": r.engine_version}


def in_its_own_process(engine: str, shoot: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """Run `measure` in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (engine, shoot, changes))


def missing(engines: list[str]) -> dict[str, str]:
    """The reason for each engine that cannot run here."""
    reasons = {}
    for engine in engines:
        try:
            params = params_of(engine, {})
            ENGINES.of(params).require_here(params)
        except CatalogError as error:
            reasons[engine] = str(error)
    return reasons


def cell(value: object) -> str:
    """Format a value: four decimals below 1, two below 100, none above."""
    if not isinstance(value, float):
        return "" if value is None else str(value)
    return f"{value:.4f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def report(rows: list[dict[str, Any]], absent: dict[str, str], limited: bool) -> str:
    """Markdown: the table, engine versions, the difference between gsplat and cpu, failures and missing engines."""
    good = [row for row in rows if "error" not in row]
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(cell(row[column]) for column in COLUMNS) + " |" for row in good]
    lines = [*lines, ""] if good else []
    lines += [*(f"- {engine}: {version}" for engine, version in {r["engine"]: r["version"] for r in good}.items())]
    lines += [f"- {sentence}" for sentence in compared(good, limited)]
    lines += [f"- **{row['engine']} failed** on {row['shoot']}: {row['error']}" for row in rows if "error" in row]
    lines += [f"- **{engine} did not run**: {reason}" for engine, reason in absent.items()]
    return "\n".join(lines)


def compared(rows: list[dict[str, Any]], limited: bool) -> list[str]:
    """One sentence per shoot on the difference between the trainer's results with gsplat and cpu."""
    by = {(row["shoot"], row["engine"]): row["PSNR dB"] for row in rows}
    pairs = [
        (shoot, by[shoot, "gsplat"] - db) for (shoot, e), db in by.items() if e == "cpu" and (shoot, "gsplat") in by
    ]
    if pairs and limited:
        return ["gsplat and cpu are not compared: the time limit gave them different schedules"]
    return [
        f"gsplat - cpu on {shoot}: {difference:+.2f} dB,"
        f" {'within' if abs(difference) <= TOLERANCE_DB else '**NOT within**'} {TOLERANCE_DB} dB"
        for shoot, difference in pairs
    ]


def facts() -> str:
    """The versions and the device in one line."""
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no CUDA device"
    return (
        f"Python {platform.python_version()}, torch {torch.__version__}, {torch.get_num_threads()} threads; {device}."
    )


def record(file: Path, section: str, text: str) -> None:
    """Replace the text between the markers of `section` in `file`."""
    begin, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
    before, rest = file.read_text().split(begin)
    file.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}")


def main() -> int:
    """Measure and print; with --write, record in GPU.md. Returns 1 on a failure or a difference out of tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--shoots", type=Path, nargs="+", default=sorted(p.parent for p in SAMPLES.glob("*/truth")))
    parser.add_argument("--iterations", type=int, default=DEFAULTS.iterations)
    parser.add_argument("--nerfacto-iterations", type=int, default=DEFAULTS.nerfacto_iterations)
    parser.add_argument("--side-px", type=int, default=DEFAULTS.side_px)
    parser.add_argument("--seconds", type=float, help="time limit of each fit, except splatfacto's")
    parser.add_argument(
        "--write", choices=("trainer", "nerfstudio"), help="record the table in this section of benchmarks/GPU.md"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    changes = {"iterations": options.iterations, "side_px": options.side_px}
    changes |= {"nerfacto_iterations": options.nerfacto_iterations}
    changes |= {} if options.seconds is None else {"max_seconds": options.seconds}
    absent = missing(options.engines)
    rows = [
        in_its_own_process(engine, shoot, changes)
        for shoot in options.shoots
        for engine in options.engines
        if engine not in absent
    ]
    text = f"{facts()}\n\n{report(rows, absent, options.seconds is not None)}"
    print(json.dumps({"rows": rows, "missing": absent}, indent=1) if options.json else text)
    if options.write:
        record(RECORD_FILE, options.write, text)
    return int(any("error" in row for row in rows) or "NOT within" in text)


if __name__ == "__main__":
    sys.exit(main())
