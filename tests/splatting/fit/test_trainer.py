"""Fits of a product with known truth: quality, resume, refusals, exposure, hull."""

import io
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline.core import stopping
from pipeline.core.colmap.model import Points
from pipeline.core.domain import look_at
from pipeline.core.errors import BadInput
from pipeline.imaging.compositing.shadow_solid import solid_of_points
from pipeline.splatting.carving.hull import misses
from pipeline.splatting.carving.seeds import starting_points
from pipeline.splatting.evaluate import psnr_db, score, ssim_map
from pipeline.splatting.fit.loss import ssim_map as plain_ssim_map
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.fit.start import held_out_names
from pipeline.splatting.fit.strategy.mcmc import Mcmc
from pipeline.splatting.photos import prepare
from pipeline.splatting.show.render import planes
from pipeline.splatting.surface import surface_points
from tests.splatting.toy_product import camera, fit, photos, product, sparse

PARAMS = FitParams(side_px=96, iterations=300, max_seconds=1e6, gaussians=1500, degree=1, holdout=6)


@pytest.fixture(scope="module")
def fitted():
    return fit(PARAMS, photos(), sparse())


def test_held_out_photos_and_unseen_sides_are_close_to_the_truth(fitted):
    report = fitted.report
    assert report.held_out == ("P03", "P09")
    assert report.photos == 12
    assert report.iterations == 300
    assert report.stopped in ("iterations", "held-out")
    assert report.psnr_db > 25
    assert report.alpha_iou > 0.96
    assert report.gaussians <= 1500
    pose = look_at(47.0, 10.0, 5.0)
    truth, drawn = planes(product(), camera(), pose), planes(fitted.splat, camera(), pose)
    inside = truth[3] > 0.5
    assert psnr_db((truth[:3] - drawn[:3])[:, inside]) > 24
    assert (drawn[3][truth[3] < 0.01] > 0.5).mean() < 0.001  # no floaters


def test_fitted_splat_has_enough_surface_to_close_a_solid(fitted):
    def filled(splat):
        return solid_of_points(surface_points(splat).astype(float)).filled.mean(axis=(1, 2))

    actual, true = filled(fitted.splat), filled(product())
    assert actual[12:-12].min() > 0.8 * true[12:-12].min()
    assert actual.mean() == pytest.approx(true.mean(), rel=0.2)


def test_densify_and_prune_also_fits_the_product():
    counts: list[int] = []
    params = PARAMS.model_copy(update={"strategy": "default", "gaussians": 1500})
    hooks = Hooks(progress=lambda p: counts.append(p.gaussians))
    done = fit(params, photos(), sparse(), hooks)
    early = fit(params.model_copy(update={"iterations": 40}), photos(), sparse())
    assert done.report.psnr_db > 25
    assert done.report.psnr_db > early.report.psnr_db + 3
    assert done.report.alpha_iou > 0.96
    assert min(counts) < max(counts) == 1500


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    ("changes", "killed_at"),
    [({}, 120), ({"strategy": "default", "gaussians": 1800, "refine_poses": True}, 58)],
    ids=["mcmc", "default, poses refined"],
)
def test_killed_fit_resumes_to_the_same_bits(changes, killed_at):
    params = PARAMS.model_copy(
        update={"side_px": 64, "iterations": 140, "snapshot_seconds": 1e-9, "patience": 20, **changes}
    )
    shot = photos(side_px=64)
    error = np.eye(4)
    error[0, 3] = 0.075
    shot[5] = replace(shot[5], cam_from_world=error @ shot[5].cam_from_world)  # by two px
    whole = fit(params, shot, sparse())
    snapshots: list[bytes] = []

    def save(data):
        snapshots.append(data)
        if len(snapshots) == killed_at:
            raise Killed

    with pytest.raises(Killed):
        fit(params, shot, sparse(), Hooks(save=save))
    iterations: list[int] = []
    resumed = fit(
        params, shot, sparse(), Hooks(load=lambda: snapshots[-1], progress=lambda p: iterations.append(p.iteration))
    )
    assert min(iterations) >= killed_at
    assert resumed.report.iterations == 140
    for name in ("means", "log_scales", "quats", "logits", "sh"):
        assert np.array_equal(getattr(whole.splat.gaussians, name), getattr(resumed.splat.gaussians, name)), name
    assert resumed.report.pose_shift_max_px == whole.report.pose_shift_max_px
    assert whole.report.pose_shift_max_px is None or whole.report.pose_shift_max_px > 0.3


