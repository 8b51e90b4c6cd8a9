"""Measures how accurately a backdrop checkpoint follows its prompts, and how fast it paints.

    python -m benchmarks.diffusion [--checkpoint DIR] [--strengths 1 0.3] [--pictures 60] [--scenes 1000]

Linear classifiers are fitted on generated scenes that training has not seen (with seeds outside its range); held-out
scenes give the upper bound (`ceiling`). The classifiers are then applied to the pictures as the model painted them
(256 px), to the enlarged pictures, and to the pictures of a zeroed UNet, which must fail. Prints one JSON line.
`benchmarks.diffusion_sheet` draws the pictures.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.diffusion.painting.engine import DiffusersEngine, PaintRequest
from pipeline.diffusion.painting.loading import load_engine
from pipeline.diffusion.scenes.scene import linear_from_srgb, random_spec, render_scene
from pipeline.diffusion.scenes.vocabulary import ATTRIBUTES, COLOURS, SceneSpec
from pipeline.diffusion.training.products import random_product

Rgb = NDArray[np.uint8]
UNSEEN = 10**9  # training uses seeds below


def structure(picture: Rgb) -> NDArray[np.float64]:
    """Features of a surface: strength, direction, skewness and kurtosis of detail at four scales, in three bands."""
    luma = np.log(linear_from_srgb(picture).mean(2) + 0.02)
    features: list[float] = []
    for _ in range(4):
        low = cv2.GaussianBlur(luma, (0, 0), 1.5)
        fine = luma - low
        across, down = np.diff(luma, axis=1), np.diff(luma, axis=0)
        for band in np.array_split(np.arange(luma.shape[0] - 1), 3):
            part = fine[band]
            spread = part.std() + 1e-6
            features += [np.log(spread), ((part / spread) ** 3).mean(), np.log(((part / spread) ** 4).mean())]
            features += [np.log(across[band].std() + 1e-6) - np.log(down[band].std() + 1e-6)]
        luma = cv2.resize(low, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    chroma = picture.astype(float) - picture.mean(2, keepdims=True)
    features += [np.log((chroma - cv2.GaussianBlur(chroma, (0, 0), 4)).std() + 1e-3)]
    return np.nan_to_num(np.array(features))


def light(picture: Rgb) -> NDArray[np.float64]:
    """Log brightness of 4 x 6 fields relative to the picture's mean, [24]."""
    luma = linear_from_srgb(picture).mean(2) + 0.005
    return np.log(cv2.resize(luma, (6, 4), interpolation=cv2.INTER_AREA) / luma.mean()).ravel().astype(np.float64)


def rows(picture: Rgb) -> NDArray[np.float64]:
    """Log brightness of 24 rows relative to the mean, and the colour and detail of each, [96]."""
    luma = linear_from_srgb(picture).mean(2) + 0.02
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    fine = np.abs(np.diff(np.log(luma), axis=1)).mean(1)
    bands = [np.log(luma).mean(1), lab[..., 1].mean(1), lab[..., 2].mean(1), np.log(fine + 1e-4)]
    reduced = [cv2.resize(band[:, None], (1, 24), interpolation=cv2.INTER_AREA).ravel() for band in bands]
    return np.concatenate([band - band.mean() for band in reduced]).astype(np.float64)


def horizon_frac(picture: Rgb) -> float:
    """Height above the bottom of the strongest brightness step between rows, 0 to 1."""
    rows = np.log(linear_from_srgb(picture).mean(2) + 0.02).mean(1)
    smooth = np.convolve(np.pad(rows, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    step = np.abs(smooth[8:] - smooth[:-8])[10:-10]
    return float(1 - (step.argmax() + 14) / len(rows))


def stray(picture: Rgb) -> float:
    """The largest (99th percentile) Lab difference between the picture and a smooth scene.

    The smooth scene is a polynomial over the picture plus one over the floor, fitted after averaging out texture.
    """
    lab = cv2.cvtColor(cv2.GaussianBlur(picture.astype(np.float32) / 255, (0, 0), 6), cv2.COLOR_RGB2LAB)[::4, ::4]
    h, w = lab.shape[:2]
    y, x = (axis.ravel() / h for axis in np.mgrid[0:h, 0:w])
    plane = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y, x**3, y**3], axis=1)
    floor = (y > 1 - horizon_frac(picture))[:, None]
    design = np.hstack([plane, plane[:, :6] * floor])
    pixels = lab.reshape(-1, 3).astype(np.float64)
    residual = np.linalg.norm(pixels - design @ np.linalg.lstsq(design, pixels, rcond=None)[0], axis=1).reshape(h, w)
    return float(np.percentile(residual, 99))


