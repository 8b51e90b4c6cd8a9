"""Measures detection and false alarms of the checks of rendered angles, on the samples at their true poses.

    python -m benchmarks.checks_rendered [--each 25] [--splats FOLDER] [--shoots tee-001 mug-001]

Fits a splat to each sample with the settings of the preset `demo` (about a minute each; `--splats` keeps the files and
uses them again), and plants faults in the splats: dark spikes below the product at elevations 0 to 20 deg, and dark or
light streaks on the side that the picture shows. A smudge is planted in the picture: a Gaussian blur of part of the
outline. Directions, sizes and places are random with a fixed seed; a planted fault must change 0.2% of the product's px
by 40 levels. Prints a Markdown table.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.render import preset_params, splat_of
from benchmarks.splat_shoot import true_photos
from pipeline.core.arrays import F64, Rgba
from pipeline.core.domain import View, angle_between_deg, azimuth_elevation_deg, camera_centre, look_at
from pipeline.imaging.checks.rendered import check_faults
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.harmonics import C0
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.faults import faults_of, shot_of, smudged_share
from pipeline.splatting.show.haze import without_haze
from pipeline.splatting.show.render import planes, straight
from pipeline.splatting.show.seen import depth_of
from pipeline.stages.render.faults import PHOTOS

SHOOTS = Path("examples/collection")
PRESET = "demo"
VISIBLE = 0.002  # of the product's px that a planted fault changes
THIN = 0.012  # product radii


@dataclass(frozen=True)
class Sample:
    """A sample's photos, and a splat that was fitted to them."""

    photos: list[PosedPhoto]
    splat: Splat

    def view(self, azimuth_deg: float, elevation_deg: float) -> View:
        """The view of an angle, with the photos' lens and distance."""
        first = self.photos[0]
        distance = float(np.linalg.norm(camera_centre(first.cam_from_world)))
        pose = look_at(azimuth_deg, elevation_deg, distance)
        return _view("angle", first, pose)

    def near(self, view: View) -> list[PosedPhoto]:
        """The photos that the angle is compared with."""
        towards = camera_centre(view.pose)
        return sorted(self.photos, key=lambda p: angle_between_deg(camera_centre(p.cam_from_world), towards))[:PHOTOS]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=25)
    parser.add_argument("--splats", type=Path, default=None)
    parser.add_argument("--shoots", nargs="+", default=["tee-001", "mug-001"])
    options = parser.parse_args()
    print("| sample | planted | pictures | found | by which checks |\n|---|---|---|---|---|")
    for sku in options.shoots:
        sample = load(sku, options.splats)
        for kind in ("spikes", "streaks", "smudge", "nothing"):
            found, by = 0, dict[str, int]()
            for seed in range(options.each):
                names = checked(sample, kind, np.random.default_rng([seed, 31]))
                found += bool(names)
                by |= {name: by.get(name, 0) + 1 for name in names}
            listed = ", ".join(f"{name} {count}" for name, count in by.items())
            print(f"| {sku} | {kind} | {options.each} | {found} | {listed} |", flush=True)


def load(sku: str, folder: Path | None) -> Sample:
    """A sample with its splat, fitted now or read from `folder`."""
    photos = true_photos(SHOOTS / sku / "photos", SHOOTS / sku / "truth")
    return Sample(photos, splat_of(SHOOTS / sku, PRESET, photos, folder))


def checked(sample: Sample, kind: str, rng: np.random.Generator) -> list[str]:
    """The names of the checks that fail for a random angle with a planted fault of this kind."""
    splat, view, picture = next(_planted(sample, kind, rng))
    shots = [shot_of(p.rgba, _view(p.name, p, p.cam_from_world), splat) for p in sample.near(view)]
    smudged = smudged_share(picture[..., 3], preset_params(PRESET).side_px / max(picture.shape))
    faults = faults_of(picture, depth_of(splat, view), shots, smudged)
    return [check.name for check in check_faults(faults) if not check.passed]


def _planted(sample: Sample, kind: str, rng: np.random.Generator) -> Iterator[tuple[Splat, View, Rgba]]:
    """Splats, views and pictures with a fault that can be seen."""
    while True:
        lowest, highest = (0, 20) if kind == "spikes" else (5, 35)
        view = sample.view(rng.uniform(0, 360), rng.uniform(lowest, highest))
        clean = _drawn(sample.splat, view)
        if kind == "nothing":
            yield sample.splat, view, clean
        elif kind == "smudge":
            yield sample.splat, view, smudged(clean, rng)
        else:
            splat = spiked(sample.splat, rng) if kind == "spikes" else streaked(sample.splat, view, rng)
            picture = _drawn(splat, view)
            changed = (np.abs(_on_white(picture) - _on_white(clean)).max(axis=-1) > 40).sum()
            if changed > VISIBLE * (clean[..., 3] >= 128).sum():
                yield splat, view, picture