def test_a_fit_that_is_asked_to_stop_saves_where_it_is_and_resumes(monkeypatch):
    params = PARAMS.model_copy(update={"iterations": 60})
    monkeypatch.setattr(stopping, "_asked", asked := threading.Event())
    snapshots: list[bytes] = []
    iterations: list[int] = []

    def progress(now):
        iterations.append(now.iteration)
        asked.set()

    with pytest.raises(stopping.Stopped):
        fit(params, photos(), sparse(), Hooks(save=snapshots.append, progress=progress))
    asked.clear()
    assert len(snapshots) == 1 and len(iterations) == 1
    resumed = fit(
        params,
        photos(),
        sparse(),
        Hooks(load=snapshots.pop, progress=lambda now: iterations.append(now.iteration)),
    )
    assert iterations[1] > iterations[0] and resumed.report.iterations == 60


def test_snapshot_of_another_request_or_damaged_is_refused():
    snapshots: list[bytes] = []
    params = PARAMS.model_copy(update={"iterations": 3, "snapshot_seconds": 1e-9})
    fit(params, photos(), sparse(), Hooks(save=snapshots.append))
    with pytest.raises(BadInput, match="another request"):
        fit(params.model_copy(update={"seed": 1}), photos(), sparse(), Hooks(load=lambda: snapshots[0]))
    with pytest.raises(BadInput, match="damaged"):
        fit(params, photos(), sparse(), Hooks(load=lambda: snapshots[0][:-500]))
    with np.load(io.BytesIO(snapshots[0])) as file:
        older = {name: file[name] for name in file.files if name != "torch_rng"}
    written = io.BytesIO()
    np.savez(written, **older)
    with pytest.raises(BadInput, match="torch_rng"):
        fit(params, photos(), sparse(), Hooks(load=written.getvalue))


def test_fit_stops_at_the_time_limit():
    params = PARAMS.model_copy(update={"iterations": 10**6, "max_seconds": 1e-6})
    assert fit(params, photos(), sparse()).report.stopped == "seconds"


def test_exposure_drift_is_not_baked_into_the_product():
    shot = photos()
    dark = shot[4].rgba.copy()
    dark[..., :3] = (dark[..., :3] * 0.8).astype(np.uint8)
    shot[4] = type(shot[4])(shot[4].name, dark, shot[4].camera, shot[4].cam_from_world)
    params = PARAMS.model_copy(update={"iterations": 400, "front": "P00", "held_out": ("P05",)})
    on, off = (fit(params.model_copy(update={"exposure": e}), shot, sparse()).splat for e in (True, False))
    truth = planes(product(), camera(), shot[4].cam_from_world)
    inside = truth[3] > 0.99

    def shade(splat):
        return float((planes(splat, camera(), shot[4].cam_from_world)[:3, inside]).mean() / truth[:3, inside].mean())

    # Not zero: few other photos show the side that the dark one shows best, and view-dependent colour explains its
    # darkness as well as exposure does.
    assert abs(shade(on) - 1) < 0.5 * abs(shade(off) - 1)


def test_view_dependent_colour_fades_and_the_rest_stays():
    def fitted_with(decay):
        params = PARAMS.model_copy(update={"iterations": 150, "view_colour_decay": decay})
        return fit(params, photos(), sparse()).splat.gaussians.sh

    kept, faded = fitted_with(0.0), fitted_with(0.05)
    assert np.abs(faded[:, 1:]).mean() < 0.2 * np.abs(kept[:, 1:]).mean()
    assert np.abs(faded[:, 0]).mean() == pytest.approx(np.abs(kept[:, 0]).mean(), rel=0.1)


