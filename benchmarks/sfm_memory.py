"""Measures the peak memory of every recipe of SfM, each forced, on photos enlarged to the size of a large camera's.

    python -m benchmarks.sfm_memory PHOTOS_DIR [--masks DIR] [--megapixels 24] [--photos 8]

Prints the peak of the SfM process after each recipe, which is the highest so far, and that of the process that prepares
the photos. The first figure that rises is that of the recipe that needs more memory than those before it.
"""

import argparse
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from pipeline.core.photo.decode import read_photo
from pipeline.core.process import peak_memory_mb
from pipeline.posing.sfm.colmap import pose
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.request import PoseParams

FORCED = """
import sys
from pathlib import Path
from pipeline.core.process import peak_memory_mb
from pipeline.posing.sfm import colmap_worker, ladder
ladder.State.calls_for = lambda self, recipe: True
mapped = colmap_worker.map_photos
def measured(request, recipe, found, started):
    done = mapped(request, recipe, found, started)
    with (Path(request.out) / "peaks.txt").open("a") as peaks:
        print(f"| {recipe.name} | {done.attempt.registered} | {peak_memory_mb():.0f} |", file=peaks)
    return done
colmap_worker.map_photos = measured
colmap_worker.main(Path(sys.argv[1]))
"""


def enlarged(path: Path, target: Path, megapixels: float, mode: str) -> PhotoFile:
    """Write a photo (`mode` RGB), or the alpha of a cut-out or a gray mask (L), with this many megapixels as PNG."""
    if mode == "RGB":
        picture = Image.fromarray(read_photo(path).rgb)
    else:
        mask = Image.open(path)
        picture = mask.getchannel("A") if "A" in mask.getbands() else mask.convert("L")
    factor = (megapixels * 1e6 / (picture.width * picture.height)) ** 0.5
    size = round(picture.width * factor), round(picture.height * factor)
    picture.resize(size, Image.Resampling.BICUBIC).save(target, compress_level=1)
    return PhotoFile(target, *size)


def main() -> None:
    """Enlarge the photos in a process of its own, so that its memory is not counted; then pose them and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--masks", type=Path, default=None, help="<photo>.png: RGBA cut-outs, or gray")
    parser.add_argument("--megapixels", type=float, default=24.0)
    parser.add_argument("--photos", type=int, default=8, help="the first photos of the folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-sfm-memory-") as scratch:
        measure(options, Path(scratch))


def measure(options: argparse.Namespace, scratch: Path) -> None:
    """Print a row per recipe, then the peak of this process."""
    paths = sorted(options.photos_dir.iterdir())[: options.photos]
    (scratch / "photos").mkdir()
    (scratch / "masks").mkdir()
    with get_context("spawn").Pool(1) as pool:
        asked = [(path, scratch / "photos" / f"{path.stem}.png", options.megapixels, "RGB") for path in paths]
        photos = pool.starmap(enlarged, asked)
        if options.masks:
            masks = [options.masks / f"{path.stem}.png" for path in paths]
            pool.starmap(enlarged, [(m, scratch / "masks" / m.name, options.megapixels, "L") for m in masks])
    found = {path.stem: path for path in (scratch / "masks").iterdir()} or None
    pose(photos, found, {}, PoseParams(), scratch / "sfm", worker=(sys.executable, "-c", FORCED))
    print("| recipe | registered | peak MB so far |\n|---|---|---|")
    print((scratch / "sfm" / "sfm" / "peaks.txt").read_text().rstrip())
    print(f"preparing: {peak_memory_mb():.0f} MB; {len(photos)} photos of {photos[0].width_px} x {photos[0].height_px}")


if __name__ == "__main__":
    main()
