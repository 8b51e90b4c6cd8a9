"""The project's CPU rasterizer as a `Rasterizer`: numba kernels, no GPU, no compiler."""

import torch

from pipeline.core.arrays import F64
from pipeline.splatting.raster.base import VALUES, Cloud, OnMeans2d
from pipeline.splatting.raster.cpu_version import cpu_version
from pipeline.splatting.raster.rasterize import Rasterize


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
