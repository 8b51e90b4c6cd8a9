"""Fit Gaussians to posed, cut-out photos: the training loop, its schedules and its reports."""

import time
from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from pipeline.core.arrays import F32
from pipeline.core.colmap.model import Points
from pipeline.core.errors import BadInput
from pipeline.core.stopping import is_asked, raise_if_asked
from pipeline.splatting.evaluate import psnr_db
from pipeline.splatting.fit import exposure
from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.fit.clock import Clock
from pipeline.splatting.fit.loss import LossWeights, ProductLoss, product_loss_reference
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.poses import Poses
from pipeline.splatting.fit.report import Hooks, Progress
from pipeline.splatting.fit.result import Fit, Judge
from pipeline.splatting.fit.schedule import Schedule
from pipeline.splatting.fit.snapshot import FitState, dump, restore
from pipeline.splatting.fit.start import extent_of, held_out_names, request_digest, starting_cloud
from pipeline.splatting.fit.strategy.base import Step, crossed
from pipeline.splatting.fit.strategy.registry import STRATEGIES
from pipeline.splatting.lens import lens_of
from pipeline.splatting.photos import Level, PosedPhoto, prepare
from pipeline.splatting.raster.base import Rasterizer
from pipeline.splatting.raster.threads import one_torch_thread

_FADE_EVERY = 10  # iterations; a pass over the colours costs half a millisecond
_EVALUATE_EVERY = 0.05  # share of the fit
_REPORT_EVERY = 25
_POSES_FROM = 0.2  # share of the fit below which the splat is too coarse to correct poses
_POSE_RATE_PX, _POSE_REACH = 0.2, 3.0  # largest step per visit; sum of all steps, in units of the pose limit


def fit(
    params: FitParams,
    rasterizer: Rasterizer,
    photos: list[PosedPhoto],
    sparse: Points,
    hooks: Hooks,
    clock: Clock | None = None,
) -> Fit:
    """Fit Gaussians with `rasterizer`; resumes if `hooks.load()` returns a snapshot of this request.

    A resumed fit ends in the same bits as an uninterrupted one on the same number of threads, unless `max_seconds` is
    too short for all iterations: the clock then shortens the schedule, and two fits agree in quality only. A fit that
    the clock ended leaves a snapshot from which the next one goes on for `max_seconds` more.

    `clock`: counts `max_seconds`; by default that of the rasterizer's device. Raises BadInput if fewer than 3 photos
    remain after holding out, if the fit diverges, and as `restore` does.
    """
    clock = clock or Clock.of(rasterizer.device)
    with one_torch_thread(), clock.running():
        return _Trainer(params, rasterizer, photos, sparse, hooks, clock).run()


