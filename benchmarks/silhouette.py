"""Compares mattes with the ground truth before and after correction by the splat's silhouette, for every sample photo.

    python -m benchmarks.silhouette [--shoots DIR] [--preset demo] [--store DIR] [--sheet sheet.png] [--write]

Runs each shoot up to its splat, then corrects every photo (the pipeline only corrects photos that serve an angle). A
photo counts as worse if its IoU or its SAD (thousands of px, as in benchmarks/cutout.py) is. `alarms`: photos for which
the check `silhouette` would require a review, before and after. Shoots without truth/mattes have alarms only.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.contract.artifact import Artifact
from pipeline.contract.runner import Runner
from pipeline.core.domain import View
from pipeline.core.measured import SilhouetteAgreement
from pipeline.core.png import decode_png
from pipeline.core.records import load_list
from pipeline.imaging.checks.silhouette import check_silhouette
from pipeline.imaging.silhouette.correct import correct
from pipeline.imaging.silhouette.evidence import Disagreement, RenderedSplat
from pipeline.plan import STEPS, write_plan
from pipeline.run import manifest_of, run_step, runner_from
from pipeline.settings import Settings
from pipeline.splatting.ply import read_ply
from pipeline.splatting.show.match import as_shot
from pipeline.splatting.show.render import straight

RECORD = Path(__file__).with_name("CUTOUT.md")
BEGIN, END = "<!-- corrected -->", "<!-- corrected end -->"
HEAD = """| shoot | photos | corrected | IoU mean | IoU worst | SAD | worse | alarms | s per photo |
|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Measured:
    """The figures of one photo, before and after."""

    photo: str
    iou: tuple[float, float] | None
    sad: tuple[float, float] | None
    alarm: tuple[bool, bool]
    changed: float
    seconds: float


def outputs_of(folder: Path, preset: str, runner: Runner) -> dict[str, Artifact]:
    """Run a shoot up to its splat; returns its photos, cut-outs, views and splat by name."""
    plan, digest = write_plan(folder, runner.store, preset)
    for step in STEPS[: STEPS.index("splat") + 1]:
        result = run_step(runner, plan, digest, step)
        if result.state not in ("done", "cached"):
            raise SystemExit(f"{folder}: {step} is {result.state}: {result.reason}")
    outputs = {}
    for step, name in (("ingest", "photos"), ("cutout", "cutouts"), ("sfm", "views"), ("splat", "splat")):
        manifest = manifest_of(runner, digest, step)
        if manifest is None or manifest.outputs is None:
            raise SystemExit(f"{folder}: {step} has no manifest")
        outputs[name] = Artifact.model_validate(manifest.outputs[name])
    return outputs


def measure(folder: Path, preset: str, runner: Runner, tiles: list[NDArray[np.uint8]]) -> list[Measured]:
    """Measure every posed photo of a shoot; appends a tile (before, silhouette, after) per corrected photo."""
    store, out = runner.store, outputs_of(folder, preset, runner)
    splat = read_ply(store.read(out["splat"]), "the splat")
    photos, cutouts = store.tree(out["photos"]), store.tree(out["cutouts"])
    measured = []
    for view in load_list(View, store.read(out["views"])):
        name = f"{view.photo}.png"
        rgb, rgba = decode_png(store.read(photos[name])), decode_png(store.read(cutouts[name]))
        began = time.process_time()
        planes = as_shot(splat, view)
        done = correct(rgb, rgba, RenderedSplat(straight(planes).rgba[..., :3], planes[3]))
        seconds = time.process_time() - began
        opaque = done.rgba[..., 3] == 255
        if not np.array_equal(done.rgba[opaque][:, :3], rgb[opaque]):
            raise SystemExit(f"{folder} {name}: opaque pixels differ from the photo")
        alarms = [_alarm(disagreement, max(rgb.shape)) for disagreement in (done.before, done.after)]
        truth = folder / "truth" / "mattes" / name
        iou = sad = None
        if truth.exists():
            pairs = [_against(cut[..., 3], truth) for cut in (rgba, done.rgba)]
            iou, sad = (pairs[0][0], pairs[1][0]), (pairs[0][1], pairs[1][1])
        measured.append(Measured(view.photo, iou, sad, (alarms[0], alarms[1]), done.changed, seconds))
        if done.changed > 0:
            tiles.append(_tile(rgba, planes[3], done.rgba))
    return measured


