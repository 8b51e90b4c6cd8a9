"""Train the embedded network: `python -m pipeline.imaging.enlarging.training.train --photos DIR --out DIR`.

DIR of photos holds the files that `photographs.yaml` lists, from the packages that it names. Minutes are CPU minutes of
one core. After an interruption the same command resumes from its state in OUT; the finished network is in
OUT/checkpoint, with its model card.
"""

import argparse
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.core.arrays import Rgb
from pipeline.core.cpu_clock import CpuClock
from pipeline.imaging.enlarging.embedded import load_network
from pipeline.imaging.enlarging.network import BLOCKS, WIDTH, Doubler, untrained
from pipeline.imaging.enlarging.training.card import figures_of, save_network, write_card
from pipeline.imaging.enlarging.training.data import listed, pairs, read_photographs

log = logging.getLogger("train")


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training run; the defaults are the shipped network's."""

    minutes: float = 40.0
    batch: int = 8
    crop_px: int = 96
    fourfold_share: float = 0.4  # of the steps, in which the network is applied twice
    learning_rate: float = 1e-3
    seed: int = 0
    width: int = WIDTH
    blocks: int = BLOCKS


@dataclass
class Run:
    """The state of a training run."""

    net: Doubler
    optimizer: Any
    seconds: float = 0.0
    step: int = 0
    losses: list[float] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """Mean absolute error of the last 200 steps, of 1."""
        return float(np.mean(self.losses[-200:])) if self.losses else 0.0

    def save(self, path: Path) -> None:
        """Write what resuming requires; a kill while writing leaves the former state intact."""
        parts = {name: getattr(self, name).state_dict() for name in ("net", "optimizer")}
        temporary = path.with_suffix(".writing")
        torch.save({**parts, "seconds": self.seconds, "step": self.step, "losses": self.losses[-200:]}, temporary)
        temporary.replace(path)


def train(photographs: list[Rgb], out: Path, recipe: Recipe) -> Run:
    """Start or resume training, until the CPU time is spent."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "state.pt"
    run = _start_or_resume(path, recipe)
    rng = np.random.default_rng([recipe.seed, run.step])
    batches = {
        scale: pairs(
            photographs, np.random.default_rng([recipe.seed, scale, run.step]), scale, recipe.crop_px, recipe.batch
        )
        for scale in (2, 4)
    }
    clock = CpuClock(recipe.minutes * 60, run.seconds)
    while (fraction := clock.tick()) < 1:
        for group in run.optimizer.param_groups:
            group["lr"] = _rate(recipe.learning_rate, fraction, run.step)
        _step(run, batches, 4 if rng.uniform() < recipe.fourfold_share else 2)
        run.seconds = clock.spent_seconds
        if run.step % 50 == 0:
            log.info("step %d, %.0f%%, mean error %.5f", run.step, 100 * fraction, run.loss)
            run.save(path)
    run.save(path)
    return run


def finish(run: Run, photos: Path, folder: Path, recipe: Recipe) -> None:
    """Write the network as it will be used, in half precision, and its card with the figures of that."""
    save_network(folder, run.net, recipe.width, recipe.blocks)
    net = load_network(folder)
    tested = zip(listed("test"), read_photographs(photos, "test"), strict=True)
    figures = [row for entry, photograph in tested for row in figures_of(net, entry.file, photograph)]
    write_card(folder, figures, net, planned=recipe.minutes, spent=run.seconds / 60, steps=run.step)


def _step(run: Run, batches: Any, scale: int) -> None:
    pair = next(batches[scale])
    made = run.net(torch.from_numpy(pair.small).contiguous(memory_format=torch.channels_last))
    if scale == 4:
        made = run.net(made)
    loss = (made - torch.from_numpy(pair.large)).abs().mean()
    run.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.net.parameters(), 0.5)
    run.optimizer.step()
    run.losses.append(loss.item())
    run.step += 1


def _start_or_resume(path: Path, recipe: Recipe) -> Run:
    net = untrained(recipe.seed, recipe.width, recipe.blocks).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
    run = Run(net, torch.optim.Adam(net.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99)))
    if path.exists():
        saved = torch.load(path, weights_only=True)
        for name in ("net", "optimizer"):
            getattr(run, name).load_state_dict(saved[name])
        run.seconds, run.step, run.losses = saved["seconds"], saved["step"], saved["losses"]
    return run


def _rate(peak: float, fraction: float, step: int) -> float:
    """The learning rate: linear warm-up over 100 steps, then cosine decay to 1% of the peak."""
    decay = 0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * min(1.0, fraction)))
    return float(peak * decay * min(1.0, (step + 1) / 100))


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.imaging.enlarging.training.train", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with the listed photographs")
    parser.add_argument("--out", type=Path, required=True, help="folder for the training state and the checkpoint")
    parser.add_argument("--minutes", type=float, default=Recipe.minutes, help="CPU minutes over all sessions")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    recipe = Recipe(options.minutes, seed=options.seed)
    run = train(read_photographs(options.photos, "training"), options.out, recipe)
    log.info("trained: %d steps, mean error %.5f", run.step, run.loss)
    finish(run, options.photos, options.out / "checkpoint", recipe)


if __name__ == "__main__":
    main()