def test_held_out_photos_are_every_kth_or_named():
    names = [f"P{i:02d}" for i in range(24)]
    assert held_out_names(names, FitParams(holdout=8)) == ("P04", "P12", "P20")
    assert held_out_names(names, FitParams(holdout=8, front="P12")) == ("P04", "P20")
    assert held_out_names(names[:9], FitParams(holdout=8)) == ()
    assert held_out_names(names, FitParams(holdout=0)) == ()
    with pytest.raises(BadInput, match="P99"):
        held_out_names(names, FitParams(held_out=("P99",)))


def test_too_few_photos_are_refused():
    with pytest.raises(BadInput, match="too few"):
        fit(PARAMS, photos()[:2], sparse())


def test_hull_drops_strays_and_fills_surface():
    prepared = [prepare(photo, 96, crop=True) for photo in photos()]
    stray = np.array([[0.0, 0, 2.5], [1.6, 0, 0]])
    points = sparse()
    assert (misses(stray, prepared, 2) > 3).all()
    assert np.median(misses(points.positions, prepared, 2)) == 0
    mixed = Points(np.concatenate([points.positions, stray]), np.concatenate([points.colours, points.colours[:2]]))
    start = starting_points(mixed, prepared, 1000, np.random.default_rng(0))
    assert len(start.positions) >= 900
    assert np.abs(start.positions).max() < 1.4
    no_points = starting_points(
        Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8)), prepared, 500, np.random.default_rng(0)
    )
    assert len(no_points.positions) == 500
    assert np.abs(no_points.positions).max() < 1.4


def test_relocation_keeps_the_picture():
    g = product(300).gaussians
    cloud = {n: torch.from_numpy(getattr(g, n).copy()) for n in ("means", "log_scales", "quats", "logits", "sh")}
    cloud["logits"][:40] = -8.0  # dead
    before = planes(type(product())(type(g)(*(v.numpy() for v in cloud.values())), False), camera(), look_at(0, 0, 5))
    from pipeline.splatting.fit.adam import Adam

    Mcmc(budget=330).rearrange(cloud, Adam(), torch.Generator().manual_seed(0))
    assert len(cloud["means"]) == 324
    assert (torch.sigmoid(cloud["logits"]) > 0.005).all()
    after = planes(type(product())(type(g)(*(v.numpy() for v in cloud.values())), False), camera(), look_at(0, 0, 5))
    assert np.abs(after - before)[:4].mean() < 0.02


@pytest.mark.parametrize(("budget", "remaining"), [(300, 300), (250, 250), (400, 324)])
def test_cloud_without_dead_is_kept_or_cut_to_the_budget(budget, remaining):
    g = product(300).gaussians
    cloud = {n: torch.from_numpy(getattr(g, n).copy()) for n in ("means", "log_scales", "quats", "logits", "sh")}
    from pipeline.splatting.fit.adam import Adam

    Mcmc(budget=budget).rearrange(cloud, Adam(), torch.Generator().manual_seed(0))
    assert len(cloud["means"]) == remaining


def test_scores_of_equal_and_shifted_pictures():
    level = prepare(photos(1)[0], 96, crop=True).full
    exact = np.concatenate([level.planes, level.planes[:1]])
    same = score(exact, level)
    assert same.psnr_db == pytest.approx(100)
    assert same.ssim == pytest.approx(1, abs=1e-4)
    assert same.alpha_iou == 1
    dimmed = exact.copy()
    dimmed[:3] *= 0.9
    dim = score(dimmed, level)
    assert dim.psnr_db < 35
    assert dim.fitted_psnr_db > 60
    other = np.roll(level.planes[0], 3, axis=1)
    plain = plain_ssim_map(torch.from_numpy(level.planes[:1]), torch.from_numpy(other[None]))[0].numpy()
    assert np.abs(ssim_map(level.planes[0], other) - plain).max() < 1e-3
