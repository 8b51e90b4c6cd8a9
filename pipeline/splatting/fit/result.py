"""The result of a fit: the splat, how good it is on photos it never saw, and a few photos to compare it with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from pipeline.core.arrays import F32
from pipeline.core.process import peak_memory_mb
from pipeline.splatting.evaluate import Score, mean, score
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import FitReport
from pipeline.splatting.fit.snapshot import State
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.lens import lens_of
from pipeline.splatting.photos import Training
from pipeline.splatting.ply import Splat
from pipeline.splatting.raster.base import VALUES, Cloud, Rasterizer

_FAINT = 1 / 255  # opacity below which no photo can show a Gaussian: it is dropped


@dataclass(frozen=True)
class Fit:
    """A fitted splat, how good it is, the held-out photos' scores by name, and a few photos to compare it with.

    `judged` holds the held-out photos, or a few fitted ones where none was held out.
    """

    splat: Splat
    report: FitReport
    scores: dict[str, Score]
    judged: tuple[Training, ...]


@dataclass(frozen=True)
class Judge:
    """Compares a cloud with photos, the `unseen` ones above all."""

    params: FitParams
    rasterizer: Rasterizer
    unseen: list[Training]

    def picture(self, cloud: Cloud, photo: Training, degree: int) -> F32:
        """The cloud drawn from where a photo was taken, [5, H, W]."""
        with torch.no_grad():
            drawn = self.rasterizer.draw(
                cloud, torch.from_numpy(photo.cam_from_world), lens_of(photo.full.camera), degree,
                antialias=self.params.antialias,
            )  # fmt: skip
        return drawn.cpu().numpy()

    def scores(self, cloud: Cloud, photos: Iterable[Training], degree: int) -> dict[str, Score]:
        """Scores by photo."""
        return {p.name: score(self.picture(cloud, p, degree), p.full) for p in photos}

    def held_out_db(self, cloud: Cloud, degree: int) -> float:
        """Mean PSNR of the held-out photos after a colour fit."""
        return float(np.mean([s.fitted_psnr_db for s in self.scores(cloud, self.unseen, degree).values()]))

    def conclude(
        self, state: State, seen: list[Training], seconds: float, stopped: Literal["iterations", "seconds", "held-out"]
    ) -> Fit:
        """The result of a fit to the photos `seen` that ended in `state` after `seconds`."""
        params, degree = self.params, self.params.degree
        scores = self.scores(state.cloud, self.unseen, degree)
        few = self.scores(state.cloud, seen[:: max(1, len(seen) // 4)], degree)
        visible = torch.sigmoid(state.cloud["logits"]) > _FAINT
        gaussians = Gaussians(*(state.cloud[name][visible].cpu().numpy() for name in VALUES))
        scored = scores.values()
        report = FitReport(
            engine=self.rasterizer.name, engine_version=self.rasterizer.version, psnr_db=mean(scored, "psnr_db"),
            fitted_psnr_db=mean(scored, "fitted_psnr_db"), ssim=mean(scored, "ssim"),
            alpha_iou=mean(scored, "alpha_iou"),
            train_psnr_db=float(np.mean([s.fitted_psnr_db for s in few.values()])), held_out=tuple(scores),
            photos=len(seen) + len(scores), gaussians=len(gaussians), iterations=state.iteration, seconds=seconds,
            seconds_per_iteration=seconds / max(1, state.iteration), peak_memory_mb=peak_memory_mb(), stopped=stopped,
        )  # fmt: skip
        judged = self.unseen[:4] or seen[:: max(1, len(seen) // 3)]
        return Fit(Splat(gaussians, params.antialias), report, scores, tuple(judged))
