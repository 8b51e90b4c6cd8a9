"""Train the project's own backdrop checkpoint: `python -m pipeline.diffusion.train --out DIR --minutes 11`.

First the autoencoder on crops of generated scenes, then text encoder and UNet on its latents. CPU minutes decide
how long, and the learning rates follow the same clock: a busy machine trains later, not less. Killed, the same command
goes on where it was: its state lies in DIR/training, the finished pipeline beside it in DIR/pipeline.
"""

from __future__ import annotations

import argparse
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.diffusion.card import TrainingFigures, write_card
from pipeline.diffusion.networks import (
    Widths,
    build_scheduler,
    build_text_encoder,
    build_tokenizer,
    build_unet,
    build_vae,
    save_pipeline,
)
from pipeline.diffusion.training_data import Pool, make_pool, prompt_variant, scene_crops

log = logging.getLogger("train")


@dataclass(frozen=True)
class Recipe:
    """What a training run does; everything but the minutes has the shipped checkpoint's value as default."""

    minutes: float = 11.0
    vae_share: float = 0.163
    scenes: int = 1000
    batch: int = 4
    learning_rate: float = 1e-3
    vae_learning_rate: float = 4e-5  # gentle: its linear start is soon lost to larger steps
    seed: int = 0
    widths: Widths = field(default_factory=Widths)


@dataclass
class Clock:
    """CPU seconds over all sittings of a run, as a fraction of a phase's share."""

    total_seconds: float
    spent_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._mark = time.process_time()

    def tick(self) -> float:
        """Fraction of the phase gone by."""
        now = time.process_time()
        self.spent_seconds += now - self._mark
        self._mark = now
        return self.spent_seconds / self.total_seconds


def train(out: Path, recipe: Recipe) -> TrainingFigures:
    """Train or go on training, and leave the pipeline with its model card in `out`/pipeline."""
    import torch

    torch.manual_seed(recipe.seed)
    state = out / "training"
    state.mkdir(parents=True, exist_ok=True)
    vae, vae_error = _train_vae(state, recipe)
    pool = make_pool(state / "latents.npz", vae, recipe.scenes, recipe.seed)
    vae.register_to_config(scaling_factor=pool.scaling)
    figures = _train_unet(out, recipe, vae, pool, vae_error)
    write_card(out / "pipeline", figures)
    return figures


def _rate(peak: float, fraction: float, step: int) -> float:
    """Warm-up over 50 steps, then half a cosine down to a fiftieth."""
    decay = 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1.0, fraction)))
    return float(peak * decay * min(1.0, (step + 1) / 50))


def _train_vae(state: Path, recipe: Recipe) -> tuple[Any, float]:
    """The autoencoder and its mean absolute error on held-out crops (pixel values 0-255)."""
    import torch

    vae = build_vae(recipe.widths)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=recipe.vae_learning_rate, weight_decay=0.0)
    clock, step, path = Clock(recipe.minutes * 60 * recipe.vae_share), 0, state / "vae.pt"
    if path.exists():
        saved = torch.load(path, weights_only=True)
        vae.load_state_dict(saved["vae"])
        optimizer.load_state_dict(saved["optimizer"])
        clock.spent_seconds, step = saved["seconds"], saved["step"]
    crops = scene_crops(np.random.default_rng([recipe.seed, 1, step]))
    while (fraction := clock.tick()) < 1:
        for group in optimizer.param_groups:
            group["lr"] = _rate(recipe.vae_learning_rate, fraction, step)
        pixels = torch.from_numpy(next(crops))
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(pixels).latent_dist
            painted = vae.decode(posterior.sample()).sample
        loss = _pixel_loss(painted.float(), pixels) + 1e-6 * posterior.kl().float().mean() / 1024
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            log.info("vae step %d, %.0f%%, loss %.4f", step, 100 * fraction, loss.item())
        if step % 200 == 0:
            _save(path, vae=vae.state_dict(), optimizer=optimizer.state_dict(), seconds=clock.spent_seconds, step=step)
    _save(path, vae=vae.state_dict(), optimizer=optimizer.state_dict(), seconds=clock.spent_seconds, step=step)
    held_out = torch.from_numpy(np.concatenate([next(scene_crops(np.random.default_rng(10**6 + i))) for i in range(4)]))
    with torch.no_grad():
        error = (
            vae.decode(vae.encode(held_out).latent_dist.mode()).sample.clamp(-1, 1) - held_out
        ).abs().mean() * 127.5
    return vae.eval().requires_grad_(False), float(error)


def _pixel_loss(painted: Any, pixels: Any) -> Any:
    """L1 on pixels and on their differences: the second keeps grain and seams that the first would average away."""
    across, down = painted.diff(dim=-1) - pixels.diff(dim=-1), painted.diff(dim=-2) - pixels.diff(dim=-2)
    return (painted - pixels).abs().mean() + 0.5 * (across.abs().mean() + down.abs().mean())


