"""Measures the error of the up direction, on simulated walks around a product and on shoots with known poses.

    OMP_NUM_THREADS=1 python -m benchmarks.up [--shoots DIR] [--side 900] [--walks-only]

A simulated walk has 24 cameras on an arc at elevations of about 25 degrees, all rolled by a common angle and each by
another at random. A shoot needs truth/views.json and truth/mattes; its photos are posed as `rig: handheld`.
"""

import argparse
import json
import tempfile
from pathlib import Path

import cv2
import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.domain import angle_between_deg, look_at
from pipeline.core.png import encode_png
from pipeline.posing.frame import level_up
from pipeline.posing.product import product_frame
from pipeline.posing.sfm.colmap import pose
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.request import PoseParams
from pipeline.posing.up import horizon

WALKS = [(360, 0.0, 1.0), (360, 11.0, 1.0), (360, 11.0, 3.0), (200, 11.0, 1.0), (90, 0.0, 1.0), (90, 11.0, 1.0)]
SEEDS = 20
CAMERAS = 24
Z = np.array([0.0, 0.0, 1.0])


def walk(arc_deg: float, roll_deg: float, shake_deg: float, seed: int) -> F64:
    """Rotations [24, 3, 3] `cam_from_world` of a simulated walk."""
    rng = np.random.default_rng(seed)
    rotations = []
    for azimuth_deg in np.linspace(0.0, arc_deg, CAMERAS, endpoint=False):
        roll = np.radians(roll_deg + shake_deg * rng.normal())
        turn = np.array([[np.cos(roll), -np.sin(roll), 0.0], [np.sin(roll), np.cos(roll), 0.0], [0.0, 0.0, 1.0]])
        rotations.append(turn @ look_at(float(azimuth_deg), 25.0 + 8.0 * rng.normal(), 5.0)[:3, :3])
    return np.stack(rotations)


def print_walks() -> None:
    """Print the error and the confidence of the horizon for each kind of walk."""
    print("arc  common roll  random roll   up off, RMS   confidence")
    for arc_deg, roll_deg, shake_deg in WALKS:
        walks = [walk(arc_deg, roll_deg, shake_deg, seed) for seed in range(SEEDS)]
        found = [horizon(rotations, level_up(rotations)) for rotations in walks]
        off = np.sqrt(np.mean([angle_between_deg(estimate.up, Z) ** 2 for estimate in found]))
        sure = np.mean([estimate.confidence for estimate in found])
        print(f"{arc_deg:3.0f}° {roll_deg:10.0f}° {shake_deg:11.0f}° {off:12.2f}° {sure:12.2f}")


def measure(shoot: Path, side_px: int, scratch: Path) -> str:
    """Pose a shoot as hand held, with its true mattes; the line to print."""
    files, masks = [], {}
    for name in ("photos", "masks"):
        (scratch / name).mkdir(parents=True)
    for path in sorted((shoot / "photos").iterdir()):
        picture, matte = cv2.imread(str(path)), cv2.imread(str(shoot / "truth" / "mattes" / f"{path.stem}.png"), 0)
        if picture is None or matte is None:
            raise SystemExit(f"{path}: photo or true matte cannot be read")
        factor = side_px / max(picture.shape)
        size = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
        file, mask = scratch / "photos" / f"{path.stem}.png", scratch / "masks" / f"{path.stem}.png"
        file.write_bytes(encode_png(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[..., ::-1])))
        mask.write_bytes(encode_png(np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_AREA))))
        files.append(PhotoFile(file, *size))
        masks[path.stem] = mask
    params = PoseParams(rig="handheld", max_side_px=side_px, max_features=2500)
    posed = pose(files, masks, {file.photo: None for file in files}, params, scratch / "sfm")
    if posed.model is None:
        return f"{shoot.name}: no photo could be registered"
    frame = product_frame(posed.model, posed.silhouettes, "handheld", posed.model.images[0].photo)
    true_views = json.loads((shoot / "truth" / "views.json").read_text())
    true_up = {Path(view["photo"]).stem: np.array(view["cam_from_world"])[:3, 2] for view in true_views}
    off = [angle_between_deg(view.pose[:3, 2], true_up[view.photo]) for view in frame.views]
    up = frame.up
    return f"{shoot.name}: up off by {np.mean(off):.2f}° (worst photo {max(off):.2f}°), {up.source} {up.confidence:.2f}"


def main() -> None:
    """Print walks, then shoots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", type=Path, default=Path("examples/collection"))
    parser.add_argument("--side", type=int, default=900)
    parser.add_argument("--walks-only", action="store_true")
    arguments = parser.parse_args()
    print_walks()
    for shoot in [] if arguments.walks_only else sorted(arguments.shoots.iterdir()):
        if (shoot / "truth" / "views.json").exists():
            with tempfile.TemporaryDirectory() as scratch:
                print(measure(shoot, arguments.side, Path(scratch)), flush=True)


if __name__ == "__main__":
    main()
