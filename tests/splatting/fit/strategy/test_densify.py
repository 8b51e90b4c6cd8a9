"""3DGS's density control: which Gaussians are cloned, split, pruned and reset, within the budget."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.fit.strategy.base import Step
from pipeline.splatting.fit.strategy.densify import DEAD, Densify, reset
from pipeline.splatting.raster.base import VALUES

EXTENT = 10.0  # small: at most 0.1; huge: above 1


def cloud_of(count, seed=0, logit=1.0):
    """Make a cloud whose colours are the row numbers of its Gaussians."""
    r = np.random.default_rng(seed)
    values = {
        "means": r.normal(size=(count, 3)), "log_scales": r.uniform(-4.0, -1.0, (count, 3)),
        "quats": r.normal(size=(count, 4)), "logits": np.full(count, logit),
        "sh": np.tile(np.arange(count, dtype=float)[:, None, None], (1, 4, 3)),
    }  # fmt: skip
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in values.items()}


def moments_of(cloud):
    adam = Adam()
    for name in VALUES:
        adam.step(name, cloud[name].clone(), torch.ones_like(cloud[name]), 0.1)
    return adam


def memory_of(slopes, visits=1):
    slopes = torch.as_tensor(slopes, dtype=torch.float32)
    return {"slopes": slopes * visits, "visits": torch.full_like(slopes, visits)}


def refined(cloud, slopes, budget=10_000, **options):
    adam = moments_of(cloud)
    Densify(budget, EXTENT).refine(cloud, adam, memory_of(slopes), torch.Generator().manual_seed(0), **options)
    return adam


def ids(cloud):
    """Return the row of the original cloud that each row comes from."""
    return cloud["sh"][:, 0, 0].long()


def test_only_transparent_gaussians_are_pruned():
    cloud = cloud_of(200)
    cloud["logits"] = torch.linspace(-8, 4, 200)
    expected = torch.nonzero(torch.sigmoid(cloud["logits"]) >= DEAD)[:, 0]
    before = {name: value.clone() for name, value in cloud.items()}
    refined(cloud, torch.zeros(200))
    assert 0 < len(expected) < 200
    for name in VALUES:
        assert torch.equal(cloud[name], before[name][expected]), name


def test_huge_gaussians_are_pruned_only_on_request():
    for prune_huge, remaining in ((False, 50), (True, 47)):
        cloud = cloud_of(50)
        cloud["log_scales"][[3, 7, 9], 1] = math.log(0.1 * EXTENT) + 0.01
        refined(cloud, torch.zeros(50), prune_huge=prune_huge)
        assert len(cloud["means"]) == remaining
    assert not set(ids(cloud).tolist()) & {3, 7, 9}


def test_small_gaussian_is_cloned_and_the_original_keeps_its_moments():
    cloud = cloud_of(30)
    cloud["log_scales"][5] = -3.0
    before, slopes = {name: value.clone() for name, value in cloud.items()}, torch.zeros(30)
    slopes[5] = 1e-3
    adam = refined(cloud, slopes)
    assert torch.equal(ids(cloud), torch.tensor([*range(30), 5]))
    for name in VALUES:
        assert torch.equal(cloud[name][:30], before[name])
        assert torch.equal(cloud[name][30], before[name][5])
        assert (adam.moments[name].first[:30] != 0).all() and (adam.moments[name].first[30] == 0).all()


def test_large_gaussian_is_split_into_two_narrower_ones_around_its_mean():
    count = 4000
    cloud = cloud_of(count)
    cloud["log_scales"][:] = torch.log(torch.tensor([0.8, 0.2, 0.05]))
    before = {name: value.clone() for name, value in cloud.items()}
    adam = refined(cloud, torch.full((count,), 1e-3))
    first, second = cloud["means"][:count], cloud["means"][count:]
    order = torch.argsort(ids(cloud)[count:])
    second = second[order]
    assert torch.allclose((first + second) / 2, before["means"], atol=1e-5)  # the centre of mass stays
    assert torch.allclose(cloud["log_scales"], before["log_scales"].repeat(2, 1) - math.log(1.6), atol=1e-6)
    for name in ("quats", "logits"):
        assert torch.equal(cloud[name][:count], before[name])
    # each is a sample of the original Gaussian: a unit normal in its axes, divided by its scales
    from pipeline.splatting.raster.reference import rotations

    away = (rotations(before["quats"]).transpose(1, 2) @ (first - before["means"])[:, :, None])[:, :, 0]
    spread = (away / torch.exp(before["log_scales"])).std(dim=0)
    assert torch.allclose(spread, torch.ones(3), atol=0.05)
    assert all((m.first == 0).all() and (m.second == 0).all() for m in adam.moments.values())


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 120), slack=st.integers(-20, 60), seed=st.integers(0, 10_000), dead=st.floats(0, 1),
    high=st.floats(0, 1),
)  # fmt: skip
def test_budget_is_never_exceeded_and_steepest_gradients_come_first(count, slack, seed, dead, high):
    r, cloud = np.random.default_rng(seed), cloud_of(count, seed)
    pruned = torch.from_numpy(r.random(count) < dead)
    cloud["logits"][pruned] = -9.0
    slopes = torch.from_numpy(np.where(r.random(count) < high, r.uniform(2.1e-4, 1, count), 1e-4)).float()
    budget = max(1, count + slack)
    adam = refined(cloud, slopes, budget)
    alive = torch.nonzero(~pruned)[:, 0]
    if not len(alive):
        assert len(cloud["means"]) == count  # an empty splat could not be saved
        return
    steep = [
        i for i in torch.argsort(slopes, descending=True, stable=True).tolist() if slopes[i] > 2e-4 and not pruned[i]
    ]
    added = max(0, min(len(steep), budget - len(alive)))
    rows = ids(cloud).tolist()
    assert sorted(rows) == sorted(alive.tolist() + steep[:added])
    assert len(rows) <= max(budget, len(alive))
    for name in VALUES:
        assert len(cloud[name]) == len(adam.moments[name].first) == len(rows)
        assert torch.isfinite(cloud[name]).all() and cloud[name].is_contiguous()


def test_slopes_are_averaged_over_the_pictures_that_show_a_gaussian():
    cloud, strategy, generator = cloud_of(3), Densify(100, EXTENT), torch.Generator().manual_seed(0)
    memory, adam = strategy.begin(cloud), Adam()
    for i in range(4):  # visible always with weak, once with strong, never
        slopes = torch.tensor([1.9e-4, 7e-4 if i == 0 else 0.0, 0.0])
        strategy.after_step(cloud, adam, memory, Step(i, 0.101, 0.102, 1e-3, 1000, slopes), generator)
    assert memory["visits"].tolist() == [4, 1, 0]
    assert memory["slopes"].tolist() == pytest.approx([7.6e-4, 7e-4, 0])
    strategy.after_step(cloud, adam, memory, Step(4, 0.12, 0.13, 1e-3, 1000, torch.zeros(3)), generator)
    assert ids(cloud).tolist() == [0, 1, 2, 1]
    assert memory["visits"].tolist() == [0, 0, 0, 0]


def test_reset_makes_all_almost_transparent_and_clears_opacity_moments():
    cloud = cloud_of(10)
    cloud["logits"][:5] = -7.0
    adam = moments_of(cloud)
    reset(cloud, adam, -2.0)
    assert (cloud["logits"][:5] == -7.0).all() and (cloud["logits"][5:] == -2.0).all()
    assert (adam.moments["logits"].first == 0).all() and (adam.moments["means"].first != 0).all()


def test_reset_depth_is_3dgs_in_long_fits_and_recoverable_in_short_ones():
    strategy = Densify(100, EXTENT, opacity_rate=0.05)
    assert strategy.depth(30_000) == strategy.depth(2500) == pytest.approx(math.log(0.01 / 0.99))
    for planned in (20, 100, 500):
        steps = (math.log(0.9 / 0.1) - strategy.depth(planned)) / 0.05
        assert steps == pytest.approx(0.25 * planned / 3)


def test_periods_are_shares_of_the_fit():
    def crossings(iterations, period):
        return sum(
            Step(i, (i - 1) / iterations, i / iterations, 0.0, 1000).crossed(period) for i in range(1, iterations)
        )

    assert crossings(100, 0.25) == crossings(10_000, 0.25) == 3
    assert Step(7, 0.2, 0.9, 0.0, 1000).crossed(0.25)  # several crossed at once count once
    assert not Step(7, 0.26, 0.49, 0.0, 1000).crossed(0.25)
