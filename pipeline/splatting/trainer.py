"""Fit Gaussians to posed, cut-out photos: the loop, its schedules, and what it reports."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.domain import camera_centre
from pipeline.errors import BadInput
from pipeline.splatting import exposure
from pipeline.splatting.adam import Adam
from pipeline.splatting.checkpoint import State, dump, restore
from pipeline.splatting.engines import VALUES, SplatEngine, engine_named
from pipeline.splatting.evaluate import Score, psnr_db, score
from pipeline.splatting.fit_params import FitParams, FitReport, Progress
from pipeline.splatting.gaussians import Gaussians, from_points
from pipeline.splatting.hull import Points, starting_points
from pipeline.splatting.lens import lens_of
from pipeline.splatting.loss import LossWeights, ProductLoss, product_loss_plainly
from pipeline.splatting.mcmc import Mcmc
from pipeline.splatting.memory import peak_memory_mb
from pipeline.splatting.photos import Level, PosedPhoto, Training, prepare
from pipeline.splatting.ply import Splat
from pipeline.splatting.schedule import Schedule
from pipeline.splatting.threads import one_torch_thread

F32 = NDArray[np.float32]
SMALL_SHOOT = 10  # below, every photo is needed for the fit
_REARRANGE_EVERY = 100
_REPORT_EVERY = 25
# How a product begins: share of the budget strewn over its hull, and how large. Smaller and more gain 0.9 dB in 500
# iterations and lose 0.2 dB in 1200, when opaque specks no longer find their depth; larger and fewer the other way.
_START, _SIZE = 0.75, 0.8


@dataclass(frozen=True)
class Hooks:
    """What a fit calls while it runs: progress, and its checkpoint's bytes out and (at the start) in."""

    progress: Callable[[Progress], None] = lambda _: None
    save: Callable[[bytes], None] = lambda _: None
    load: Callable[[], bytes | None] = lambda: None


@dataclass(frozen=True)
class Fit:
    """A fitted splat, how good it is, the held-out photos' scores by name, and a few photos to look at it beside.

    `judged` holds the held-out photos, or a few fitted ones where none was held out.
    """

    splat: Splat
    report: FitReport
    scores: dict[str, Score]
    judged: tuple[Training, ...]