def _train_unet(out: Path, recipe: Recipe, vae: Any, pool: Pool, vae_error: float) -> TrainingFigures:
    import torch

    text, unet = build_text_encoder(recipe.widths), build_unet(recipe.widths)
    nets = torch.nn.ModuleDict({"text": text, "unet": unet})
    averaged = torch.optim.swa_utils.AveragedModel(nets, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))
    optimizer = torch.optim.AdamW(nets.parameters(), lr=recipe.learning_rate, weight_decay=0.01)
    clock, step, path = Clock(recipe.minutes * 60 * (1 - recipe.vae_share)), 0, out / "training" / "unet.pt"
    if path.exists():
        saved = torch.load(path, weights_only=True)
        nets.load_state_dict(saved["nets"])
        averaged.load_state_dict(saved["averaged"])
        optimizer.load_state_dict(saved["optimizer"])
        clock.spent_seconds, step = saved["seconds"], saved["step"]
    smooth: Any = averaged.module  # a ModuleDict, which AveragedModel's type does not know
    rng, losses = np.random.default_rng([recipe.seed, 2, step]), [1.0]
    torch.manual_seed(recipe.seed * 1_000_003 + step)
    while (fraction := clock.tick()) < 1:
        for group in optimizer.param_groups:
            group["lr"] = _rate(recipe.learning_rate, fraction, step)
        loss = _latent_loss(text, unet, pool, rng, recipe.batch)
        _descend(optimizer, nets, loss)
        averaged.update_parameters(nets)
        losses = [*losses[-99:], loss.item()]
        step += 1
        if step % 50 == 0:
            log.info("unet step %d, %.0f%%, loss %.4f", step, 100 * fraction, float(np.mean(losses)))
        if step % 200 == 0:
            _save(path, nets=nets.state_dict(), averaged=averaged.state_dict(), optimizer=optimizer.state_dict(),
                  seconds=clock.spent_seconds, step=step)  # fmt: skip
            save_pipeline(out / "pipeline", vae, smooth["text"], smooth["unet"])
    _save(path, nets=nets.state_dict(), averaged=averaged.state_dict(), optimizer=optimizer.state_dict(),
          seconds=clock.spent_seconds, step=step)  # fmt: skip
    save_pipeline(out / "pipeline", vae, smooth["text"], smooth["unet"])
    return TrainingFigures(
        minutes=recipe.minutes, scenes=recipe.scenes, batch=recipe.batch, seed=recipe.seed, steps=step,
        vae_parameters=_count(vae), text_parameters=_count(text), unet_parameters=_count(unet),
        vae_error=round(vae_error, 2), latent_error=round(float(np.mean(losses)), 4),
    )  # fmt: skip


def _descend(optimizer: Any, nets: Any, loss: Any) -> None:
    import torch

    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(nets.parameters(), 1.0)
    optimizer.step()


def _latent_loss(text: Any, unet: Any, pool: Pool, rng: np.random.Generator, batch: int) -> Any:
    """Mean squared error of the predicted clean latents on a batch of scenes, prompts and product masks."""
    import torch

    chosen, shaped = rng.integers(len(pool.latents), size=batch), rng.integers(len(pool.masks), size=batch)
    latents = torch.from_numpy(pool.latents[chosen].astype(np.float32))
    kept = torch.from_numpy(pool.kept[shaped].astype(np.float32))
    mask = torch.from_numpy(pool.masks[shaped].astype(np.float32))
    prompts = [prompt_variant(rng, pool.specs[i]) for i in chosen]
    tokens = _tokenizer()(prompts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    scheduler = _scheduler()
    noise = torch.randn_like(latents)
    steps = (1000 * torch.rand(batch) ** 0.75).long()  # more of much noise: there colour, light and horizon are decided
    noisy = scheduler.add_noise(latents, noise, steps)
    with torch.autocast("cpu", torch.bfloat16):
        states = text(input_ids=tokens).last_hidden_state
        predicted = unet(torch.cat([noisy, mask, kept], 1), steps, states).sample
    return torch.nn.functional.mse_loss(predicted.float(), latents)


_SHARED: dict[str, Any] = {}


def _tokenizer() -> Any:
    return _SHARED.setdefault("tokenizer", build_tokenizer())


def _scheduler() -> Any:
    return _SHARED.setdefault("scheduler", build_scheduler())


def _count(net: Any) -> int:
    return sum(weight.numel() for weight in net.parameters())


def _save(path: Path, **state: Any) -> None:
    """Write beside and rename: a kill while saving leaves the last state whole."""
    import torch

    beside = path.with_suffix(".writing")
    torch.save(state, beside)
    beside.replace(path)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.diffusion.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the training state and the pipeline")
    parser.add_argument(
        "--minutes", type=float, default=11.0, help="CPU minutes over all sittings; making the data comes on top"
    )
    parser.add_argument("--scenes", type=int, default=1000, help="generated scenes; each is also used mirrored")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    import torch

    torch.set_num_threads(asked.threads)
    figures = train(asked.out, Recipe(minutes=asked.minutes, scenes=asked.scenes, seed=asked.seed))
    log.info("done: %s", figures.model_dump_json())


if __name__ == "__main__":
    main()
