"""Measures how well the checks `likeness` and `weakest_part` tell good fits of the samples from damaged ones.

    python -m benchmarks.likeness [--splats FOLDER] [--shoots tee-001 mug-001] [--damage none blur-1.5 ...]

Fits each sample with its true poses and mattes and the preset `demo` (`--splats` keeps the fits, as `benchmarks.render`
does), damages the splat or the poses, and compares pictures drawn from the places of three photos, that neither the fit
nor the detail has seen, with these photos. Prints a Markdown table.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.render import HELD_OUT, ROOT, splat_of
from benchmarks.splat_shoot import true_photos
from pipeline.core.arrays import F64, Mask
from pipeline.core.domain import angle_between_deg, camera_centre
from pipeline.splatting.detail.lay import PHOTOS
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.likeness import compare

DAMAGE = (
    "none",
    "blur-1.25",
    "blur-1.5",
    "blur-2.5",
    "removed-0.1",
    "hole-0.1",
    "hole-0.02",
    "poses-0.25",
    "poses-0.5",
)
HEAD = "| shoot | damage | photo | SSIM | weakest part | splat alone | photographed | CPU s |\n" + "|---" * 8 + "|"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=Path)
    parser.add_argument("--shoots", nargs="+", default=["tee-001", "mug-001"])
    parser.add_argument("--damage", nargs="+", default=list(DAMAGE), help="what is done, and how much")
    options = parser.parse_args()
    print(HEAD)
    for sku in options.shoots:
        shoot = ROOT / "examples" / "collection" / sku
        photos = true_photos(shoot / "photos", shoot / "truth")
        splat = splat_of(shoot, "demo", photos, options.splats)
        for damage in options.damage:
            for name in HELD_OUT:
                print(f"| {sku} | {damage} | {name} | {row(splat, photos, name, damage)} |", flush=True)


def row(splat: Splat, photos: list[PosedPhoto], name: str, damage: str) -> str:
    """The figures of one photo."""
    kind, _, amount = damage.partition("-")
    posed = turned(photos, float(amount)) if kind == "poses" else photos
    (judge,) = (photo for photo in posed if photo.name == name)
    towards = camera_centre(judge.cam_from_world)
    faulty = damaged(splat, kind, float(amount or 0), towards)
    near = sorted(
        (photo for photo in posed if photo.name not in HELD_OUT),
        key=lambda photo: angle_between_deg(camera_centre(photo.cam_from_world), towards),
    )
    began = time.process_time()
    done = compare(faulty, judge, near[:PHOTOS])
    seconds = time.process_time() - began
    shares = f"{done.splat_ssim:.3f} | {done.photographed:.0%} | {seconds:.1f}"
    return f"{done.ssim:.3f} | {done.weakest:.3f} | {shares}"


def damaged(splat: Splat, kind: str, amount: float, towards: F64) -> Splat:
    """The splat with Gaussians that are larger (`blur`), fewer (`removed`), or missing around a spot (`hole`)."""
    g = splat.gaussians
    if kind == "blur":
        return replace(splat, gaussians=replace(g, log_scales=g.log_scales + np.float32(np.log(amount))))
    if kind == "removed":
        return kept(splat, np.random.default_rng(31).random(len(g)) >= amount)
    if kind == "hole":
        ahead = g.means @ (towards / np.linalg.norm(towards))
        across = g.means - ahead[:, None] * towards / np.linalg.norm(towards)
        front = np.flatnonzero(ahead > np.quantile(ahead, 0.8))
        spot = front[np.linalg.norm(across[front], axis=1).argmin()]
        away = np.linalg.norm(g.means - g.means[spot], axis=1)
        return kept(splat, away >= np.quantile(away, amount))
    return splat


def kept(splat: Splat, keep: Mask) -> Splat:
    """The splat with some of its Gaussians."""
    g = splat.gaussians
    fields = (g.means, g.log_scales, g.quats, g.logits, g.sh)
    return replace(splat, gaussians=Gaussians(*(field[keep] for field in fields)))


def turned(photos: list[PosedPhoto], degrees: float) -> list[PosedPhoto]:
    """The photos with poses turned about the product's middle by so many degrees, each about an axis of its own."""
    rng, out = np.random.default_rng(7), []
    for photo in photos:
        axis = rng.normal(size=3)
        turn = np.eye(4)
        turn[:3, :3] = cv2.Rodrigues(axis / np.linalg.norm(axis) * np.radians(degrees))[0]
        out.append(replace(photo, cam_from_world=photo.cam_from_world @ turn))
    return out


if __name__ == "__main__":
    main()