def held_out_names(names: list[str], params: FitParams) -> tuple[str, ...]:
    """The photos kept out of the fit. Raises BadInput for a name that is not there."""
    for name in params.held_out:
        if name not in names:
            raise BadInput(f"held-out photo {name!r} is not among the {len(names)} posed photos")
    if params.held_out:
        return params.held_out
    if params.holdout == 0 or len(names) < SMALL_SHOOT:
        return ()
    chosen = sorted(names)[params.holdout // 2 :: params.holdout]
    return tuple(name for name in chosen if name != params.front)


def fit(params: FitParams, photos: list[PosedPhoto], sparse: Points, hooks: Hooks | None = None) -> Fit:
    """Fit; resumes from `hooks.load()` if that gives a checkpoint of the same request.

    A resumed fit ends in the same bits as an undisturbed one on as many threads, unless `max_seconds` was too short for
    all iterations: then the clock hurried the schedule, and two fits agree in quality only.

    Raises BadInput with fewer than 3 photos left to fit to, or when the fit diverges.
    """
    with one_torch_thread():
        return _Trainer(params, photos, sparse, hooks or Hooks()).run()


class _Trainer:
    """One fit's fixed surroundings; everything that changes lies in `state`."""

    def __init__(self, params: FitParams, photos: list[PosedPhoto], sparse: Points, hooks: Hooks) -> None:
        self.params, self.hooks = params, hooks
        self.engine: SplatEngine = engine_named(params.engine)
        self.started = time.monotonic()
        names = [photo.name for photo in photos]
        self.held_out = held_out_names(names, params)
        prepared = {p.name: prepare(p, params.side_px, crop=params.matte) for p in photos}
        self.photos = [t for name, t in prepared.items() if name not in self.held_out]
        self.unseen = [prepared[name] for name in self.held_out]
        if len(self.photos) < 3:
            raise BadInput(f"{len(self.photos)} photos are too few for a splat", remedy="Shoot more photos.")
        self.front = self._front()
        self.extent = self._extent()
        self.strategy = Mcmc(params.gaussians, noise=params.noise)
        self.weights = LossWeights(params.ssim_weight, params.alpha_weight)
        self.identity = self._identity(photos, sparse)
        saved = hooks.load()
        self.state = restore(saved, self.identity) if saved is not None else self._fresh(sparse)
        self.resumed_seconds, self.saved_at = self.state.seconds, time.monotonic()
        begun = self.seconds if self.state.iteration == 0 else 0.0
        self.schedule = Schedule.starting(params.iterations, params.max_seconds, begun)

    def _front(self) -> int:
        names = [photo.name for photo in self.photos]
        return names.index(self.params.front) if self.params.front in names else 0

    def _extent(self) -> float:
        """Radius of the cameras about their middle, as 3DGS scales the means' learning rate by."""
        centres = np.stack([camera_centre(p.cam_from_world) for p in self.photos])
        return float(1.1 * np.linalg.norm(centres - centres.mean(axis=0), axis=1).max())

    def _identity(self, photos: list[PosedPhoto], sparse: Points) -> str:
        digest = hashlib.sha256(self.params.model_dump_json().encode())
        for photo in photos:
            digest.update(photo.name.encode() + photo.rgba.tobytes() + photo.cam_from_world.tobytes())
            digest.update(photo.camera.model_dump_json().encode())
        digest.update(sparse.positions.tobytes())
        return digest.hexdigest()

    def _fresh(self, sparse: Points) -> State:
        params = self.params
        rng, generator = np.random.default_rng(params.seed), torch.Generator().manual_seed(params.seed)
        points = sparse
        if params.matte:
            points = starting_points(sparse, self.photos, round(_START * params.gaussians), rng)
        if len(points.positions) > params.gaussians:
            pick = rng.choice(len(points.positions), params.gaussians, replace=False)
            points = Points(points.positions[pick], points.colours[pick])
        g = from_points(points.positions, points.colours, degree=params.degree, size=_SIZE if params.matte else 1.0)
        cloud = {name: torch.from_numpy(getattr(g, name).copy()) for name in VALUES}
        count = len(self.photos)
        corrections = {"gain": torch.ones(count, 3), "bias": torch.zeros(count, 3)}
        return State(cloud, corrections, Adam(), 0, 0.0, [], -np.inf, 0, rng, generator)

    @property
    def seconds(self) -> float:
        """Wall time spent on this fit, including what a killed run spent."""
        return self.resumed_seconds + time.monotonic() - self.started

    def _done(self) -> float:
        return self.schedule.done(self.state.iteration, self.seconds)

    def run(self) -> Fit:
        """Iterate to the end, then judge."""
        next_look, stopped = 0.05 * (1 + int(self._done() / 0.05)), False
        while (done := self._done()) < 1.0 and not stopped:
            self._iterate(done)
            self.state.iteration += 1
            if done >= next_look:
                next_look += 0.05
                stopped = self._stale(done)
            if time.monotonic() - self.saved_at > self.params.checkpoint_seconds:
                self._save()
        return self._result(stopped)

    def _save(self) -> None:
        self.state.seconds = self.seconds
        self.hooks.save(dump(self.state, self.identity))
        self.saved_at = time.monotonic()

    def _next_photo(self) -> int:
        if not self.state.order:
            self.state.order = self.state.numpy_rng.permutation(len(self.photos)).tolist()
        return self.state.order.pop()

    def _level(self, photo: Training, done: float) -> Level:
        """Coarse to fine: quarter size for the first tenth, half until three tenths."""
        step = 2 if done < 0.1 else 1 if done < 0.3 else 0
        return photo.levels[max(0, len(photo.levels) - 1 - step)]

    def _degree(self, done: float) -> int:
        return min(self.params.degree, int(done * 10))

    def _iterate(self, done: float) -> None:
        state, which = self.state, self._next_photo()
        photo = self.photos[which]
        level = self._level(photo, done)
        leaves = {name: value.requires_grad_(True) for name, value in state.cloud.items()}
        gain = state.exposure["gain"][which].clone().requires_grad_(True)
        bias = state.exposure["bias"][which].clone().requires_grad_(True)
        picture = self.engine.draw(
            leaves, torch.from_numpy(photo.cam_from_world), lens_of(level.camera), self._degree(done),
            antialias=self.params.antialias,
        )  # fmt: skip
        backdrop = torch.from_numpy(state.numpy_rng.random(3, dtype=np.float32))
        loss_of = ProductLoss.apply if picture.device.type == "cpu" else product_loss_plainly
        loss = loss_of(picture, gain, bias, torch.from_numpy(level.planes), backdrop, self.weights)
        loss.backward()
        if not np.isfinite(float(loss.detach())):
            raise BadInput(f"the fit diverged at iteration {state.iteration}", remedy="Lower its learning rates.")
        with torch.no_grad():
            gradients = {name: value.grad for name, value in leaves.items()}
            state.cloud = {name: value.detach() for name, value in leaves.items()}
            self._update(gradients, done)
            self._expose(which, gain.grad, bias.grad, done)
        if state.iteration % _REPORT_EVERY == 0:
            self._tell(picture.detach().numpy(), level)

    def _update(self, gradients: dict[str, torch.Tensor | None], done: float) -> None:
        """Regularise, step Adam, then let the strategy explore and rearrange."""
        p, cloud, adam = self.params, self.state.cloud, self.state.adam
        opacity = torch.sigmoid(cloud["logits"])
        n = len(opacity)
        if gradients["logits"] is not None and gradients["log_scales"] is not None:
            gradients["logits"] += p.opacity_cost / n * opacity * (1 - opacity)
            gradients["log_scales"] += p.scale_cost / (3 * n * self.extent) * torch.exp(cloud["log_scales"])
        fade = 0.1**done
        mean_rate = self.schedule.mean_rate(p.mean_reach * self.extent, self.state.iteration, done)
        rates = {
            "means": mean_rate, "log_scales": p.scale_rate * fade, "quats": p.quat_rate * fade,
            "logits": p.opacity_rate * fade, "sh": p.colour_rate * fade,
        }  # fmt: skip
        for name, rate in rates.items():
            gradient = gradients[name]
            if gradient is not None:
                adam.step(name, cloud[name], gradient, rate)
        if done < 0.9:
            self.strategy.explore(cloud, mean_rate, self.state.torch_rng)
            if self.state.iteration % _REARRANGE_EVERY == _REARRANGE_EVERY - 1:
                self.strategy.rearrange(cloud, adam, self.state.torch_rng)

    def _expose(self, which: int, gain: torch.Tensor | None, bias: torch.Tensor | None, done: float) -> None:
        """Learn this photo's colour correction; the front photo keeps its own colours, and so does the product."""
        if not self.params.exposure or which == self.front or gain is None or bias is None:
            return
        visits = self.schedule.planned(self.state.iteration, done) / len(self.photos)
        exposure.learn(self.state.exposure, which, {"gain": gain, "bias": bias}, self.state.adam, visits)

    def _tell(self, picture: F32, level: Level) -> None:
        inside = level.planes[3] > 0.5
        figure = psnr_db((picture[:3] - level.planes[:3])[:, inside]) if inside.any() else 0.0
        done = max(self._done(), 1e-6)
        total = max(
            self.state.iteration + 1,
            min(self.params.iterations, round(self.schedule.planned(self.state.iteration, done))),
        )
        left = self.seconds * (1 - done) / done
        self.hooks.progress(
            Progress(
                iteration=self.state.iteration, total=total, psnr_db=figure, gaussians=len(self.state.cloud["means"]),
                seconds_left=max(0.0, left),
            )
        )  # fmt: skip

    def picture(self, photo: Training, degree: int) -> F32:
        """What the splat shows from a photo's place."""
        with torch.no_grad():
            drawn = self.engine.draw(
                self.state.cloud, torch.from_numpy(photo.cam_from_world), lens_of(photo.full.camera), degree,
                antialias=self.params.antialias,
            )  # fmt: skip
        return drawn.numpy()

    def _stale(self, done: float) -> bool:
        """Whether the held-out photos have stopped improving (looked at in the second half only)."""
        if not self.unseen or done < 0.5:
            return False
        scores = [score(self.picture(p, self._degree(done)), p.full) for p in self.unseen]
        figure = float(np.mean([s.fitted_psnr_db for s in scores]))
        better = figure > self.state.best_db + 0.02
        self.state.stale = 0 if better else self.state.stale + 1
        self.state.best_db = max(self.state.best_db, figure)
        return self.state.stale >= self.params.patience

    def _result(self, stale: bool) -> Fit:
        state, degree = self.state, self._degree(1.0)
        seconds = self.seconds
        scores = {p.name: score(self.picture(p, degree), p.full) for p in self.unseen}
        seen = [
            score(self.picture(p, degree), p.full).fitted_psnr_db for p in self.photos[:: max(1, len(self.photos) // 4)]
        ]
        live = torch.sigmoid(state.cloud["logits"]) > 1 / 255
        gaussians = Gaussians(*(state.cloud[name][live].numpy() for name in VALUES))
        stopped: Literal["iterations", "seconds", "held-out"] = (
            "held-out" if stale else "iterations" if state.iteration >= self.params.iterations else "seconds"
        )

        def mean(field: str) -> float | None:
            return float(np.mean([getattr(s, field) for s in scores.values()])) if scores else None

        report = FitReport(
            engine=self.engine.name, psnr_db=mean("psnr_db"), fitted_psnr_db=mean("fitted_psnr_db"), ssim=mean("ssim"),
            alpha_iou=mean("alpha_iou"), train_psnr_db=float(np.mean(seen)), held_out=self.held_out,
            photos=len(self.photos) + len(self.unseen), gaussians=len(gaussians), iterations=state.iteration,
            seconds=seconds, seconds_per_iteration=seconds / max(1, state.iteration),
            peak_memory_mb=peak_memory_mb(), stopped=stopped,
        )  # fmt: skip
        judged = self.unseen[:4] or self.photos[:: max(1, len(self.photos) // 3)]
        return Fit(Splat(gaussians, self.params.antialias), report, scores, tuple(judged))
