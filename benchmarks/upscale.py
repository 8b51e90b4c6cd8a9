"""Measures engines that enlarge: PSNR against Lanczos, seconds per megapixel, and a picture to look at.

    python -m benchmarks.upscale [--photos FOLDER] [--engine embedded] [--set name=value ...] [--sheet]

Photos are shrunk by means of squares in linear light and enlarged again, twofold and fourfold. `--photos` is a folder
of photographs; those that training saw are left out. A printed part of a photo of each sample follows. `--sheet` writes
upscale.jpg: Lanczos, engine, photo, at 100%. Prints a Markdown table.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pipeline.core.arrays import Rgb
from pipeline.core.domain import Frozen
from pipeline.imaging.enlarging.product import lanczos, shrunk
from pipeline.imaging.enlarging.registry import ENGINES, enlarge
from pipeline.imaging.enlarging.training.card import FACTORS, psnr_db
from pipeline.imaging.enlarging.training.data import listed

SHOOTS = Path("examples/collection")
CROPS = {"tee-001": (330, 420), "mug-001": (350, 660)}  # left and top of a crop with print, in DSC_0005
CROP_PX, LONG_SIDE_PX = 512, 1600
SHEET = Path(__file__).with_name("upscale.jpg")


def photos(folder: Path) -> Iterator[tuple[str, Rgb]]:
    """The photographs of a folder that training never saw, at a long side of at most LONG_SIDE_PX."""
    seen = {entry.file for entry in listed("training")}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in {".jpg", ".jpeg", ".png"} and path.name not in seen:
            picture = np.asarray(Image.open(path).convert("RGB"))
            factor = max(1.0, max(picture.shape) / LONG_SIDE_PX)
            size = round(picture.shape[1] / factor), round(picture.shape[0] / factor)
            yield path.name, np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def crops() -> Iterator[tuple[str, Rgb]]:
    """A printed part of each sample's photo DSC_0005."""
    for shoot, (left, top) in CROPS.items():
        photo = np.asarray(Image.open(SHOOTS / shoot / "photos" / "DSC_0005.jpg").convert("RGB"))
        yield shoot, photo[top : top + CROP_PX, left : left + CROP_PX]


def row_of(name: str, picture: Rgb, params: Frozen) -> str:
    """A row of the table: PSNR in dB by Lanczos and by the engine, and CPU seconds per megapixel of output."""
    h, w = (size // 4 * 4 for size in picture.shape[:2])
    truth, cells = picture[:h, :w], [name, f"{w} x {h}"]
    for factor in FACTORS:
        small = shrunk(truth, factor)
        started = time.process_time()
        made = enlarge(small, factor, params)
        seconds = (time.process_time() - started) / (made.shape[0] * made.shape[1] / 1e6)
        before, after = psnr_db(lanczos(small, factor), truth), psnr_db(made, truth)
        cells += [f"{before:.2f}", f"{after:.2f}", f"**{after - before:+.2f}**", f"{seconds:.2f}"]
    return f"| {' | '.join(cells)} |"


def sheet(params: Frozen, factor: int = 2) -> Rgb:
    """For each sample, side by side: the crop by Lanczos, by the engine, and as photographed."""
    rows = []
    for _, truth in crops():
        small = shrunk(truth, factor)
        rows.append(np.concatenate([lanczos(small, factor), enlarge(small, factor, params), truth], axis=1))
    return np.concatenate(rows)


def main() -> None:
    """Parse the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="folder of photographs that training never saw")
    parser.add_argument("--engine", default="embedded")
    parser.add_argument("--set", nargs="*", default=[], metavar="name=value", help="settings of the engine")
    parser.add_argument("--sheet", action="store_true", help=f"write {SHEET.name}")
    options = parser.parse_args()
    params = ENGINES.parse({"engine": options.engine, **dict(each.split("=", 1) for each in options.set)})
    print(f"Engine: {ENGINES.require_here(params)}\n")
    print("| picture | px | x2 Lanczos | engine | gain | s/MP | x4 Lanczos | engine | gain | s/MP |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, picture in [*(photos(options.photos) if options.photos else ()), *crops()]:
        print(row_of(name, picture, params), flush=True)
    if options.sheet:
        Image.fromarray(sheet(params)).save(SHEET, quality=92)


if __name__ == "__main__":
    main()
