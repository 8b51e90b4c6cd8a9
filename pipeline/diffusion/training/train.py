"""Train the embedded backdrop checkpoint: `python -m pipeline.diffusion.training.train --out DIR --minutes 75`.

The autoencoder is trained first, on crops of generated scenes, starting from a linear one. Then the text encoder learns
its vocabulary, and text encoder and UNet are trained on the autoencoder's latents. The duration and the learning-rate
schedules are in CPU minutes, so that a busy machine trains longer, not less. After an interruption the same command
resumes: its state is in DIR/training, the finished pipeline in DIR/pipeline.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.cpu_clock import CpuClock
from pipeline.core.weights import folder_digest
from pipeline.diffusion.training.acuity import Acuity, acuity_of
from pipeline.diffusion.training.card import TrainingFigures, write_card
from pipeline.diffusion.training.data import Pool, make_pool, scene_crops
from pipeline.diffusion.training.losses import multiscale_loss, pixel_loss, prediction_error, shared_tokenizer
from pipeline.diffusion.training.networks import Widths, build_text_encoder, build_unet, build_vae, fastest_precision
from pipeline.diffusion.training.save import copy_networks, save_pipeline
from pipeline.diffusion.training.warmstart import LinearAutoencoder, transplant
from pipeline.diffusion.training.words import teach_words

log = logging.getLogger("train")


@dataclass(frozen=True)
class TrainingRecipe:
    """The hyperparameters of a training run; the defaults are the shipped checkpoint's."""

    minutes: float = 75.0
    linear_steps: int = 1200
    vae_share: float = 0.07
    word_steps: int = 200
    scenes: int = 2000
    batch: int = 8
    learning_rate: float = 1e-3
    vae_learning_rate: float = 1e-5  # low: larger steps destroy the linear initialisation
    seed: int = 0
    start: Path | None = None  # a checkpoint folder of the same widths to train on from, instead of from scratch
    widths: Widths = field(default_factory=Widths)


def train(out: Path, recipe: TrainingRecipe) -> TrainingFigures:
    """Start or resume training, and write the pipeline with its model card into `out`/pipeline."""
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
    """The learning rate: linear warm-up over 50 steps, then cosine decay to 2% of the peak."""
    decay = 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1.0, fraction)))
    return float(peak * decay * min(1.0, (step + 1) / 50))


def _train_vae(state: Path, recipe: TrainingRecipe) -> Any:
    import torch

    vae = build_vae(recipe.widths)
    if recipe.start is not None:  # its UNet knows the latents of its autoencoder
        copy_networks(recipe.start, vae=vae)
        return vae.eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=recipe.vae_learning_rate, weight_decay=0.0, fused=True)
    clock, step, path = CpuClock(recipe.minutes * 60 * recipe.vae_share), 0, state / "vae.pt"
    if path.exists():
        saved = _load(path, vae=vae, optimizer=optimizer)
        clock.spent_seconds, step = saved["seconds"], saved["step"]
    else:
        linear = LinearAutoencoder(recipe.widths.vae, recipe.widths.latents)
        linear.fit(scene_crops(np.random.default_rng([recipe.seed, 0]), crop_px=64), recipe.linear_steps)
        transplant(linear, vae)
        log.info("initialised from the linear autoencoder: %s", acuity_of(vae))
    crops = scene_crops(np.random.default_rng([recipe.seed, 1, step]), batch=2)
    while (fraction := clock.tick()) < 1:
        for group in optimizer.param_groups:
            group["lr"] = _rate(recipe.vae_learning_rate, fraction, step)
        pixels = torch.from_numpy(next(crops))
        with fastest_precision():
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
class _UNetRun:
    """The training state of text encoder and UNet: networks, their running average, optimizer, progress."""

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
        """Write everything that resuming requires."""
        parts = {name: getattr(self, name).state_dict() for name in ("nets", "averaged", "optimizer")}
        _save(path, **parts, seconds=self.seconds, step=self.step, loss=self.loss)


