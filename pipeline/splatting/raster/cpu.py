"""The CPU rasterizer as a `Rasterizer` and as a torch autograd function: numba kernels, no GPU, no compiler."""

from collections.abc import Callable
from typing import Any

import torch

from pipeline.core.arrays import F32, F64
from pipeline.splatting.lens import pose_of
from pipeline.splatting.raster.base import VALUES, Cloud, OnMeans2d
from pipeline.splatting.raster.cpu_version import cpu_version
from pipeline.splatting.raster.rasterize import draw_values, gradient


class Rasterize(torch.autograd.Function):
    """`Rasterize.apply(means, log_scales, quats, logits, sh, cam_from_world, lens, degree, antialias, on_means2d)`.

    float32 CPU tensors, `cam_from_world` [3 or 4, 4] (any float), `lens` [10] from `lens_of`. Returns the picture [5,
    H, W]. `on_means2d`, if given, receives dL/d(2D mean) [N, 2] per px in the backward pass.
    """

    @staticmethod
    def forward(
        ctx: Any, means: torch.Tensor, log_scales: torch.Tensor, quats: torch.Tensor, logits: torch.Tensor,
        sh: torch.Tensor, cam_from_world: torch.Tensor, lens: F64, degree: int, antialias: bool,
        on_means2d: Callable[[F32], None] | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """Draw, and keep the inputs of the gradient."""
        means, log_scales, quats, logits, sh = (t.detach().contiguous() for t in (means, log_scales, quats, logits, sh))
        ctx.values = (means.numpy(), log_scales.numpy(), quats.numpy(), logits.numpy(), sh.numpy())
        ctx.pose = pose_of(cam_from_world.detach().double().numpy())
        ctx.like_pose = cam_from_world
        ctx.call = (lens, degree, antialias)
        ctx.on_means2d = on_means2d
        ctx.drawing = draw_values(ctx.values, ctx.pose, *ctx.call)
        return torch.from_numpy(ctx.drawing.picture)

    @staticmethod
    def backward(ctx: Any, *incoming: torch.Tensor) -> Any:
        """Return the gradients of the five values and of the pose."""
        lens, degree, antialias = ctx.call
        given = incoming[0].contiguous().numpy()
        grads = gradient(ctx.values, ctx.pose, lens, degree, antialias, ctx.drawing, given)
        if ctx.on_means2d is not None:
            ctx.on_means2d(grads.means2d)
        pose = torch.zeros_like(ctx.like_pose)
        pose[:3] = torch.from_numpy(grads.pose).to(pose.dtype)
        return (*(torch.from_numpy(g) for g in grads.values), pose, None, None, None, None)


class CpuRasterizer:
    """Draws with `Rasterize`."""

    name = "cpu"
    device = torch.device("cpu")

    @property
    def version(self) -> str:
        """The versions of the project and of numba."""
        return cpu_version()

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool,
        on_means2d: OnMeans2d | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """See `Rasterizer.draw`."""
        on_slopes = None if on_means2d is None else lambda slopes: on_means2d(torch.from_numpy(slopes))
        picture: torch.Tensor = Rasterize.apply(
            *(cloud[v] for v in VALUES), cam_from_world, lens, degree, antialias, on_slopes
        )
        return picture
