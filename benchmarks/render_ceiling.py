"""Measures how alike a photo of a sample and the same view without noise are, which bounds the scores of renders.

    PYTHONPATH=.:examples python -m benchmarks.render_ceiling [--only mug] [--spp 64]

Renders the held-out views of `benchmarks.render` again with more light samples than the photos have, and develops them
at the photo's own exposure without the sensor's noise and without JPEG. Scores are those of `benchmarks.render`: inside
the product, at 1024 px. Requires the extra `samples`, as `examples/render_samples.py` does.
"""

import argparse

import mitsuba as mi
import numpy as np
from render_samples import SHOOTS, render, true_view
from samples import develop

from benchmarks.render import HELD_OUT, ROOT, SIDE_PX
from benchmarks.splat_shoot import posed, true_photos
from pipeline.splatting.evaluate import score
from pipeline.splatting.photos import prepare


class Noiseless:
    """Stands in for the random generator of the sensor's noise."""

    def standard_normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """Zeros of that shape."""
        return np.zeros(shape, np.float32)


def exposures(names: list[str], shape: tuple[int, ...], sku: str) -> dict[str, float]:
    """The stops by which each photo of a shoot is over-exposed, as `render_samples.shoot_all` draws them."""
    rng, stops = np.random.default_rng(len(sku)), {}
    for name in names:
        stops[name] = float(np.clip(rng.normal(0, 0.03), -0.06, 0.06))
        rng.standard_normal(shape)
    return stops


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("tee", "mug"))
    parser.add_argument("--spp", type=int, default=64)
    options = parser.parse_args()
    mi.set_variant("scalar_rgb")
    print("| shoot | photo | dB | SSIM |\n|---|---|---|---|")
    for name in [options.only] if options.only else list(SHOOTS):
        shoot = SHOOTS[name]()
        folder, lens = ROOT / "examples" / "collection" / shoot.sku, shoot.lens
        stops = exposures([shot.name for shot in shoot.shots], (lens.height_px, lens.width_px, 3), shoot.sku)
        for photo in true_photos(folder / "photos", folder / "truth"):
            if photo.name not in HELD_OUT:
                continue
            shot = next(shot for shot in shoot.shots if shot.name.startswith(photo.name))
            light, cover, _ = render(shoot, shoot.product(), shot, options.spp)
            pixels = develop.sensor(light, shoot.exposure * 2 ** stops[shot.name], Noiseless())
            matte = np.round(cover * 255).astype(np.uint8)
            made = posed(true_view(shoot, shot).model_dump(), pixels, matte)
            one = score(prepare(made, SIDE_PX, crop=True).full.planes, prepare(photo, SIDE_PX, crop=True).full)
            print(f"| {shoot.sku} | {photo.name} | {one.psnr_db:.2f} | {one.ssim:.3f} |", flush=True)


if __name__ == "__main__":
    main()