def _alarm(measured: Disagreement, long_side_px: int) -> bool:
    record = SilhouetteAgreement(
        iou_before=measured.iou,
        iou=measured.iou,
        worst_px_before=measured.worst_px,
        worst_px=measured.worst_px,
        changed=0,
    )
    return not all(check.passed for check in check_silhouette(record, long_side_px))


def _against(alpha: NDArray[np.uint8], truth: Path) -> tuple[float, float]:
    """IoU and SAD (thousands of px) of a matte against the true one, which is scaled to its size."""
    true = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE)
    if true.shape != alpha.shape:
        true = cv2.resize(true, alpha.shape[::-1], interpolation=cv2.INTER_AREA)
    a, b = alpha >= 128, true >= 128
    return float((a & b).sum() / (a | b).sum()), float(np.abs(alpha.astype(float) - true).sum() / 255_000)


def _tile(before: NDArray[np.uint8], silhouette: NDArray[np.float32], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = np.repeat((np.clip(silhouette, 0, 1) * 255)[..., None], 3, axis=2)
    green = np.array([90, 220, 90])
    parts = [grey if p is None else p[..., :3] * (p[..., 3:] / 255) + green * (1 - p[..., 3:] / 255)
             for p in (before, None, after)]  # fmt: skip
    row = np.hstack(parts).astype(np.uint8)
    return np.asarray(
        cv2.resize(row, (960, 960 * row.shape[0] // row.shape[1]), interpolation=cv2.INTER_AREA), np.uint8
    )


def row_of(shoot: str, measured: list[Measured]) -> str:
    """One row of the table."""
    pairs = [(m.iou, m.sad) for m in measured if m.iou and m.sad]
    mean, worst, sad, worse = "-", "-", "-", "-"
    if pairs:
        mean, worst = (
            " -> ".join(f"{reduce(i[k] for i, _ in pairs):.4f}" for k in (0, 1)) for reduce in (statistics.mean, min)
        )
        sad = " -> ".join(f"{statistics.mean(s[k] for _, s in pairs):.2f}" for k in (0, 1))
        worse = str(sum(i[1] < i[0] or s[1] > s[0] for i, s in pairs))
    alarms = " -> ".join(str(sum(m.alarm[k] for m in measured)) for k in (0, 1))
    seconds = statistics.mean(m.seconds for m in measured)
    changed = sum(m.changed > 0 for m in measured)
    return f"| {shoot} | {len(measured)} | {changed} | {mean} | {worst} | {sad} | {worse} | {alarms} | {seconds:.1f} |"


def main() -> None:
    """Measure and print; with --write, record the table in CUTOUT.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", type=Path, nargs="+", default=sorted(Path("examples/collection").iterdir()))
    parser.add_argument("--preset", default="demo")
    parser.add_argument(
        "--store", type=Path, default=None, help="folder that keeps the results; default: a temporary one"
    )
    parser.add_argument(
        "--sheet", type=Path, default=None, help="write before, silhouette and after of corrected photos as PNG"
    )
    parser.add_argument("--write", action="store_true", help="record the table in benchmarks/CUTOUT.md")
    options = parser.parse_args()
    lines, tiles = [HEAD], list[NDArray[np.uint8]]()
    with tempfile.TemporaryDirectory() as fresh:
        root = options.store or Path(fresh)
        runner = runner_from(Settings(store=root / "store", database_url=f"sqlite:///{root / 'catalog.db'}"))
        for folder in options.shoots:
            lines.append(row_of(folder.name, measure(folder, options.preset, runner, tiles)))
    print(*lines, sep="\n")
    if options.sheet and tiles:
        cv2.imwrite(str(options.sheet), np.vstack(tiles)[..., ::-1])
    if options.write:
        before, after = RECORD.read_text().split(BEGIN)
        RECORD.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after.split(END)[1]}")


if __name__ == "__main__":
    main()
