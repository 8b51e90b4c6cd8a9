"""Every splat engine that works here on both sample shoots: quality, time, memory; and why the others do not.

    python benchmarks/splat_gpu.py [--engines cpu gsplat splatfacto nerfacto] [--shoots DIR ...] [--iterations 2500]
                                   [--seconds N] [--write trainer|nerfstudio]

`splatfacto` and `nerfacto` are the two methods of the engine nerfstudio; nerfacto's fit of Gaussians, to whom the
iterations belong, draws on the CPU.

Each fit starts from the true poses and mattes and is judged on every 8th photo, which it never saw, in a process of its
own, so that one's memory is not another's. Without --seconds all engines do the same iterations, and the trainer over
`gsplat` must come within 0.3 dB of the trainer over `cpu`; with it, the clock hurries both and they are not compared.
Memory of the GPU is what nvidia-smi shows at most, above what was in use before, so let nothing else run there.
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

sys.path.insert(0, str(Path(__file__).parents[1]))  # started as a file, Python looks beside it alone

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
APART_DB = 0.3
COLUMNS = (
    "shoot", "engine", "PSNR dB", "after colour fit", "SSIM", "alpha IoU", "floaters", "Gaussians", "iterations",
    "seconds", "ms an iteration", "memory MB", "GPU memory MB",
)  # fmt: skip


class GpuMemory:
    """The most memory, in MB (10^6 bytes), that the first GPU had in use while this ran, above what it had before."""

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
        assert self.process is not None and self.process.stdout is not None  # noqa: S101 - as __enter__ left them
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
    """Fit one shoot with one engine; its row by column, or what went wrong under `error`."""
    params = params_of(engine, changes)
    none = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))
    with GpuMemory() as gpu:
        try:
            done = ENGINES.of(params).fit(params, true_photos(shoot / "photos", shoot / "truth"), none, Hooks())
        except CatalogError as error:
            return {"shoot": shoot.name, "engine": engine, "error": str(error)}
    r = done.report
    figures = (
        r.psnr_db, r.fitted_psnr_db, r.ssim, r.alpha_iou, floaters(done), r.gaussians, r.iterations, r.seconds,
        1e3 * r.seconds_per_iteration, r.peak_memory_mb, gpu.peak_mb,
    )  # fmt: skip
    return {**dict(zip(COLUMNS, (shoot.name, engine, *figures), strict=True)), "version": r.engine_version}


def in_its_own_process(engine: str, shoot: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """`measure` in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (engine, shoot, changes))


def missing(engines: list[str]) -> dict[str, str]:
    """Why each engine that cannot work here cannot."""
    found = {}
    for engine in engines:
        try:
            params = params_of(engine, {})
            ENGINES.of(params).require_here(params)
        except CatalogError as error:
            found[engine] = str(error)
    return found


def cell(value: object) -> str:
    """Three decimals below 1, two below 100, none above."""
    if not isinstance(value, float):
        return "" if value is None else str(value)
    return f"{value:.4f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def told(rows: list[dict[str, Any]], absent: dict[str, str], hurried: bool) -> str:
    """Markdown: the table, engines and their versions, how far gsplat is from the CPU, what could not run and why."""
    good = [row for row in rows if "error" not in row]
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(cell(row[column]) for column in COLUMNS) + " |" for row in good]
    lines = [*lines, ""] if good else []
    lines += [*(f"- {engine}: {version}" for engine, version in {r["engine"]: r["version"] for r in good}.items())]
    lines += ["- " + words for words in compared(good, hurried)]
    lines += [f"- **{row['engine']} failed** on {row['shoot']}: {row['error']}" for row in rows if "error" in row]
    lines += [f"- **{engine} did not run**: {why}" for engine, why in absent.items()]
    return "\n".join(lines)


def compared(rows: list[dict[str, Any]], hurried: bool) -> list[str]:
    """A sentence a shoot on how far the trainer's result depends on what draws."""
    by = {(row["shoot"], row["engine"]): row["PSNR dB"] for row in rows}
    pairs = [
        (shoot, by[shoot, "gsplat"] - db) for (shoot, e), db in by.items() if e == "cpu" and (shoot, "gsplat") in by
    ]
    if pairs and hurried:
        return ["gsplat and cpu are not compared: the clock gave them different schedules"]
    return [
        f"gsplat - cpu on {shoot}: {apart:+.2f} dB, {'within' if abs(apart) <= APART_DB else '**NOT within**'}"
        f" {APART_DB} dB"
        for shoot, apart in pairs
    ]


def facts() -> str:
    """The machine in one line."""
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no CUDA device"
    return (
        f"Python {platform.python_version()}, torch {torch.__version__}, {torch.get_num_threads()} threads; {device}."
    )


def recorded(file: Path, place: str, text: str) -> None:
    """Put `text` where `file` has the marks of `place`, instead of what stood there."""
    begin, end = f"<!-- {place} -->", f"<!-- end of {place} -->"
    before, rest = file.read_text().split(begin)
    file.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}")


def main() -> int:
    """Measure, print, and with --write record in GPU.md. 1 when an engine failed or lies too far from the CPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--shoots", type=Path, nargs="+", default=sorted(p.parent for p in SAMPLES.glob("*/truth")))
    parser.add_argument("--iterations", type=int, default=DEFAULTS.iterations)
    parser.add_argument("--nerfacto-iterations", type=int, default=DEFAULTS.nerfacto_iterations)
    parser.add_argument("--side-px", type=int, default=DEFAULTS.side_px)
    parser.add_argument("--seconds", type=float, help="hurry all but splatfacto to end by then")
    parser.add_argument(
        "--write", choices=("trainer", "nerfstudio"), help="record the table there in benchmarks/GPU.md"
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
    text = f"{facts()}\n\n{told(rows, absent, options.seconds is not None)}"
    print(json.dumps({"rows": rows, "missing": absent}, indent=1) if options.json else text)
    if options.write:
        recorded(RECORD_FILE, options.write, text)
    return int(any("error" in row for row in rows) or "NOT within" in text)


if __name__ == "__main__":
    sys.exit(main())