def spiked(splat: Splat, rng: np.random.Generator) -> Splat:
    """Dark spikes that hang from the product's lowest parts."""
    means = splat.gaussians.means[splat.gaussians.opacities > 0.3]
    foot = means[means[:, 2] < np.quantile(means[:, 2], 0.01) + 0.1]
    count = int(rng.integers(3, 12))
    length = rng.uniform(0.08, 0.25, count)
    towards = np.column_stack([rng.normal(0, 0.25, (count, 2)), -np.ones(count)])
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    at = foot[rng.choice(len(foot), count)] + towards * length[:, None]
    return with_lines(splat, at, towards, 0.6 * length, THIN, rng.uniform(0, 0.15))


def streaked(splat: Splat, view: View, rng: np.random.Generator) -> Splat:
    """Black or white streaks just in front of the surface that a view shows."""
    camera, pose = view.camera.scaled(0.25), view.pose
    drawn = straight(planes(splat, camera, pose, 1))
    rows, columns = np.nonzero(drawn.rgba[..., 3] >= 230)
    count = int(rng.integers(3, 10))
    pick = rng.choice(len(rows), count)
    px = np.column_stack([columns[pick], rows[pick]]) + 0.5
    along = drawn.depth[rows[pick], columns[pick]] - 0.06
    flat = (px - (camera.cx_px, camera.cy_px)) / (camera.fx_px, camera.fy_px)
    at = (np.column_stack([flat, np.ones(count)]) * along[:, None] - pose[:3, 3]) @ pose[:3, :3]
    across = np.cross(camera_centre(pose)[None], rng.normal(size=(count, 3)))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    shade = float(rng.choice([0.0, 1.0]))
    return with_lines(splat, at, across, rng.uniform(0.04, 0.15, count), rng.uniform(0.01, 0.02), shade)


def with_lines(splat: Splat, at: F64, towards: F64, length: F64, width: float, shade: float) -> Splat:
    """The splat with opaque gray Gaussians at `at`, drawn out along `towards`."""
    g, count = splat.gaussians, len(at)
    half = np.column_stack([1 + towards[:, 0], np.zeros(count), -towards[:, 2], towards[:, 1]])  # turns x to `towards`
    quats = half / np.maximum(np.linalg.norm(half, axis=1, keepdims=True), 1e-9)
    sh = np.zeros((count, *g.sh.shape[1:]))
    sh[:, 0] = (shade - 0.5) / C0
    scales = np.log(np.column_stack([length, np.full((count, 2), width)]))
    new = (at, scales, quats, np.full(count, 4.0), sh)
    old = (g.means, g.log_scales, g.quats, g.logits, g.sh)
    joined = (np.concatenate([a, np.asarray(b, np.float32)]) for a, b in zip(old, new, strict=True))
    return replace(splat, gaussians=Gaussians(*joined))


def smudged(picture: Rgba, rng: np.random.Generator) -> Rgba:
    """The picture with a part of its outline blurred by 2 to 5 px of the fit."""
    solid = (picture[..., 3] >= 128).astype(np.uint8)
    outline = max(cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)[:, 0]
    x, y = outline[rng.integers(len(outline))]
    rows, columns = np.indices(solid.shape)
    radius = 0.06 * max(solid.shape)
    where = np.clip(3 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * radius**2)), 0, 1)[..., None]
    planar = picture.astype(np.float32)
    planar[..., :3] *= planar[..., 3:] / 255
    sigma = rng.uniform(2, 5) * max(solid.shape) / preset_params(PRESET).side_px
    mixed = planar * (1 - where) + cv2.GaussianBlur(planar, (0, 0), sigma) * where
    mixed[..., :3] /= np.maximum(mixed[..., 3:] / 255, 1e-3)
    return np.asarray(np.clip(mixed, 0, 255).round(), np.uint8)


def _view(name: str, photo: PosedPhoto, pose: F64) -> View:
    azimuth_deg, elevation_deg = azimuth_elevation_deg(camera_centre(pose))
    rows = tuple(tuple(row) for row in pose.tolist())
    return View(
        photo=name, camera=photo.camera, cam_from_world=rows, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg
    )


def _drawn(splat: Splat, view: View) -> Rgba:
    return straight(without_haze(planes(splat, view.camera, view.pose, 1))[0]).rgba


def _on_white(picture: Rgba) -> F64:
    alpha = picture[..., 3:] / 255.0
    return np.asarray(picture[..., :3] * alpha + 255 * (1 - alpha))


if __name__ == "__main__":
    main()
