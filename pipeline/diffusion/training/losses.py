"""What the networks are held to while they learn: pixels of crops, and clean latents seen through noise."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from pipeline.diffusion.training.data import Pool, prompt_variant
from pipeline.diffusion.training.networks import build_scheduler, build_tokenizer


def pixel_loss(painted: Any, pixels: Any) -> Any:
    """L1 on pixels and on their differences: the second keeps grain and seams that the first would average away."""
    across, down = painted.diff(dim=-1) - pixels.diff(dim=-1), painted.diff(dim=-2) - pixels.diff(dim=-2)
    return (painted - pixels).abs().mean() + 0.5 * (across.abs().mean() + down.abs().mean())


def wrong_by(text: Any, unet: Any, pool: Pool, rng: np.random.Generator, batch: int) -> Any:
    """How far the predicted clean latents [n, c, 32, 32] are off, on a batch of scenes, prompts and product masks."""
    import torch

    chosen, shaped = rng.integers(len(pool.latents), size=batch), rng.integers(len(pool.masks), size=batch)
    latents = torch.from_numpy(pool.latents[chosen].astype(np.float32))
    kept = torch.from_numpy(pool.kept[shaped].astype(np.float32))
    mask = torch.from_numpy(pool.masks[shaped].astype(np.float32))
    prompts = [prompt_variant(rng, pool.specs[i]) for i in chosen]
    tokens = the_tokenizer()(prompts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    scheduler = _scheduler()
    noise = torch.randn_like(latents)
    steps = (1000 * torch.rand(batch) ** 0.5).long()  # more of much noise: there colour, light and horizon are decided
    # A quarter sees nothing but noise. There the prompt alone can tell, and its best answer is the mean of the scenes
    # that it asks for; to learn that from single scenes takes many, for each has its own surface and jitter.
    blind = slice(0, max(1, batch // 4))
    steps[blind] = 999
    latents[blind] = torch.from_numpy(pool.plain[chosen[blind]].astype(np.float32))
    noisy = scheduler.add_noise(latents, noise, steps)
    with torch.autocast("cpu", torch.bfloat16):
        states = text(input_ids=tokens).last_hidden_state
        predicted = unet(torch.cat([noisy, mask, kept], 1), steps, states).sample
    return predicted.float() - latents


def at_all_scales(wrong: Any) -> Any:
    """Mean squared error of latents [n, c, 32, 32], and more of that of its averages.

    4 and 8 times over 4 x 4 and 8 x 8, 16 times over whole rows and columns, 64 times from one row or column to the
    next: where floor meets wall. The best answer is the same as without them, the conditional mean; but light and
    horizon are a small part of the plain error, and drown in that of a surface's structure, which averages out.
    """
    import torch

    side = wrong.shape[-1]
    windows: dict[Any, float] = {4: 4.0, 8: 8.0, (1, side): 16.0, (side, 1): 16.0}
    coarse = [gain * torch.nn.functional.avg_pool2d(wrong, one).square().mean() for one, gain in windows.items()]
    steps = [64.0 * wrong.mean(across).diff(dim=-1).square().mean() for across in (-1, -2)]
    return torch.stack([wrong.square().mean(), *coarse, *steps]).sum()


@cache
def the_tokenizer() -> Any:
    """The closed vocabulary's tokenizer, built once."""
    return build_tokenizer()


@cache
def _scheduler() -> Any:
    return build_scheduler()
