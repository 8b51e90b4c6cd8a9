"""Compares SfM with plain pycolmap, in one run on the same photos: seconds, memory, photos registered, poses.

    python -m benchmarks.sfm PHOTOS_DIR [--masks DIR] [--side PX] [--features N] [--truth views.json] [--write NAME]

Plain pycolmap extracts, matches every pair and maps, with its defaults and all threads, in a process of its own. It
gets the same decoded photos, masks, focal lengths, long side and number of features. Ours is the whole of
`catalog sfm`, which also decodes the photos and writes them. CPU seconds tell more than wall seconds on a busy
machine. `rotation` and `centre` compare the poses with plain pycolmap's, or with the truth: the largest angle in
degrees, and the largest distance in percent of the cameras' RMS distance from their middle, once a similarity has
aligned them.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.colmap.read import read_model
from pipeline.core.photo.decode import read_photo

RECORD = Path(__file__).with_name("SFM.md")
OURS = """
import sys
from pathlib import Path
from pipeline.posing.folder import pose_folder
from pipeline.posing.sfm.request import PoseParams
photos, out, masks, side, features = sys.argv[1:]
params = PoseParams(max_side_px=int(side), max_features=int(features))
pose_folder(Path(photos), Path(out), Path(masks) if masks else None, params)
"""
Poses = dict[str, NDArray[np.float64]]


def timed(command: list[str]) -> tuple[float, float, float]:
    """Run a command; returns its wall seconds, the CPU seconds of it and its children, and the peak so far in MB."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, after.ru_maxrss / 1000


def poses_in(folder: Path) -> Poses:
    """The poses [4, 4] of a COLMAP model, by photo; of the largest model when the folder has several."""
    models = [read_model(path.parent) for path in folder.glob("**/images.bin")]
    largest = max(models, key=lambda model: len(model.images), default=None)
    return {} if largest is None else {image.photo: image.cam_from_world for image in largest.images}


def difference(measured: Poses, reference: Poses) -> tuple[float, float]:
    """The largest rotation in degrees and the largest distance in percent between poses, once aligned."""
    names = sorted(set(measured) & set(reference))
    if len(names) < 3:
        return float("nan"), float("nan")
    a, b = (np.stack([poses[name] for name in names]) for poses in (measured, reference))
    u, _, v = np.linalg.svd(np.einsum("nji,njk->ik", a[:, :3, :3], b[:, :3, :3]))
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ v)]) @ v
    between = np.einsum("nij,jk,nlk->nil", a[:, :3, :3], turn, b[:, :3, :3])
    angles = np.degrees(np.arccos(np.clip((np.trace(between, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    centres = [-np.einsum("nji,nj->ni", poses[:, :3, :3], poses[:, :3, 3]) for poses in (a, b)]
    first, second = centres[0] @ turn, centres[1]
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    scale = (first * second).sum() / (first**2).sum()
    radius = np.sqrt((second**2).sum(axis=1).mean())
    return float(angles.max()), float(100 * np.linalg.norm(scale * first - second, axis=1).max() / radius)


def colmap_masks(masks: Path, folder: Path) -> str:
    """Masks in COLMAP's form, dilated as ours are at a long side of 1200 px; returns their folder."""
    folder.mkdir()
    for path in sorted(masks.glob("*.png")):
        alpha = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        inside = ((alpha if alpha.ndim == 2 else alpha[..., -1]) >= 128).astype(np.uint8) * 255
        radius = max(1, round(4 * max(inside.shape) / 1200))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        cv2.imwrite(str(folder / f"{path.name}.png"), cv2.dilate(inside, kernel))
    return str(folder)


def focal_prior(photos: Path) -> tuple[float, float, float, float] | None:
    """The camera of the first photo from its EXIF, for plain pycolmap, which does not find it in the decoded PNG."""
    photo = read_photo(sorted(path for path in photos.iterdir() if path.is_file())[0])
    height, width = photo.rgb.shape[:2]
    return None if photo.exif.focal_px is None else (photo.exif.focal_px, width / 2, height / 2, 0.0)


def compare(options: argparse.Namespace, scratch: Path) -> str:
    """Run ours, then plain pycolmap on the photos that ours decoded; returns rows of a Markdown table."""
    ours, theirs = scratch / "ours", scratch / "plain"
    theirs.mkdir()
    call = [options.photos, ours, options.masks or "", options.side, options.features]
    figures = {"ours": timed([sys.executable, "-c", OURS, *map(str, call)])}
    spec = {
        "photos": str(ours / "images"), "out": str(theirs), "side": options.side, "features": options.features,
        "masks": colmap_masks(options.masks, scratch / "masks") if options.masks else None,
        "camera": focal_prior(options.photos),
    }  # fmt: skip
    figures["pycolmap"] = timed([sys.executable, "-m", "benchmarks.sfm_plain", json.dumps(spec)])
    poses = {"ours": poses_in(ours / "sparse"), "pycolmap": poses_in(theirs)}
    reference = poses["pycolmap"]
    if options.truth:
        views = json.loads(options.truth.read_text())
        reference = {Path(view["photo"]).stem: np.array(view["cam_from_world"]) for view in views}
    count, rows = len(list((ours / "images").iterdir())), []
    for name, (wall, cpu, peak) in figures.items():
        angle, distance = difference(poses[name], reference)
        rows.append(
            f"| {options.write or options.photos.name} | {name} | {len(poses[name])}/{count} | {wall:.1f} | {cpu:.1f} "
            f"| {peak:.0f} | {angle:.3f} | {distance:.3f} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure and print; with --write, append the rows to SFM.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--masks", type=Path, default=None, help="cut-outs or masks of the photos")
    parser.add_argument("--side", type=int, default=1200, help="long side in px from which both extract features")
    parser.add_argument("--features", type=int, default=4096, help="per photo, for both")
    parser.add_argument("--truth", type=Path, default=None, help="views.json; compare with it instead of pycolmap")
    parser.add_argument("--write", metavar="NAME", default=None, help="append the rows to SFM.md under this name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-sfm-") as scratch:
        rows = compare(options, Path(scratch))
    print(rows)
    if options.write:
        dated = RECORD.read_text().rstrip()
        RECORD.write_text(f"{dated}\n{rows}\n")
        print(f"appended to {RECORD.name}, {datetime.now(UTC):%Y-%m-%d}")


if __name__ == "__main__":
    main()
