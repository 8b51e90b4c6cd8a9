"""The result of a fit: the splat, its scores on held-out photos, and a few photos to compare it with."""

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
from pipeline.splatting.fit.snapshot import FitState
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.lens import lens_of
from pipeline.splatting.photos import PreparedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.raster.base import VALUES, Cloud, Rasterizer

_FAINT = 1 / 255  # opacity below which a Gaussian is invisible in 8 bits, and dropped


@dataclass(frozen=True)
class Fit:
    """A fitted splat, its report, the held-out photos' scores by name, and a few photos to compare it with.

    `judged` contains up to four held-out photos, or a few fitted ones if none was held out.
    """

    splat: Splat
    report: FitReport
    scores: dict[str, Score]
    judged: tuple[PreparedPhoto, ...]


@dataclass(frozen=True)
class Judge:
    """Scores a cloud on photos, mainly the `held_out` ones."""

    params: FitParams
    rasterizer: Rasterizer
    held_out: list[PreparedPhoto]

    def picture(self, cloud: Cloud, photo: PreparedPhoto, degree: int) -> F32:
        """Draw the cloud from a photo's pose, [5, H, W]."""
        with torch.no_grad():
            drawn = self.rasterizer.draw(
                cloud, torch.from_numpy(photo.cam_from_world), lens_of(photo.full.camera), degree,
                antialias=self.params.antialias,
            )  # fmt: skip
        return drawn.cpu().numpy()

    def scores(self, cloud: Cloud, photos: Iterable[PreparedPhoto], degree: int) -> dict[str, Score]:
        """Return the scores by photo."""
        return {p.name: score(self.picture(cloud, p, degree), p.full) for p in photos}

    def held_out_db(self, cloud: Cloud, degree: int) -> float:
        """Return the mean PSNR of the held-out photos after a colour fit."""
        return float(np.mean([s.fitted_psnr_db for s in self.scores(cloud, self.held_out, degree).values()]))

    def conclude(
        self,
        state: FitState,
        fitted: list[PreparedPhoto],
        seconds: float,
        stopped: Literal["iterations", "seconds", "held-out"],
    ) -> Fit:
        """Build the result of a fit to the photos `fitted` that ended in `state` after `seconds`."""
        params, degree = self.params, self.params.degree
        scores = self.scores(state.cloud, self.held_out, degree)
        few = self.scores(state.cloud, fitted[:: max(1, len(fitted) // 4)], degree)
        visible = torch.sigmoid(state.cloud["logits"]) > _FAINT
        gaussians = Gaussians(*(state.cloud[name][visible].cpu().numpy() for name in VALUES))
        scored = scores.values()
        report = FitReport(
            engine=self.rasterizer.name, engine_version=self.rasterizer.version, psnr_db=mean(scored, "psnr_db"),
            fitted_psnr_db=mean(scored, "fitted_psnr_db"), ssim=mean(scored, "ssim"),
            alpha_iou=mean(scored, "alpha_iou"),
            train_psnr_db=float(np.mean([s.fitted_psnr_db for s in few.values()])), held_out=tuple(scores),
            photos=len(fitted) + len(scores), gaussians=len(gaussians), iterations=state.iteration,
            iterations_asked=params.iterations, seconds=seconds,
            seconds_per_iteration=seconds / max(1, state.iteration), peak_memory_mb=peak_memory_mb(), stopped=stopped,
        )  # fmt: skip
        judged = self.held_out[:4] or fitted[:: max(1, len(fitted) // 3)]
        return Fit(Splat(gaussians, params.antialias), report, scores, tuple(judged))
