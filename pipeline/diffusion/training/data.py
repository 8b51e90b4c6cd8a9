"""Training data: crops of scenes for the autoencoder; latents, prompts and product masks for the UNet."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F16, F32
from pipeline.diffusion.scenes.scene import plain_scene, random_spec, render_scene
from pipeline.diffusion.scenes.vocabulary import SYNONYMS, SceneSpec, Side
from pipeline.diffusion.training.networks import LATENT_PX, SIZE_PX, fastest_precision
from pipeline.diffusion.training.products import random_product

OPPOSITE: dict[str, Side] = {"left": "right", "right": "left", "front": "front"}

log = logging.getLogger("train")


@dataclass(frozen=True)
class Pool:
    """Scenes and products encoded by the autoencoder, once.

    `latents` [n, c, 32, 32]: whole scenes, scaled to unit standard deviation, with their `specs`; the mirror image of
    each follows it. `plain` [n, c, 32, 32]: the plain scene of each spec. `masks` [m, 1, 32, 32]: 1 where the backdrop
    is to be painted. `kept` [m, c, 32, 32]: the product in front of mid-grey. `scaling`: the factor that was applied to
    all latents.
    """

    latents: F16
    plain: F16
    specs: tuple[SceneSpec, ...]
    masks: F16
    kept: F16
    scaling: float


def scene_crops(rng: np.random.Generator, batch: int = 8, crop_px: int = 128, shelf: int = 64) -> Iterator[F32]:
    """Endless batches of crops [batch, 3, crop_px, crop_px] in [-1, 1], some of them with a product.

    Rendering a scene takes as long as a training step, so `shelf` scenes are reused and each batch replaces one.
    """
    scenes = [_scene_or_product(rng) for _ in range(shelf)]
    while True:
        scenes[int(rng.integers(shelf))] = _scene_or_product(rng)
        crops = []
        for scene in rng.integers(shelf, size=batch):
            top, left = rng.integers(0, SIZE_PX - crop_px + 1, 2)
            crops.append(scenes[scene][top : top + crop_px, left : left + crop_px])
        yield pixels_of(np.stack(crops))


def _scene_or_product(rng: np.random.Generator) -> NDArray[np.uint8]:
    scene, _ = render_scene(random_spec(rng), int(rng.integers(2**31)))
    if rng.uniform() < 0.15:  # the encoder must also handle products in front of mid-grey
        picture, product = random_product(rng)
        scene = np.where(product[:, :, None], picture, np.uint8(127))
    return scene


def pixels_of(pictures: NDArray[np.uint8]) -> F32:
    """Convert uint8 pictures [n, h, w, 3] to float32 [n, 3, h, w] in [-1, 1]."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32) / np.float32(127.5) - 1


def prompt_variant(rng: np.random.Generator, spec: SceneSpec) -> str:
    """A prompt for the scene: 70% the engine's own sentence (`SceneSpec.prompt`), 10% empty.

    The rest resembles human prompts, with words omitted, replaced by synonyms or reordered, for use without the engine.
    """
    kind = rng.uniform()
    if kind < 0.1:
        return ""
    if kind < 0.8:
        return spec.prompt
    parts = [part for part in spec.prompt.split(", ") if rng.uniform() > 0.05]
    if rng.uniform() < 0.3:
        rng.shuffle(parts)
    words = " , ".join(parts).split()
    swapped = [str(rng.choice(SYNONYMS[word])) if word in SYNONYMS and rng.uniform() < 0.2 else word for word in words]
    return " ".join(word for word in swapped if rng.uniform() > 0.03)


def mirrored_prompt(prompt: str) -> str:
    """The prompt with left and right swapped."""
    return re.sub(r"\b(left|right)\b", lambda side: OPPOSITE[side[0]], prompt)


def make_pool(cache: Path, vae: Any, scenes: int, seed: int) -> Pool:
    """Generate `scenes` scenes and their mirror images and encode them, or read them from the file `cache`."""
    if not cache.exists():
        _encode_pool(cache, vae, scenes, seed)
    with np.load(cache) as saved:
        specs = tuple(SceneSpec.model_validate_json(str(text)) for text in saved["specs"])
        return Pool(saved["latents"], saved["plain"], specs, saved["masks"], saved["kept"], float(saved["scaling"]))


def _encode_pool(cache: Path, vae: Any, scenes: int, seed: int) -> None:
    rng = np.random.default_rng([seed, 3])
    latents, specs = [], []
    for start in range(0, scenes, 16):
        batch = [random_spec(rng) for _ in range(min(16, scenes - start))]
        pictures = np.stack([render_scene(spec, seed * 10**6 + start + i)[0] for i, spec in enumerate(batch)])
        latents.append(_encode_pairs(vae, pictures))
        specs += [each for spec in batch for each in (spec, _mirrored(spec))]
        if start % 80 == 0:
            log.info("encoded %d of %d scenes", start, scenes)
    masks, kept = [], []
    for _ in range(max(8, scenes // 8)):
        picture, product = random_product(rng)
        on_grey = np.where(product[:, :, None], picture, np.uint8(127))
        step = SIZE_PX // LATENT_PX
        masks.append(~product[None, ::step, ::step])  # nearest neighbour, as the pipeline scales its mask
        kept.append(_encode(vae, on_grey[None])[0])
    plain = _plain_latents(vae, specs)
    scene_latents = np.concatenate(latents)
    scaling = 1 / float(scene_latents.std())
    temporary = cache.with_suffix(".writing.npz")
    np.savez(
        temporary,
        latents=(scene_latents * scaling).astype(np.float16),
        plain=(plain * scaling).astype(np.float16),
        specs=np.array([spec.model_dump_json() for spec in specs]),
        masks=np.array(masks, np.float16),
        kept=(np.array(kept) * scaling).astype(np.float16),
        scaling=scaling,
    )
    temporary.replace(cache)


def _mirrored(spec: SceneSpec) -> SceneSpec:
    return spec.model_copy(update={"side": OPPOSITE[spec.side]})


def _plain_latents(vae: Any, specs: list[SceneSpec]) -> F32:
    """The latents of the plain scene of each of `specs`, which are pairs of a scene and its mirror image."""
    firsts = list(dict.fromkeys(specs[::2]))
    pairs = []
    for start in range(0, len(firsts), 16):
        pairs.append(_encode_pairs(vae, np.stack([plain_scene(spec) for spec in firsts[start : start + 16]])))
    both = np.concatenate(pairs)
    return np.concatenate([both[2 * row : 2 * row + 2] for row in map(firsts.index, specs[::2])])


def _encode_pairs(vae: Any, pictures: NDArray[np.uint8]) -> F32:
    """The latents [2n, c, 32, 32] of pictures [n, h, w, 3], each followed by its mirror image's."""
    both = np.stack([pictures, pictures[:, :, ::-1]], axis=1)
    return _encode(vae, both.reshape(-1, *pictures.shape[1:]))


def _encode(vae: Any, pictures: NDArray[np.uint8]) -> F32:
    import torch

    with torch.no_grad(), fastest_precision():
        parts = torch.from_numpy(pixels_of(pictures)).split(4)  # more do not fit into a CPU's cache
        latents = torch.cat([vae.encode(part).latent_dist.mode() for part in parts])
    return np.asarray(latents.float().numpy(), np.float32)