class _Trainer:
    """All that is constant during one fit; everything that changes is in `state`."""

    def __init__(
        self,
        params: FitParams,
        rasterizer: Rasterizer,
        photos: list[PosedPhoto],
        sparse: Points,
        hooks: Hooks,
        clock: Clock,
    ) -> None:
        self.params, self.rasterizer, self.hooks, self.clock = params, rasterizer, hooks, clock
        self.device = rasterizer.device
        held_out = held_out_names([photo.name for photo in photos], params)
        prepared = {p.name: prepare(p, params.side_px, crop=params.matte) for p in photos}
        self.photos = [t for name, t in prepared.items() if name not in held_out]
        self.judge = Judge(params, rasterizer, [prepared[name] for name in held_out])
        if len(self.photos) < 3:
            raise BadInput(f"{len(self.photos)} photos are too few for a splat", remedy="Shoot more photos")
        self.targets = [[torch.from_numpy(v.planes).to(self.device) for v in p.levels] for p in self.photos]
        self.front = self._front_index()
        self.extent = extent_of(self.photos)
        self.strategy = STRATEGIES[params.strategy](params, self.extent)
        self.weights = LossWeights(params.ssim_weight, params.alpha_weight)
        self.identity = request_digest(params, photos, sparse)
        saved = hooks.load()
        self.state = restore(saved, self.identity, self.device) if saved is not None else self._initial_state(sparse)
        self.poses = Poses.around(self.photos, self.state.poses["middle"])
        self.saved_at = time.monotonic()
        begun = self.seconds if self.state.iteration == 0 else 0.0
        self.clock.advance(self.state.seconds)
        self.schedule = Schedule.starting(params.iterations, params.max_seconds, begun)

    def _front_index(self) -> int:
        names = [photo.name for photo in self.photos]
        return names.index(self.params.front) if self.params.front in names else 0

    def _initial_state(self, sparse: Points) -> FitState:
        seed, count = self.params.seed, len(self.photos)
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        first = starting_cloud(self.params, self.photos, sparse, rng)
        poses = {"twists": torch.zeros(count, 6), "middle": first["means"].median(dim=0).values}
        cloud = {name: value.to(self.device) for name, value in first.items()}
        corrections = {
            name: torch.full((count, 3), value, device=self.device) for name, value in exposure.NEUTRAL.items()
        }
        memory = self.strategy.begin(cloud)
        return FitState(cloud, corrections, poses, memory, Adam(), Adam(), 0, 0.0, 0.0, [], -np.inf, 0, rng, generator)

    @property
    def seconds(self) -> float:
        """Seconds of work on this fit, including those of killed runs."""
        return self.clock.seconds

    def _done(self) -> float:
        return self.schedule.done(self.state.iteration, self.seconds)

    def run(self) -> Fit:
        """Iterate to the end, then evaluate."""
        state, stale = self.state, False
        while (done := self._done()) < 1.0 and not stale:
            self._iterate(done)
            evaluate = crossed(state.done, done, _EVALUATE_EVERY)
            state.iteration, state.done = state.iteration + 1, done
            stale = evaluate and self._stale(done)
            if is_asked() or time.monotonic() - self.saved_at > self.params.snapshot_seconds:
                self._save()
            raise_if_asked()
        stopped: Literal["iterations", "seconds", "held-out"] = (
            "held-out" if stale else "iterations" if state.iteration >= self.params.iterations else "seconds"
        )
        fitted = self.poses.corrected(state.poses["twists"])
        result = self.judge.conclude(state, fitted, self.seconds, stopped)
        if stopped == "seconds":
            self._save_to_go_on()
        return self._with_shifts(result) if self.params.refine_poses else result

    def _with_shifts(self, result: Fit) -> Fit:
        """Add to the report how far the poses moved."""
        means = self.state.cloud["means"]
        sample = means[:: max(1, len(means) // 1000)].double().cpu().numpy()
        shifts = self.poses.shifts_px(self.state.poses["twists"], sample)
        figures = {"pose_shift_median_px": float(np.median(shifts)), "pose_shift_max_px": float(shifts.max())}
        return replace(result, report=result.report.model_copy(update=figures))

    def _save(self) -> None:
        self.state.seconds = self.seconds
        self.hooks.save(dump(self.state, self.identity))
        self.saved_at = time.monotonic()

    def _save_to_go_on(self) -> None:
        """Save the state as that of a fit which has come this far of its iterations, with all its time still to come.

        The schedule thus returns to where the iterations are: the clock had run it to its end.
        """
        state = self.state
        state.done, state.best_db, state.stale = state.iteration / self.params.iterations, -np.inf, 0
        state.seconds = 0.0
        self.hooks.save(dump(state, self.identity))

    def _next_photo(self) -> int:
        if not self.state.order:
            self.state.order = self.state.numpy_rng.permutation(len(self.photos)).tolist()
        return self.state.order.pop()

    def _level(self, which: int, done: float) -> int:
        """Choose the photo's size, coarse to fine: quarter size for the first tenth, half size until three tenths."""
        step = 2 if done < 0.1 else 1 if done < 0.3 else 0
        return max(0, len(self.targets[which]) - 1 - step)

    def _degree(self, done: float) -> int:
        return min(self.params.degree, int(done * 10))

    def _iterate(self, done: float) -> None:
        state, which = self.state, self._next_photo()
        size = self._level(which, done)
        level, target = self.photos[which].levels[size], self.targets[which][size]
        leaves = {name: value.requires_grad_(True) for name, value in state.cloud.items()}
        gain = state.exposure["gain"][which].clone().requires_grad_(True)
        bias = state.exposure["bias"][which].clone().requires_grad_(True)
        twist, pose = self._pose(which, done)
        means2d: list[torch.Tensor] = []
        picture = self.rasterizer.draw(
            leaves, pose, lens_of(level.camera), self._degree(done),
            antialias=self.params.antialias, on_means2d=means2d.append if self.strategy.needs_slopes else None,
        )  # fmt: skip
        backdrop = torch.from_numpy(state.numpy_rng.random(3, dtype=np.float32)).to(self.device)
        loss_of = ProductLoss.apply if picture.device.type == "cpu" else product_loss_reference
        loss = loss_of(picture, gain, bias, target, backdrop, self.weights)
        loss.backward()
        if not np.isfinite(float(loss.detach())):
            raise BadInput(f"the fit diverged at iteration {state.iteration}", remedy="Lower the learning rates")
        with torch.no_grad():
            gradients = {name: value.grad for name, value in leaves.items()}
            state.cloud = {name: value.detach() for name, value in leaves.items()}
            half = 0.5 * level.camera.width_px, 0.5 * level.camera.height_px
            self._update(gradients, done, *((m * m.new_tensor(half)).norm(dim=1) for m in means2d))
            self._learn_exposure(which, gain.grad, bias.grad, done)
            self._learn_pose(which, twist, done)
        if state.iteration % _REPORT_EVERY == 0:
            self._report_progress(picture.detach().cpu().numpy(), level)

    def _update(
        self, gradients: dict[str, torch.Tensor | None], done: float, slopes: torch.Tensor | None = None
    ) -> None:
        """Regularise, step Adam, fade view-dependent colour, then apply the strategy."""
        p, state, cloud, adam = self.params, self.state, self.state.cloud, self.state.adam
        opacity = torch.sigmoid(cloud["logits"])
        n = len(opacity)
        if gradients["logits"] is not None and gradients["log_scales"] is not None:
            gradients["logits"] += p.opacity_cost / n * opacity * (1 - opacity)
            gradients["log_scales"] += p.scale_cost / (3 * n * self.extent) * torch.exp(cloud["log_scales"])
        fade = 0.1**done
        planned = self.schedule.planned(state.iteration, done)
        mean_rate = self.schedule.mean_rate(p.mean_reach * self.extent, state.iteration, done)
        rates = {
            "means": mean_rate, "log_scales": p.scale_rate * fade, "quats": p.quat_rate * fade,
            "logits": p.opacity_rate * fade, "sh": p.colour_rate * fade,
        }  # fmt: skip
        for name, rate in rates.items():
            gradient = gradients[name]
            if gradient is not None:
                adam.step(name, cloud[name], gradient, rate)
        if state.iteration % _FADE_EVERY == 0:
            cloud["sh"][:, 1:] *= (1 - p.view_colour_decay) ** _FADE_EVERY
        step = Step(state.iteration, state.done, done, mean_rate, planned, slopes)
        self.strategy.after_step(cloud, adam, state.memory, step, state.torch_rng)

    def _learn_exposure(self, which: int, gain: torch.Tensor | None, bias: torch.Tensor | None, done: float) -> None:
        """Learn this photo's colour correction; the front photo has none, so that the product keeps its colours."""
        if not self.params.exposure or which == self.front or gain is None or bias is None:
            return
        visits = self.schedule.planned(self.state.iteration, done) / len(self.photos)
        exposure.learn(self.state.exposure, which, {"gain": gain, "bias": bias}, self.state.adam, visits)

    def _pose(self, which: int, done: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return this photo's twist, which requires a gradient if it is learnt, and its pose."""
        twist = self.state.poses["twists"][which].clone()
        if not self.params.refine_poses:
            return twist, self.poses.given[which]
        twist.requires_grad_(done >= _POSES_FROM)
        return twist, self.poses.at(which, twist)

    def _learn_pose(self, which: int, twist: torch.Tensor, done: float) -> None:
        """Learn this photo's pose; over the whole fit a photo can move by the limit and back."""
        if twist.grad is None:
            return
        limit = self.params.pose_limit_px
        visits = self.schedule.planned(self.state.iteration, done) * (1 - _POSES_FROM) / len(self.photos)
        rate = min(_POSE_RATE_PX, _POSE_REACH * limit / visits) * 0.1**done
        self.poses.learn(self.state.poses["twists"], which, twist.grad, self.state.pose_adam, rate, limit)

    def _report_progress(self, picture: F32, level: Level) -> None:
        inside = level.planes[3] > 0.5
        fitted_db = psnr_db((picture[:3] - level.planes[:3])[:, inside]) if inside.any() else 0.0
        done = max(self._done(), 1e-6)
        total = max(
            self.state.iteration + 1,
            min(self.params.iterations, round(self.schedule.planned(self.state.iteration, done))),
        )
        remaining = self.seconds * (1 - done) / done
        self.hooks.progress(
            Progress(
                iteration=self.state.iteration, total=total, psnr_db=fitted_db,
                gaussians=len(self.state.cloud["means"]), seconds_left=max(0.0, remaining),
            )
        )  # fmt: skip

    def _stale(self, done: float) -> bool:
        """Whether the held-out photos have stopped improving (evaluated in the second half only)."""
        if not self.judge.held_out or done < 0.5:
            return False
        held_out_db = self.judge.held_out_db(self.state.cloud, self._degree(done))
        better = held_out_db > self.state.best_db + 0.02
        self.state.stale = 0 if better else self.state.stale + 1
        self.state.best_db = max(self.state.best_db, held_out_db)
        return self.state.stale >= self.params.patience
