"""Renders the sample collection: two products modelled in code, a turntable, a studio, a lens and a sensor.

    python examples/render_samples.py                     # both shoots as shipped
    python examples/render_samples.py --only mug --spp 8  # a quick preview

Requires the extra `samples` (Mitsuba 3.9). `--variant llvm_ad_rgb` is three times as fast as `scalar_rgb` and requires
LLVM 19 or newer, with the path of its library in DRJIT_LIBLLVM_PATH.
"""

import argparse
import json
import time
from pathlib import Path

import cv2
import mitsuba as mi
import numpy as np
from samples import develop, studio
from samples.shoots import SHOOTS, SampleShoot, Shot
from samples.studio import Lens, Linear, Product

from pipeline.core.domain import Camera, View, look_at

MARGIN_PX = 12
GUIDE_SPP = 24


def _wide(lens: Lens) -> Lens:
    """The lens with a margin on all sides, as source for the distortion."""
    return Lens(lens.width_px + 2 * MARGIN_PX, lens.height_px + 2 * MARGIN_PX, lens.focal_px, lens.distance)


def true_view(shoot: SampleShoot, shot: Shot) -> View:
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


def render(shoot: SampleShoot, product: Product, shot: Shot, spp: int) -> tuple[Linear, Linear, Linear]:
    """Render linear light [H, W, 3], product coverage [H, W] and backdrop alone [H, W, 3], with lens distortion.

    The backdrop is smooth, so it is rendered at a third of the resolution with more samples per pixel.
    """
    wide, seed = _wide(shoot.lens), 1000 * sum(shot.name.encode())
    direction = (shot.azimuth_deg, shot.elevation_deg)
    cropped = studio.around(product, wide, *direction)
    left, top, width, height = cropped.crop or (0, 0, wide.width_px, wide.height_px)
    part = np.s_[top : top + height, left : left + width]
    cropped_cover, albedo, normal = studio.guides(product, cropped, *direction, GUIDE_SPP)
    noisy = studio.photograph(product, cropped, *direction, spp, seed)
    light, cover = (
        np.zeros((wide.height_px, wide.width_px, 3), np.float32),
        np.zeros((wide.height_px, wide.width_px), np.float32),
    )
    light[part], cover[part] = develop.product_light(noisy, cropped_cover, albedo, normal), cropped_cover
    small = studio.photograph(product, wide.smaller(3), *direction, 3 * spp, seed + 500)
    paper = _full(develop.paper_light(small, cv2.resize(cover, small.shape[1::-1], interpolation=cv2.INTER_AREA)), wide)
    planes = np.concatenate([light + paper * (1 - cover[..., None]), cover[..., None], paper], axis=2)
    distorted = np.concatenate(
        [develop.bend(planes[..., k], MARGIN_PX, shoot.lens.focal_px, shoot.k1) for k in (np.s_[:4], np.s_[4:])], axis=2
    )
    return distorted[..., :3], np.clip(distorted[..., 3], 0, 1), distorted[..., 4:]


def _full(small: Linear, wide: Lens) -> Linear:
    return np.asarray(
        cv2.resize(small, (wide.width_px, wide.height_px), interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )


def save_shadow(
    path: Path, shoot: SampleShoot, product: Product, shot: Shot, shaded: Linear, cover: Linear, spp: int
) -> None:
    """Save light with the product divided by light without it as a grey PNG; 255 where it is unchanged or covered."""
    wide = _wide(shoot.lens)
    empty = studio.empty_studio(product, wide.smaller(3), shot.elevation_deg, 6 * spp)
    empty = _full(develop.paper_light(empty, np.zeros(empty.shape[:2], dtype=np.float32)), wide)
    empty = develop.bend(empty, MARGIN_PX, shoot.lens.focal_px, shoot.k1)
    ratio = shaded.mean(2) / np.maximum(empty.mean(2), 1e-4)
    develop.save_gray(path, np.where(cover < 0.004, ratio, 1.0).astype(np.float32))


def shoot_all(shoot: SampleShoot, out: Path, spp: int) -> None:
    """Render every photo of a shoot and write it with its ground truth."""
    folder = out / shoot.sku
    truth = folder / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    (folder / "shoot.yaml").write_text(shoot.yaml)
    product = shoot.product()
    rng = np.random.default_rng(len(shoot.sku))
    width, height = shoot.lens.width_px, shoot.lens.height_px
    groups = ((shoot.shots, folder / "photos", truth, 0), (shoot.withheld, truth / "withheld", truth / "withheld", 500))
    for shots, photos, target, first in groups:
        if shots:
            target.mkdir(parents=True, exist_ok=True)
            views = [true_view(shoot, shot).model_dump(mode="json") for shot in shots]
            (target / "views.json").write_text(json.dumps(views, indent=1) + "\n")
        for number, shot in enumerate(shots):
            started = time.monotonic()
            light, cover, paper = render(shoot, product, shot, spp)
            stops = float(np.clip(rng.normal(0, 0.03), -0.06, 0.06))
            pixels = develop.sensor(light, shoot.exposure * 2**stops, rng)
            develop.save_photo(
                photos / shot.name, pixels, develop.exif(first + number, stops, shoot.lens_mm, width, height)
            )
            develop.save_gray(target / "mattes" / f"{Path(shot.name).stem}.png", cover)
            if target == truth and number in (0, 5):
                save_shadow(truth / "shadows" / f"{Path(shot.name).stem}.png", shoot, product, shot, paper, cover, spp)
            seconds = time.monotonic() - started
            print(
                f"{shoot.sku} {shot.name} {shot.azimuth_deg:.1f} {shot.elevation_deg:.0f}: {seconds:.1f} s", flush=True
            )
    (truth / "frame.json").write_text(json.dumps({"unit": "product radius", "radius_m": product.radius_m}) + "\n")


def main() -> None:
    """Parse the command line, select the renderer and render the photos."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "collection")
    parser.add_argument("--only", choices=sorted(SHOOTS))
    parser.add_argument(
        "--spp",
        type=int,
        default=8,
        help="samples per pixel of the product; the backdrop gets three times as many at a third of the resolution",
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
