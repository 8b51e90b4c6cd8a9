"""A fit on a device of its own: nothing of it may lean on tensors lying in main memory."""

import numpy as np
import pytest
import torch

from pipeline.splatting.fit import trainer
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.raster.base import VALUES
from pipeline.splatting.raster.rasterize import Rasterize
from tests.splatting.fit.elsewhere import CUDA, Elsewhere, marked
from tests.splatting.toy_product import fit, photos, sparse

PARAMS = FitParams(side_px=64, iterations=130, max_seconds=1e6, gaussians=500, degree=1, holdout=6)


class RasterizerElsewhere:
    """The CPU's kernels as if they ran on CUDA: takes clouds that lie there alone, and gives pictures there."""

    name, version, device = "elsewhere", "1", CUDA

    def draw(self, cloud, cam_from_world, lens, degree, *, antialias, on_means2d=None):
        assert all(cloud[v].device == CUDA for v in VALUES)
        assert cam_from_world.device.type == "cpu"
        here = (cloud[v].cpu() for v in VALUES)
        tell = None if on_means2d is None else lambda slopes: on_means2d(marked(torch.from_numpy(slopes)))
        return Rasterize.apply(*here, cam_from_world, lens, degree, antialias, tell).to(CUDA)


def test_the_pretence_fails_where_cuda_would():
    with Elsewhere():
        there, here = torch.ones(3, device=CUDA), torch.ones(3)
        assert there.device == (2 * there).to(torch.float64).device == here.to("cuda").device == CUDA
        assert there.cpu().device == here.device == there.to("cpu").device == torch.device("cpu")
        assert (there * torch.tensor(2.0)).cpu().numpy().tolist() == [2, 2, 2]
        assert there[torch.tensor([0, 2])].device == CUDA
        leaf = there.clone().requires_grad_(True)
        (leaf * 3).sum().backward()
        assert leaf.grad.device == CUDA
        for wrong in (
            lambda: there + here, lambda: torch.cat([there, here]), there.numpy, leaf.grad.numpy,
            lambda: there.__setitem__(0, here[:1]), lambda: there.add_(here),
        ):  # fmt: skip
            with pytest.raises((RuntimeError, TypeError), match=r"cuda|CUDA"):
                wrong()


@pytest.mark.parametrize(
    "changes", [{}, {"strategy": "default", "refine_poses": True}], ids=["mcmc", "default, poses refined"]
)
def test_a_fit_elsewhere_is_a_fit_here(changes):
    params, kept = PARAMS.model_copy(update={"checkpoint_seconds": 1e-9, **changes}), []
    here = fit(params, photos(side_px=64), sparse()).report
    with Elsewhere():
        whole = trainer.fit(params, RasterizerElsewhere(), photos(side_px=64), sparse(), Hooks(save=kept.append))
    assert whole.report.psnr_db == pytest.approx(here.psnr_db, abs=0.5)
    assert abs(whole.report.gaussians - here.gaussians) < 0.05 * here.gaussians
    with Elsewhere():  # its snapshots are the CPU's: any device can go on with them
        hooks = Hooks(load=lambda: kept[90])
        resumed = trainer.fit(params, RasterizerElsewhere(), photos(side_px=64), sparse(), hooks)
    for value in VALUES:
        assert np.array_equal(getattr(whole.splat.gaussians, value), getattr(resumed.splat.gaussians, value)), value
