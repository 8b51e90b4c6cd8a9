"""Photographs the sample collection: two products modelled in code, a turntable, a studio, a lens and a sensor.

    python examples/render_samples.py                     # both shoots as they are shipped
    python examples/render_samples.py --only mug --spp 8  # a quick look

Needs the extra `samples` (Mitsuba 3.9). `--variant llvm_ad_rgb` is three times as fast as `scalar_rgb` and needs LLVM
19 or newer, its library named in DRJIT_LIBLLVM_PATH.
"""

import argparse
import json
import time
from pathlib import Path

import cv2
import mitsuba as mi
import numpy as np
from samples import develop, studio
from samples.shoots import SHOOTS, Shoot, Shot
from samples.studio import Lens, Linear, Product

from pipeline.core.domain import Camera, View, look_at

MARGIN_PX = 12
GUIDE_SPP = 24


def _wide(lens: Lens) -> Lens:
    """The lens with a margin all round, for the distortion to draw from."""
    return Lens(lens.width_px + 2 * MARGIN_PX, lens.height_px + 2 * MARGIN_PX, lens.focal_px, lens.distance)


def true_view(shoot: Shoot, shot: Shot) -> View:
    """The photo's true camera and pose, product frame, in product radii."""
    lens = shoot.lens
    camera = Camera(
        width_px=lens.width_px,
        height_px=lens.height_px,
        fx_px=lens.focal_px,
        fy_px=lens.focal_px,
        cx_px=lens.width_px / 2,
        cy_px=lens.height_px / 2,
        k1=shoot.k1,
    )
    pose = look_at(shot.azimuth_deg, shot.elevation_deg, lens.distance)
    rows = tuple(tuple(float(v) for v in row) for row in pose)
    return View(
        photo=shot.name,
        camera=camera,
        cam_from_world=rows,
        azimuth_deg=shot.azimuth_deg,
        elevation_deg=shot.elevation_deg,
    )


def render(shoot: Shoot, product: Product, shot: Shot, spp: int) -> tuple[Linear, Linear, Linear]:
    """The photo's light [H, W, 3], the product's coverage [H, W] and the backdrop alone [H, W, 3], through the lens.

    The backdrop is smooth: a third of the resolution shows it, with more samples a pixel than the product needs.
    """
    wide, seed = _wide(shoot.lens), 1000 * sum(shot.name.encode())
    where = (shot.azimuth_deg, shot.elevation_deg)
    close = studio.around(product, wide, *where)
    left, top, width, height = close.crop or (0, 0, wide.width_px, wide.height_px)
    part = np.s_[top : top + height, left : left + width]
    cover_close, albedo, normal = studio.guides(product, close, *where, GUIDE_SPP)
    grainy = studio.photograph(product, close, *where, spp, seed)
    own, cover = (
        np.zeros((wide.height_px, wide.width_px, 3), np.float32),
        np.zeros((wide.height_px, wide.width_px), np.float32),
    )
    own[part], cover[part] = develop.product_light(grainy, cover_close, albedo, normal), cover_close
    small = studio.photograph(product, wide.smaller(3), *where, 3 * spp, seed + 500)
    paper = _full(develop.paper_light(small, cv2.resize(cover, small.shape[1::-1], interpolation=cv2.INTER_AREA)), wide)
    both = np.concatenate([own + paper * (1 - cover[..., None]), cover[..., None], paper], axis=2)
    bent = np.concatenate(
        [develop.bend(both[..., k], MARGIN_PX, shoot.lens.focal_px, shoot.k1) for k in (np.s_[:4], np.s_[4:])], axis=2
    )
    return bent[..., :3], np.clip(bent[..., 3], 0, 1), bent[..., 4:]


def _full(small: Linear, wide: Lens) -> Linear:
    return np.asarray(
        cv2.resize(small, (wide.width_px, wide.height_px), interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )


def save_shadow(
    path: Path, shoot: Shoot, product: Product, shot: Shot, shaded: Linear, cover: Linear, spp: int
) -> None:
    """How much the product darkens the studio, as a gray PNG; 255 is untouched, and covered by the product too."""
    wide = _wide(shoot.lens)
    empty = studio.empty_studio(product, wide.smaller(3), shot.elevation_deg, 6 * spp)
    empty = _full(develop.paper_light(empty, np.zeros(empty.shape[:2], dtype=np.float32)), wide)
    empty = develop.bend(empty, MARGIN_PX, shoot.lens.focal_px, shoot.k1)
    ratio = shaded.mean(2) / np.maximum(empty.mean(2), 1e-4)
    develop.save_gray(path, np.where(cover < 0.004, ratio, 1.0).astype(np.float32))


def shoot_all(shoot: Shoot, out: Path, spp: int) -> None:
    """Take every photo of a shoot, with its truth beside it."""
    folder = out / shoot.sku
    truth = folder / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    (folder / "shoot.yaml").write_text(shoot.yaml)
    product = shoot.product()
    rng = np.random.default_rng(len(shoot.sku))
    width, height = shoot.lens.width_px, shoot.lens.height_px
    groups = ((shoot.shots, folder / "photos", truth, 0), (shoot.withheld, truth / "withheld", truth / "withheld", 500))
    for shots, photos, beside, first in groups:
        if shots:
            beside.mkdir(parents=True, exist_ok=True)
            views = [true_view(shoot, shot).model_dump(mode="json") for shot in shots]
            (beside / "views.json").write_text(json.dumps(views, indent=1) + "\n")
        for number, shot in enumerate(shots):
            started = time.monotonic()
            light, cover, paper = render(shoot, product, shot, spp)
            stops = float(np.clip(rng.normal(0, 0.03), -0.06, 0.06))
            pixels = develop.sensor(light, shoot.exposure * 2**stops, rng)
            develop.save_photo(
                photos / shot.name, pixels, develop.exif(first + number, stops, shoot.lens_mm, width, height)
            )
            develop.save_gray(beside / "mattes" / f"{Path(shot.name).stem}.png", cover)
            if beside == truth and number in (0, 5):
                save_shadow(truth / "shadows" / f"{Path(shot.name).stem}.png", shoot, product, shot, paper, cover, spp)
            seconds = time.monotonic() - started
            print(
                f"{shoot.sku} {shot.name} {shot.azimuth_deg:.1f} {shot.elevation_deg:.0f}: {seconds:.1f} s", flush=True
            )
    (truth / "frame.json").write_text(json.dumps({"unit": "product radius", "radius_m": product.radius_m}) + "\n")


def main() -> None:
    """Read the arguments, choose the renderer, take the photos."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "collection")
    parser.add_argument("--only", choices=sorted(SHOOTS))
    parser.add_argument(
        "--spp",
        type=int,
        default=8,
        help="samples a pixel of the product; the backdrop gets three times as many on a third of the pixels",
    )
    parser.add_argument(
        "--variant", default="llvm_ad_rgb", help="Mitsuba variant: llvm_ad_rgb, scalar_rgb, cuda_ad_rgb"
    )
    arguments = parser.parse_args()
    mi.set_variant(arguments.variant)
    for name, shoot in SHOOTS.items():
        if arguments.only in (None, name):
            shoot_all(shoot(), arguments.out, arguments.spp)


if __name__ == "__main__":
    main()
