"""Train the project's own backdrop checkpoint: `python -m pipeline.diffusion.training.train --out DIR --minutes 75`.

First the autoencoder on crops of generated scenes, a linear one to start from; then the text encoder learns its words,
and with the UNet to paint them on the autoencoder's latents. CPU minutes decide
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

from pipeline.diffusion.training.acuity import Acuity, acuity_of
from pipeline.diffusion.training.card import TrainingFigures, write_card
from pipeline.diffusion.training.data import Pool, make_pool, scene_crops
from pipeline.diffusion.training.losses import at_all_scales, pixel_loss, the_tokenizer, wrong_by
from pipeline.diffusion.training.networks import Widths, build_text_encoder, build_unet, build_vae
from pipeline.diffusion.training.save import save_pipeline
from pipeline.diffusion.training.warmstart import LinearAutoencoder, plant
from pipeline.diffusion.training.words import teach_words

log = logging.getLogger("train")


@dataclass(frozen=True)
class Recipe:
    """What a training run does; everything but the minutes has the shipped checkpoint's value as default."""

    minutes: float = 75.0
    linear_steps: int = 1200
    vae_share: float = 0.07
    word_steps: int = 200
    scenes: int = 2000
    batch: int = 8
    learning_rate: float = 1e-3
    vae_learning_rate: float = 1e-5  # gentle: its linear start is soon lost to larger steps
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
    vae = _train_vae(state, recipe)
    acuity = acuity_of(vae)
    log.info("autoencoder: %s", acuity)
    pool = make_pool(state / "latents.npz", vae, recipe.scenes, recipe.seed)
    vae.register_to_config(scaling_factor=pool.scaling)
    figures = _train_unet(out, recipe, vae, pool, acuity)
    write_card(out / "pipeline", figures)
    return figures


def _rate(peak: float, fraction: float, step: int) -> float:
    """Warm-up over 50 steps, then half a cosine down to a fiftieth."""
    decay = 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1.0, fraction)))
    return float(peak * decay * min(1.0, (step + 1) / 50))


def _train_vae(state: Path, recipe: Recipe) -> Any:
    import torch

    vae = build_vae(recipe.widths)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=recipe.vae_learning_rate, weight_decay=0.0, fused=True)
    clock, step, path = Clock(recipe.minutes * 60 * recipe.vae_share), 0, state / "vae.pt"
    if path.exists():
        saved = _resumed(path, vae=vae, optimizer=optimizer)
        clock.spent_seconds, step = saved["seconds"], saved["step"]
    else:
        linear = LinearAutoencoder(recipe.widths.vae, recipe.widths.latents)
        linear.fit(scene_crops(np.random.default_rng([recipe.seed, 0]), crop_px=64), recipe.linear_steps)
        plant(linear, vae)
        log.info("linear autoencoder planted: %s", acuity_of(vae))
    crops = scene_crops(np.random.default_rng([recipe.seed, 1, step]), batch=2)
    while (fraction := clock.tick()) < 1:
        for group in optimizer.param_groups:
            group["lr"] = _rate(recipe.vae_learning_rate, fraction, step)
        pixels = torch.from_numpy(next(crops))
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(pixels).latent_dist
            painted = vae.decode(posterior.sample()).sample
        loss = pixel_loss(painted.float(), pixels) + 1e-6 * posterior.kl().float().mean() / pixels.shape[0] / 1024
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
    return vae.eval().requires_grad_(False)


@dataclass
class _Painting:
    """The text encoder and the UNet in training, their running average, and where the run is."""

    nets: Any
    averaged: Any
    optimizer: Any
    seconds: float = 0.0
    step: int = 0
    losses: list[float] = field(default_factory=lambda: [1.0])

    @property
    def loss(self) -> float:
        """Mean squared error of the last 100 steps."""
        return float(np.mean(self.losses))

    def save(self, path: Path) -> None:
        """All that a later sitting needs."""
        parts = {name: getattr(self, name).state_dict() for name in ("nets", "averaged", "optimizer")}
        _save(path, **parts, seconds=self.seconds, step=self.step, loss=self.loss)


