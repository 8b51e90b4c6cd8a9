"""The training losses: reconstructed pixels of crops, and predicted clean latents."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from pipeline.diffusion.training.data import Pool, mirrored_prompt, prompt_variant
from pipeline.diffusion.training.networks import build_scheduler, build_tokenizer, fastest_precision


def pixel_loss(painted: Any, pixels: Any) -> Any:
    """L1 on pixels and on their finite differences; the latter preserves grain and seams that L1 averages away."""
    across, down = painted.diff(dim=-1) - pixels.diff(dim=-1), painted.diff(dim=-2) - pixels.diff(dim=-2)
    return (painted - pixels).abs().mean() + 0.5 * (across.abs().mean() + down.abs().mean())


def prediction_error(text: Any, unet: Any, pool: Pool, rng: np.random.Generator, batch: int) -> Any:
    """Predicted minus true clean latents [batch, c, 32, 32], on a batch of random scenes, prompts and product masks.

    The batch, of an even size, consists of pairs: a scene and its mirror image, with the same mask, time step and
    noise. They differ in the word for the light's side only, which is learned from nothing else.
    """
    import torch

    pairs = batch // 2
    first = 2 * rng.integers(len(pool.latents) // 2, size=pairs)
    chosen, shaped = np.stack([first, first + 1], axis=1).ravel(), rng.integers(len(pool.masks), size=pairs).repeat(2)
    latents = torch.from_numpy(pool.latents[chosen].astype(np.float32))
    kept = torch.from_numpy(pool.kept[shaped].astype(np.float32))
    mask = torch.from_numpy(pool.masks[shaped].astype(np.float32))
    asked = [prompt_variant(rng, pool.specs[i]) for i in chosen[::2]]
    prompts = [prompt for one in asked for prompt in (one, mirrored_prompt(one))]
    tokens = shared_tokenizer()(prompts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    scheduler = _scheduler()
    noise = torch.randn_like(latents[::2]).repeat_interleave(2, dim=0)
    # favours high noise, which decides colour, light and horizon
    steps = (1000 * torch.rand(pairs) ** 0.5).long().repeat_interleave(2)
    # A quarter of the batch is pure noise. The best prediction from the prompt alone is the mean of its scenes, and it
    # takes many single scenes to learn that mean, because each has its own surface and jitter.
    blind = slice(0, max(2, batch // 4))
    steps[blind] = 999
    latents[blind] = torch.from_numpy(pool.plain[chosen[blind]].astype(np.float32))
    noisy = scheduler.add_noise(latents, noise, steps)
    with fastest_precision():
        states = text(input_ids=tokens).last_hidden_state
        predicted = unet(torch.cat([noisy, mask, kept], 1), steps, states).sample
    return predicted.float() - latents


def multiscale_loss(error: Any) -> Any:
    """Mean squared error of latents [n, c, 32, 32], plus weighted squared errors of their averages.

    The weights are 4 and 8 for averages over 4 x 4 and 8 x 8, 16 for whole rows and columns, and 64 for differences
    between adjacent rows or columns, where floor meets wall. The minimum stays the conditional mean, but light and
    horizon are a small part of the plain error and would be lost in the surface's structure, which averages out.
    """
    import torch

    side = error.shape[-1]
    windows: dict[Any, float] = {4: 4.0, 8: 8.0, (1, side): 16.0, (side, 1): 16.0}
    coarse = [gain * torch.nn.functional.avg_pool2d(error, window).square().mean() for window, gain in windows.items()]
    steps = [64.0 * error.mean(across).diff(dim=-1).square().mean() for across in (-1, -2)]
    return torch.stack([error.square().mean(), *coarse, *steps]).sum()


@cache
def shared_tokenizer() -> Any:
    """The closed vocabulary's tokenizer, built once."""
    return build_tokenizer()


@cache
def _scheduler() -> Any:
    return build_scheduler()