def _start_or_resume(path: Path, recipe: TrainingRecipe) -> _UNetRun:
    """The state saved at `path`, or a new one with a pretrained text encoder and an untrained UNet."""
    import torch

    text, unet = _untrained(recipe)
    nets = torch.nn.ModuleDict({"text": text, "unet": unet})
    averaged = torch.optim.swa_utils.AveragedModel(nets, multi_avg_fn=_average)
    optimizer = torch.optim.AdamW(
        nets.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    run = _UNetRun(nets, averaged, optimizer)
    if path.exists():
        saved = _load(path, nets=nets, averaged=averaged, optimizer=optimizer)
        run.seconds, run.step, run.losses = saved["seconds"], saved["step"], [saved["loss"]]
    elif recipe.start is not None:
        copy_networks(recipe.start, text_encoder=text, unet=unet)
        averaged.module.load_state_dict(nets.state_dict())
    else:
        accuracy = teach_words(text, unet.add_embedding, shared_tokenizer(), recipe.seed, recipe.word_steps)
        log.info("text encoder pretrained: %.0f%% of the attributes recognised", 100 * accuracy)
    return run


def _average(averaged: Sequence[Any], current: Sequence[Any], count: Any) -> None:
    """Update the running average of the weights: over the last tenth of a short run, over 500 steps in a long one."""
    import torch

    torch._foreach_lerp_(list(averaged), list(current), 1 - min(0.998, (1 + float(count)) / (10 + float(count))))


def _train_unet(out: Path, recipe: TrainingRecipe, vae: Any, pool: Pool, acuity: Acuity) -> TrainingFigures:
    import torch

    path = out / "training" / "unet.pt"
    run = _start_or_resume(path, recipe)
    text, unet, averaged = run.nets["text"], run.nets["unet"], run.averaged.module

    def save() -> None:
        run.save(path)
        save_pipeline(out / "pipeline", vae, averaged["text"], averaged["unet"], acuity)

    rng = np.random.default_rng([recipe.seed, 2, run.step])
    torch.manual_seed(recipe.seed * 1_000_003 + run.step)
    share = 1 - recipe.vae_share if recipe.start is None else 1.0
    clock = CpuClock(recipe.minutes * 60 * share, run.seconds)  # starts here: loading is not training
    while (fraction := clock.tick()) < 1:
        for group in run.optimizer.param_groups:
            group["lr"] = _rate(recipe.learning_rate, fraction, run.step)
        error = prediction_error(text, unet, pool, rng, recipe.batch)
        _optimize(run.optimizer, run.nets, multiscale_loss(error))
        run.averaged.update_parameters(run.nets)
        run.losses = [*run.losses[-99:], error.square().mean().item()]
        run.step, run.seconds = run.step + 1, clock.spent_seconds
        if run.step % 50 == 0:
            log.info("unet step %d, %.0f%%, loss %.4f", run.step, 100 * fraction, run.loss)
        if run.step % 200 == 0:
            save()
    save()
    counts = {"vae_parameters": _count(vae), "text_parameters": _count(text), "unet_parameters": _count(unet)}
    return _figures(recipe, acuity, steps=run.step, latent_error=round(run.loss, 4), **counts)


def _load(path: Path, **parts: Any) -> dict[str, Any]:
    """Restore each part from the state saved at `path`; returns the whole state."""
    import torch

    saved: dict[str, Any] = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return saved


def _figures(recipe: TrainingRecipe, acuity: Acuity, **counts: Any) -> TrainingFigures:
    return TrainingFigures(
        minutes=recipe.minutes, scenes=recipe.scenes, batch=recipe.batch, seed=recipe.seed,
        vae_error=round(acuity.error, 2), resolves_px=acuity.resolves_px, dim_rim_px=acuity.dim_rim_px,
        start_digest=None if recipe.start is None else folder_digest(recipe.start),
        learning_rate=None if recipe.learning_rate == TrainingRecipe.learning_rate else recipe.learning_rate, **counts,
    )  # fmt: skip


def _untrained(recipe: TrainingRecipe) -> tuple[Any, Any]:
    import torch

    torch.manual_seed(recipe.seed + 1)
    text, unet = build_text_encoder(recipe.widths), build_unet(recipe.widths)
    unet.conv_out.weight.data.zero_()  # zero is a better first prediction than noise
    return text, unet


def _optimize(optimizer: Any, nets: Any, loss: Any) -> None:
    import torch

    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(nets.parameters(), 1.0)
    optimizer.step()


def _count(net: Any) -> int:
    return sum(weight.numel() for weight in net.parameters())


def _save(path: Path, **state: Any) -> None:
    """Write atomically: a kill while saving leaves the previous state intact."""
    import torch

    temporary = path.with_suffix(".writing")
    torch.save(state, temporary)
    temporary.replace(path)


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.diffusion.training.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the training state and the pipeline")
    parser.add_argument(
        "--minutes",
        type=float,
        default=TrainingRecipe.minutes,
        help="CPU minutes over all sessions, excluding data generation",
    )
    parser.add_argument(
        "--scenes",
        type=int,
        default=TrainingRecipe.scenes,
        help="number of generated scenes; each is also used mirrored",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="checkpoint folder to train on from; default: from scratch")
    parser.add_argument("--learning-rate", type=float, default=TrainingRecipe.learning_rate)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    import torch

    torch.set_num_threads(options.threads)
    recipe = TrainingRecipe(
        minutes=options.minutes, scenes=options.scenes, seed=options.seed, start=options.start,
        learning_rate=options.learning_rate,
    )  # fmt: skip
    figures = train(options.out, recipe)
    log.info("done: %s", figures.model_dump_json())


if __name__ == "__main__":
    main()
