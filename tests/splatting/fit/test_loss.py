"""The fused loss and Adam, compared with plain references."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.fit.loss import LossWeights, ProductLoss, product_loss_reference


def pictures(seed, height, width):
    r = np.random.default_rng(seed)
    alpha = r.uniform(size=(2, 1, height, width))
    colour = r.uniform(size=(2, 3, height, width)) * alpha
    picture = np.concatenate([colour[0], alpha[0], r.uniform(size=(1, height, width))])
    return picture, np.concatenate([colour[1], alpha[1]])


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1000), height=st.integers(1, 70), width=st.integers(1, 70),
    ssim=st.floats(0, 1), alpha=st.floats(0, 1),
)  # fmt: skip
def test_loss_and_gradients_equal_the_reference(seed, height, width, ssim, alpha):
    picture, target = pictures(seed, height, width)
    r = np.random.default_rng(seed)
    small = [r.uniform(0.8, 1.2, 3), r.uniform(-0.1, 0.1, 3)]
    backdrop, weights = r.uniform(size=3), LossWeights(ssim, alpha)
    slow = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (picture, *small)]
    fast = [t.detach().float().requires_grad_(True) for t in slow]
    loss = ProductLoss.apply(*fast, torch.tensor(target).float(), torch.tensor(backdrop).float(), weights)
    twin = product_loss_reference(*slow, torch.tensor(target), torch.tensor(backdrop), weights)
    (2 * loss).backward()
    (2 * twin).backward()
    assert loss.item() == pytest.approx(twin.item(), rel=1e-4, abs=1e-6)
    for a, b in zip(fast, slow, strict=True):
        assert (a.grad - b.grad).norm() <= 1e-3 * b.grad.norm() + 1e-8


def test_loss_of_equal_pictures_is_zero():
    picture, _ = pictures(3, 40, 50)
    p = torch.tensor(picture, dtype=torch.float32, requires_grad=True)
    ones, zeros = torch.ones(3), torch.zeros(3)
    loss = ProductLoss.apply(p, ones, zeros, p.detach()[:4].contiguous(), torch.rand(3), LossWeights())
    loss.backward()
    assert abs(loss.item()) < 1e-5
    assert p.grad.abs().max() < 1e-5


def test_adam_steps_equal_torchs_and_fresh_rows_start_at_zero():
    r = torch.Generator().manual_seed(1)
    value = torch.randn(70, 3, generator=r)
    twin = value.clone().requires_grad_(True)
    ours, theirs = Adam(), torch.optim.Adam([twin], lr=0.01, eps=1e-15)
    for _ in range(12):
        gradient = torch.randn(70, 3, generator=r)
        twin.grad = gradient.clone()
        ours.step("x", value, gradient, 0.01)
        theirs.step()
    assert torch.allclose(value, twin.detach(), atol=1e-5)
    kept = ours.moments["x"].first[5].clone()
    ours.reindex("x", torch.tensor([5, 5, 7]), torch.tensor([False, True, False]))
    assert torch.equal(ours.moments["x"].first[0], kept)
    assert not ours.moments["x"].second[1].any()