def _begin_painting(path: Path, recipe: Recipe) -> _Painting:
    """As `path` left it, or with words taught and nothing painted yet."""
    import torch

    text, unet = _untrained(recipe)
    nets = torch.nn.ModuleDict({"text": text, "unet": unet})
    averaged = torch.optim.swa_utils.AveragedModel(nets, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    optimizer = torch.optim.AdamW(
        nets.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    painting = _Painting(nets, averaged, optimizer)
    if path.exists():
        saved = _resumed(path, nets=nets, averaged=averaged, optimizer=optimizer)
        painting.seconds, painting.step, painting.losses = saved["seconds"], saved["step"], [saved["loss"]]
    else:
        read = teach_words(text, unet.add_embedding, the_tokenizer(), recipe.seed, recipe.word_steps)
        log.info("words taught: %.0f%% of the attributes read", 100 * read)
    return painting


def _train_unet(out: Path, recipe: Recipe, vae: Any, pool: Pool, acuity: Acuity) -> TrainingFigures:
    import torch

    path = out / "training" / "unet.pt"
    now = _begin_painting(path, recipe)
    text, unet, smooth = now.nets["text"], now.nets["unet"], now.averaged.module

    def keep() -> None:
        now.save(path)
        save_pipeline(out / "pipeline", vae, smooth["text"], smooth["unet"], acuity)

    rng = np.random.default_rng([recipe.seed, 2, now.step])
    torch.manual_seed(recipe.seed * 1_000_003 + now.step)
    clock = Clock(recipe.minutes * 60 * (1 - recipe.vae_share), now.seconds)  # from here: loading is no training
    while (fraction := clock.tick()) < 1:
        for group in now.optimizer.param_groups:
            group["lr"] = _rate(recipe.learning_rate, fraction, now.step)
        wrong = wrong_by(text, unet, pool, rng, recipe.batch)
        _descend(now.optimizer, now.nets, at_all_scales(wrong))
        now.averaged.update_parameters(now.nets)
        now.losses = [*now.losses[-99:], wrong.square().mean().item()]
        now.step, now.seconds = now.step + 1, clock.spent_seconds
        if now.step % 50 == 0:
            log.info("unet step %d, %.0f%%, loss %.4f", now.step, 100 * fraction, now.loss)
        if now.step % 200 == 0:
            keep()
    keep()
    counts = {"vae_parameters": _count(vae), "text_parameters": _count(text), "unet_parameters": _count(unet)}
    return _figures(recipe, acuity, steps=now.step, latent_error=round(now.loss, 4), **counts)


def _resumed(path: Path, **parts: Any) -> dict[str, Any]:
    """Bring each part back to where `path` left it; the whole that was saved."""
    import torch

    saved: dict[str, Any] = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return saved


def _figures(recipe: Recipe, acuity: Acuity, **found: Any) -> TrainingFigures:
    return TrainingFigures(
        minutes=recipe.minutes, scenes=recipe.scenes, batch=recipe.batch, seed=recipe.seed,
        vae_error=round(acuity.error, 2), resolves_px=acuity.resolves_px, dim_rim_px=acuity.dim_rim_px, **found,
    )  # fmt: skip


def _untrained(recipe: Recipe) -> tuple[Any, Any]:
    import torch

    torch.manual_seed(recipe.seed + 1)
    text, unet = build_text_encoder(recipe.widths), build_unet(recipe.widths)
    unet.conv_out.weight.data.zero_()  # nothing is a better first guess at a picture than its noise
    return text, unet


def _descend(optimizer: Any, nets: Any, loss: Any) -> None:
    import torch

    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(nets.parameters(), 1.0)
    optimizer.step()


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
    parser = argparse.ArgumentParser(prog="python -m pipeline.diffusion.training.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the training state and the pipeline")
    parser.add_argument(
        "--minutes",
        type=float,
        default=Recipe.minutes,
        help="CPU minutes over all sittings; making the data comes on top",
    )
    parser.add_argument(
        "--scenes", type=int, default=Recipe.scenes, help="generated scenes; each is also used mirrored"
    )
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
