"""Train an embedded network: `python -m pipeline.imaging.enlarging.training.train --photos DIR --out DIR --factor 2`.

DIR of photos holds the files that `photographs.yaml` lists, from the packages that it names. Minutes are CPU minutes of
one core. After an interruption the same command resumes from its state in OUT, and with other minutes it ends sooner or
later. The finished networks are in OUT/checkpoint, with their model card.
"""

import argparse
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.core.arrays import Rgb
from pipeline.core.cpu_clock import CpuClock
from pipeline.imaging.enlarging.embedded import load_network
from pipeline.imaging.enlarging.network import SIZES, Enlarger
from pipeline.imaging.enlarging.training.card import made_of, save_network, write_card
from pipeline.imaging.enlarging.training.data import Pair, View, pairs, read_photographs, views
from pipeline.imaging.enlarging.training.muon import Muon
from pipeline.imaging.enlarging.training.start import begun

log = logging.getLogger("train")


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training run; the defaults are the shipped networks'."""

    factor: int
    minutes: float = 20.0
    batch: int = 4  # few crops and many steps: these networks learn most by that in so little time
    small_px: int = 36  # side of a crop of the small picture
    convolutions_rate: float = 0.002  # of Muon, for the blocks' weights; it falls linearly to zero
    other_rate: float = 3e-4  # of Adam, for the rest; likewise
    seed: int = 0
    size: tuple[int, int] | None = None  # features and blocks; default: SIZES of the factor


@dataclass
class Run:
    """The state of a training run."""

    net: Enlarger
    muon: Any
    adam: Any
    seconds: float = 0.0
    step: int = 0
    losses: list[float] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """Root of the mean square error of the last 200 steps, of 1."""
        return float(np.mean(self.losses[-200:])) if self.losses else 0.0

    def save(self, path: Path) -> None:
        """Write what resuming requires; a kill while writing leaves the former state intact."""
        parts = {name: getattr(self, name).state_dict() for name in ("net", "muon", "adam")}
        temporary = path.with_suffix(".writing")
        torch.save({**parts, "seconds": self.seconds, "step": self.step, "losses": self.losses[-200:]}, temporary)
        temporary.replace(path)


def train(photographs: list[Rgb], out: Path, recipe: Recipe, before: Enlarger | None = None) -> Run:
    """Start, at the features of `before`, or resume training, until the CPU time is spent."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"x{recipe.factor}.pt"
    seen = views(photographs, recipe.factor, np.random.default_rng(recipe.seed))
    run = _start_or_resume(path, recipe, seen, before)
    rng = np.random.default_rng([recipe.seed, run.step])
    batches = pairs(seen, rng, recipe.factor, recipe.small_px, recipe.batch)
    clock = CpuClock(recipe.minutes * 60, run.seconds)
    while (fraction := clock.tick()) < 1:
        share = min((run.step + 1) / 100, 1 - fraction)
        _step(run, next(batches), recipe, share)
        run.seconds = clock.spent_seconds
        if run.step % 100 == 0:
            log.info("step %d, %.0f%%, error %.5f", run.step, 100 * fraction, run.loss)
            run.save(path)
    run.save(path)
    return run


def finish(run: Run, photos: Path, folder: Path, start: Path | None = None) -> None:
    """Write the network as it will be used, in half precision, and the card with the figures of that."""
    made = {"minutes": f"{run.seconds / 60:.1f}", "steps": str(run.step)}
    begun_at = {} if start is None else {"start": made_of(start)}
    save_network(folder, run.net, {**made, **begun_at, "date": datetime.now(UTC).date().isoformat()})
    write_card(folder, photos)


def _step(run: Run, pair: Pair, recipe: Recipe, share: float) -> None:
    """One step, at a share of the rates."""
    for optimizer, rate in ((run.muon, recipe.convolutions_rate), (run.adam, recipe.other_rate)):
        optimizer.param_groups[0]["lr"] = rate * share
    made = run.net(torch.from_numpy(pair.small).contiguous(memory_format=torch.channels_last))
    squares = (made - torch.from_numpy(pair.large)).square().mean((1, 2, 3))
    loss = (squares + 1e-6).sqrt().mean()  # by crop, so that a rough one does not outweigh all others
    run.net.zero_grad()
    loss.backward()
    run.muon.step()
    run.adam.step()
    run.losses.append(loss.item())
    run.step += 1


def _start_or_resume(path: Path, recipe: Recipe, seen: list[View], before: Enlarger | None) -> Run:
    first = pairs(seen, np.random.default_rng(recipe.seed), recipe.factor, recipe.small_px, recipe.batch)
    torch.manual_seed(recipe.seed)
    net = begun(Enlarger(recipe.factor, *(recipe.size or SIZES[recipe.factor])), first, before)
    blocks = [weight for weight in net.blocks.parameters() if weight.ndim == 4]
    others = [weight for weight in net.parameters() if not any(weight is each for each in blocks)]
    run = Run(net, Muon(blocks, recipe.convolutions_rate), torch.optim.Adam(others, recipe.other_rate, (0.9, 0.99)))
    if path.exists():
        saved = torch.load(path, weights_only=True)
        for name in ("net", "muon", "adam"):
            getattr(run, name).load_state_dict(saved[name])
        run.seconds, run.step, run.losses = saved["seconds"], saved["step"], saved["losses"]
    return run


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.imaging.enlarging.training.train", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with the listed photographs")
    parser.add_argument("--out", type=Path, required=True, help="folder for the training state and the checkpoint")
    parser.add_argument("--factor", type=int, required=True, choices=sorted(SIZES), help="by which to enlarge")
    parser.add_argument("--minutes", type=float, default=Recipe.minutes, help="CPU minutes over all sessions")
    parser.add_argument("--start", type=Path, help="x2.safetensors of a trained network, to begin with its features")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    recipe = Recipe(options.factor, options.minutes, seed=options.seed)
    before = load_network(options.start) if options.start else None
    run = train(read_photographs(options.photos, "training"), options.out, recipe, before)
    log.info("trained: %d steps, error %.5f", run.step, run.loss)
    finish(run, options.photos, options.out / "checkpoint", options.start)


if __name__ == "__main__":
    main()
