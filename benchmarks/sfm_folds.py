"""Counts the folds of the sample shirt when SfM keeps fewer features, and how many of them are found.

    python -m benchmarks.sfm_folds [--features 2500 3000 ...] [--side PX] [--shoot DIR]

A fold: the largest error of a rotation, against the truth, is above 5 degrees although all photos are registered.
`contradiction`, `points tied` and their share of the smaller part's are those of the weakest cut, see
`pipeline/posing/sides/folds.py`.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.sfm import difference
from pipeline.posing.folder import upright_photos
from pipeline.posing.sfm.colmap import pose
from pipeline.posing.sfm.recipes import ROUGH
from pipeline.posing.sfm.request import PoseParams
from pipeline.posing.sfm.shapes import contradiction
from pipeline.posing.sides.alike import PhotoFiles
from pipeline.posing.sides.folds import cuts, fold_in, part_of
from pipeline.posing.sides.places import observed

SHIRT = Path("examples/collection/tee-001")


def main() -> None:
    """Pose the shoot once per number of features, and print a row each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=int, nargs="+", default=[2000, 2500, 3000, 3250, 3500, 3750, 4500])
    parser.add_argument("--side", type=int, default=960)
    parser.add_argument("--shoot", type=Path, default=SHIRT, help="with truth/views.json and truth/mattes")
    options = parser.parse_args()
    print("| features | registered | px | rotation off by | found | contradiction | points tied | share |")
    print("|---|---|---|---|---|---|---|---|")
    for count in options.features:
        with tempfile.TemporaryDirectory(prefix="benchmark-sfm-folds-") as scratch:
            print(row(options.shoot, count, options.side, Path(scratch)), flush=True)


def row(shoot: Path, count: int, side_px: int, scratch: Path) -> str:
    """Pose the shoot with at most `count` features per photo; returns a row of the table."""
    upright = upright_photos(shoot / "photos", scratch / "images")
    masks = {path.stem: path for path in (shoot / "truth" / "mattes").glob("*.png")}
    params = PoseParams(rig="handheld", max_side_px=side_px, max_features=count)
    posed = pose(upright.photos, masks, upright.focal_px, params, scratch / "sfm", recipes=ROUGH)
    if posed.model is None:
        return f"| {count} | 0 | - | - | - | - | - | - |"
    views = json.loads((shoot / "truth" / "views.json").read_text())
    truth = {Path(view["photo"]).stem: np.array(view["cam_from_world"]) for view in views}
    off_deg, _ = difference({image.photo: image.cam_from_world for image in posed.model.images}, truth)
    files = {photo.photo: PhotoFiles(photo.path, masks[photo.photo]) for photo in upright.photos}
    found = fold_in(posed.model, posed.silhouettes, sorted(files), files) is not None
    seen = observed(posed.model)
    cut = next(cuts(seen, np.ones(len(seen), dtype=bool)))
    parts = [part_of(posed.model, inside) for inside in (cut.first, cut.second)]
    apart = contradiction(*parts, posed.silhouettes or {})
    return (
        f"| {count} | {len(posed.model.images)}/{len(files)} | {posed.model.reprojection_error_px:.2f} "
        f"| {off_deg:.2f}° | {'yes' if found else 'no'} | {apart:.2f} | {cut.tied} | {cut.tied / cut.points:.3f} |"
    )


if __name__ == "__main__":
    main()
