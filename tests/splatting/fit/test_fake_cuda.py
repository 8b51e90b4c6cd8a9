"""A fit on a fake CUDA device, where nothing may depend on tensors being in main memory."""

import numpy as np
import pytest
import torch

from pipeline.splatting.fit import trainer
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.raster.base import VALUES
from pipeline.splatting.raster.cpu import Rasterize
from tests.splatting.fit.fake_cuda import CUDA, FakeCuda, marked
from tests.splatting.toy_product import fit, photos, sparse

PARAMS = FitParams(side_px=64, iterations=108, max_seconds=1e6, gaussians=500, degree=1, holdout=6)


class FakeCudaRasterizer:
    """The CPU's kernels as if they ran on CUDA: takes clouds on CUDA only, and returns pictures there."""

    name, version, device = "fake", "1", CUDA

    def draw(self, cloud, cam_from_world, lens, degree, *, antialias, on_means2d=None):
        assert all(cloud[v].device == CUDA for v in VALUES)
        assert cam_from_world.device.type == "cpu"
        values = (cloud[v].cpu() for v in VALUES)
        on_slopes = None if on_means2d is None else lambda slopes: on_means2d(marked(torch.from_numpy(slopes)))
        return Rasterize.apply(*values, cam_from_world, lens, degree, antialias, on_slopes).to(CUDA)


def test_fake_device_fails_where_cuda_would():
    with FakeCuda():
        cuda, cpu = torch.ones(3, device=CUDA), torch.ones(3)
        assert cuda.device == (2 * cuda).to(torch.float64).device == cpu.to("cuda").device == CUDA
        assert cuda.cpu().device == cpu.device == cuda.to("cpu").device == torch.device("cpu")
        assert (cuda * torch.tensor(2.0)).cpu().numpy().tolist() == [2, 2, 2]
        assert cuda[torch.tensor([0, 2])].device == CUDA
        leaf = cuda.clone().requires_grad_(True)
        (leaf * 3).sum().backward()
        assert leaf.grad.device == CUDA
        for wrong in (
            lambda: cuda + cpu, lambda: torch.cat([cuda, cpu]), cuda.numpy, leaf.grad.numpy,
            lambda: cuda.__setitem__(0, cpu[:1]), lambda: cuda.add_(cpu),
        ):  # fmt: skip
            with pytest.raises((RuntimeError, TypeError), match=r"cuda|CUDA"):
                wrong()


@pytest.mark.parametrize(
    "changes", [{}, {"strategy": "default", "refine_poses": True}], ids=["mcmc", "default, poses refined"]
)
def test_fit_on_a_device_equals_a_fit_on_the_cpu(changes):
    params, snapshots = PARAMS.model_copy(update={"snapshot_seconds": 1e-9, **changes}), []
    on_cpu = fit(params, photos(side_px=64), sparse()).report
    with FakeCuda():
        whole = trainer.fit(params, FakeCudaRasterizer(), photos(side_px=64), sparse(), Hooks(save=snapshots.append))
    assert whole.report.psnr_db == pytest.approx(on_cpu.psnr_db, abs=0.5)
    assert abs(whole.report.gaussians - on_cpu.gaussians) < 0.05 * on_cpu.gaussians
    with FakeCuda():  # snapshots are on the CPU, so that any device can resume from them
        hooks = Hooks(load=lambda: snapshots[90])
        resumed = trainer.fit(params, FakeCudaRasterizer(), photos(side_px=64), sparse(), hooks)
    for value in VALUES:
        assert np.array_equal(getattr(whole.splat.gaussians, value), getattr(resumed.splat.gaussians, value)), value