def linear_classifier(features: NDArray[np.float64], labels: NDArray[np.int64]) -> Callable[[Any], NDArray[np.int64]]:
    """Fit a classifier by ridge regression onto one-hot classes."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    design = np.c_[_squared((features - mean) / spread), np.ones(len(features))]
    targets = np.eye(labels.max() + 1)[labels]
    weights = np.linalg.solve(design.T @ design + 3.0 * np.eye(design.shape[1]), design.T @ targets)

    def classify(other: NDArray[np.float64]) -> NDArray[np.int64]:
        scaled = np.clip((other - mean) / spread, -4, 4)
        return np.asarray((np.c_[_squared(scaled), np.ones(len(other))] @ weights).argmax(1), np.int64)

    return classify


def _squared(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.c_[x, x**2]


class Judge:
    """Classifies material, light side and horizon (five words); fitted on generated scenes that training never saw."""

    def __init__(self, scenes: int) -> None:
        rng = np.random.default_rng(5)
        specs = [random_spec(rng) for _ in range(scenes)]
        pictures = [render_scene(spec, UNSEEN + i)[0] for i, spec in enumerate(specs)]
        split = scenes * 4 // 5
        self.material = linear_classifier(
            np.stack([structure(picture) for picture in pictures[:split]]), _index(specs[:split], "material")
        )
        self.side = linear_classifier(
            np.stack([light(picture) for picture in pictures[:split]]), _index(specs[:split], "side")
        )
        self.horizon = linear_classifier(
            np.stack([rows(picture) for picture in pictures[:split]]), _index(specs[:split], "horizon")
        )
        self.max_stray = float(np.percentile([stray(picture) for picture in pictures[:split]], 99))
        self.ceiling = self.figures(specs[split:], pictures[split:])
        self.objects_noticed = self._noticed(pictures[split:])

    def _noticed(self, pictures: list[Rgb]) -> float:
        """The share of random products detected in unseen scenes: the sensitivity of `no_second_object`."""
        rng, detected = np.random.default_rng(7), []
        for picture in pictures:
            other, mask = random_product(rng)
            if mask.mean() > 0.01:
                detected.append(stray(np.where(mask[:, :, None], other, picture)) > self.max_stray)
        return round(float(np.mean(detected)), 3)

    def figures(self, specs: list[SceneSpec], pictures: list[Rgb]) -> dict[str, float]:
        """The accuracies, 0 to 1. A second object means a larger `stray` than 99% of the generator's scenes."""
        small = [
            picture if picture.shape[0] == 256 else cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
            for picture in pictures
        ]
        materials = self.material(np.stack([structure(picture) for picture in small]))
        sides = self.side(np.stack([light(picture) for picture in small]))
        horizons = self.horizon(np.stack([rows(picture) for picture in small]))
        colours = [_nearest_colour(picture) == spec.colour for spec, picture in zip(specs, small, strict=True)]
        return {
            "material": round(float((materials == _index(specs, "material")).mean()), 3),
            "light_side": round(float((sides == _index(specs, "side")).mean()), 3),
            "horizon": round(float((horizons == _index(specs, "horizon")).mean()), 3),
            "colour": round(float(np.mean(colours)), 3),
            "no_second_object": round(float(np.mean([stray(picture) <= self.max_stray for picture in small])), 3),
        }


def _nearest_colour(picture: Rgb) -> str:
    """The vocabulary's colour nearest to the picture's mean in Lab, with half the weight on lightness."""
    mean = np.asarray(picture, np.float64).mean((0, 1)).astype(np.uint8)
    swatches = np.array([mean, *COLOURS.values()], np.uint8)[None]
    lab = cv2.cvtColor(swatches.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0] * (0.5, 1, 1)
    return list(COLOURS)[int(np.linalg.norm(lab[1:] - lab[0] + (0.5 * 8, 0, 0), axis=1).argmin())]


def _index(specs: list[SceneSpec], attribute: str) -> NDArray[np.int64]:
    return np.array([ATTRIBUTES[attribute].index(getattr(spec, attribute)) for spec in specs])


def paint_all(engine: DiffusersEngine, specs: list[SceneSpec], request: PaintRequest) -> tuple[list[Rgb], list[Rgb]]:
    """Paint every spec; returns the raw and the enlarged pictures."""
    painted = [engine.paint(replace(request, prompt=spec.prompt, seed=1000 + seed)) for seed, spec in enumerate(specs)]
    return [result.native for result in painted], [result.rgb for result in painted]


def seconds_per_asset(engine: DiffusersEngine, request: PaintRequest, size_px: int, count: int = 4) -> float:
    """Median wall seconds for one backdrop of `size_px`, including enlarging."""
    seconds = []
    for seed in range(count):
        began = time.perf_counter()
        engine.paint(replace(request, prompt="tan wood, low horizon", width_px=size_px, height_px=size_px, seed=seed))
        seconds.append(time.perf_counter() - began)
    return round(float(np.median(seconds)), 2)


def main() -> None:
    """Measure and print the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", default="embedded")
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, help="default: the checkpoint's own")
    parser.add_argument("--strengths", type=float, nargs="+", help="default: 1 and the checkpoint's own")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    engine, judge, rng = load_engine(options.checkpoint), Judge(options.scenes), np.random.default_rng(6)
    own = engine.facts
    specs = [random_spec(rng) for _ in range(options.pictures)]
    request = PaintRequest(
        prompt="", width_px=512, height_px=512, seed=0, steps=options.steps, guidance=options.guidance or own.guidance
    )
    figures: dict[str, Any] = {
        "steps": options.steps, "guidance": request.guidance, "pictures": options.pictures,
        "ceiling": judge.ceiling, "objects_noticed": judge.objects_noticed,
    }  # fmt: skip
    for strength in options.strengths or (1.0, own.strength):
        at = replace(request, strength=strength)
        raw, large = paint_all(engine, specs, at)
        figures[f"strength {strength:g}"] = {
            "raw": judge.figures(specs, raw),
            "enlarged": judge.figures(specs, large),
            "seconds_1600_px": seconds_per_asset(engine, at, 1600),
        }
    with torch.no_grad():
        for weight in engine.pipe.unet.parameters():
            weight.zero_()
    figures["zeroed_unet"] = judge.figures(specs, paint_all(engine, specs, replace(request, steps=2))[0])
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
