"""Measures the held-out quality of a splat of whole frames (product and surroundings) over wall time, with SfM poses.

    python -m benchmarks.splat_frames PHOTOS_DIR --workspace COLMAP_DIR --no-matte --holdout-photo NAME
                                      [--seconds 100 200 233] [--side-px 480] [--sheet FILE.png] [--write]

`COLMAP_DIR` is created from the photos, posed at 1600 px, unless it exists. With `--matte` its images must have an
alpha channel, as written by `catalog sfm --masks`. Each number of seconds is a separate fit, scheduled for that time.
"""

import argparse
import time
from pathlib import Path

import numba
from PIL import Image

from pipeline.core.colmap.read import read_model
from pipeline.posing.folder import pose_folder
from pipeline.posing.sfm.request import PoseParams
from pipeline.splatting.colmap_folder import posed_photos
from pipeline.splatting.engines import cpu
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.fit.result import Fit
from pipeline.splatting.show.sheet import sheet

RECORD_FILE = Path(__file__).with_name("SPLAT.md")
BEGIN, END = "<!-- frames -->", "<!-- end of frames -->"
HEADER = (
    "| time limit s | seconds | iterations | s per iteration | Gaussians | PSNR dB | after colour fit | SSIM |"
    " fitted photos dB | CPU s |\n" + "|---" * 10 + "|"
)


def row(limit: float, done: Fit, cpu_seconds: float) -> str:
    """One row of the table."""
    r = done.report
    return (
        f"| {limit:.0f} | {r.seconds:.0f} | {r.iterations} | {r.seconds_per_iteration:.4f} | {r.gaussians} |"
        f" {r.psnr_db:.2f} | {r.fitted_psnr_db:.2f} | {r.ssim:.4f} | {r.train_psnr_db:.2f} | {cpu_seconds:.0f} |"
    )


def main() -> None:
    """Pose if necessary, fit for each number of seconds, print; with --write, record the table in SPLAT.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workspace", type=Path, required=True, help="COLMAP workspace; created if missing")
    parser.add_argument("--holdout-photo", required=True, help="stem of the held-out photo's name")
    parser.add_argument("--matte", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--seconds", type=float, nargs="+", default=[100, 200, 233])
    parser.add_argument("--side-px", type=int, default=480)
    parser.add_argument(
        "--sheet", type=Path, default=None, help="write photo, render and difference of the last fit as PNG"
    )
    parser.add_argument("--write", action="store_true", help="record the table in benchmarks/SPLAT.md")
    options = parser.parse_args()
    if not (options.workspace / "sparse").is_dir():
        pose_folder(options.photos, options.workspace, None, PoseParams(rig="handheld", max_side_px=1600))
    base = {"side_px": options.side_px, "matte": options.matte, "held_out": (options.holdout_photo,)}
    model = read_model(options.workspace)
    photos = posed_photos(model, options.workspace / "images", matte=options.matte)
    lines = [
        f"{options.photos.name}, {len(photos)} photos of {options.side_px} px, {options.holdout_photo} held out,"
        f" {'cut out' if options.matte else 'whole frames'}, {len(model.points.positions)} sparse points,"
        f" {numba.get_num_threads()} threads:\n\n{HEADER}"
    ]
    for seconds in options.seconds:
        params = cpu.Params.model_validate({**base, "max_seconds": seconds, "iterations": 10_000})
        began = time.process_time()
        done = cpu.fit(params, photos, model.points, Hooks())
        lines.append(row(seconds, done, time.process_time() - began))
    print("\n".join(lines))
    if options.sheet is not None:
        Image.fromarray(sheet(done.splat, list(done.judged), {})).save(options.sheet)
    if options.write:
        before, after = RECORD_FILE.read_text().split(BEGIN)
        table = "\n".join(lines)
        RECORD_FILE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after.split(END)[1]}")


if __name__ == "__main__":
    main()
