"""Photos of a product in, a picture from a new angle out: the pipeline's engines as Python functions.

    python -m examples.from_python examples/collection/mug-001/photos --out mug

writes mug/cut (cut-outs), mug/colmap (cameras and points), mug/splat.ply and mug/view.png.
"""

import argparse
from pathlib import Path

from pipeline.core.photo.limits import PHOTO_ENDINGS
from pipeline.imaging.cutout import backdrop
from pipeline.imaging.cutout.files import cut_files
from pipeline.posing.folder import pose_folder
from pipeline.posing.sfm.request import PoseParams
from pipeline.splatting.colmap_folder import fit_to_file
from pipeline.splatting.engines import cpu
from pipeline.splatting.show.render import render_to_file


def view_of(photos_dir: Path, out: Path, poses: PoseParams, fit: cpu.Params) -> Path:
    """Return the path of an RGBA PNG of the product, seen 45 degrees from the right of its front and 15 from above."""
    photos = sorted(path for path in photos_dir.iterdir() if path.suffix.lower() in PHOTO_ENDINGS)
    cut_files(photos, out / "cut", backdrop.Params(), on_progress=print)
    pose_folder(photos_dir, out / "colmap", masks_dir=out / "cut", params=poses)
    fit_to_file(out / "colmap", out / "splat.ply", fit)
    render_to_file(out / "splat.ply", out / "view.png", azimuth_deg=45, elevation_deg=15, size_px=1024)
    return out / "view.png"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos_dir", type=Path, help="a folder of photos, the front first by name")
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    options = parser.parse_args()
    print(view_of(options.photos_dir, options.out, PoseParams(), cpu.Params()))
