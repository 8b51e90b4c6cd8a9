"""The rasterizers that the trainer can draw with: one small Protocol, one adapter each."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Protocol

import torch

from pipeline.core.arrays import F64
from pipeline.core.errors import MissingEngine

Cloud = dict[str, torch.Tensor]  # by the names in VALUES; other tensors that go by name, too
OnMeans2d = Callable[[torch.Tensor], None]
VALUES = ("means", "log_scales", "quats", "logits", "sh")


class SplatEngine(Protocol):
    """Draws Gaussians differentiably, on its `device`, where the cloud must lie and the picture will."""

    name: str
    device: torch.device

    @property
    def version(self) -> str:
        """What drew, with its version, for the lineage of the splat."""

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool,
        on_means2d: OnMeans2d | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """The picture [5, H, W] float32: premultiplied r, g, b; alpha; alpha-weighted depth.

        `cloud` holds float32 tensors `means` [N, 3], `log_scales` [N, 3], `quats` [N, 4] wxyz, `logits` [N], `sh` [N,
        K, 3]; `cam_from_world` [4, 4], on the CPU; `lens` [10] from `lens_of`. Differentiable in all tensors.
        `on_means2d` gets dL/d(2D mean) [N, 2] per px in the backward pass, zero where a Gaussian was not seen.
        """


class CpuEngine:
    """The project's own rasterizer: numba kernels, no GPU, no compiler."""

    name = "cpu"
    device = torch.device("cpu")

    @property
    def version(self) -> str:
        """The project's version and numba's."""
        return f"catalog-pipeline {version('catalog-pipeline')}, numba {version('numba')}"

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool,
        on_means2d: OnMeans2d | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """See `SplatEngine.draw`."""
        from pipeline.splatting.raster.rasterize import Rasterize

        tell = None if on_means2d is None else lambda slopes: on_means2d(torch.from_numpy(slopes))
        picture: torch.Tensor = Rasterize.apply(
            *(cloud[v] for v in VALUES), cam_from_world, lens, degree, antialias, tell
        )
        return picture


def engine_named(name: str) -> SplatEngine:
    """The engine of a setting. Raises MissingEngine for one that is unknown or cannot work here; none stands in."""
    if name == "cpu":
        return CpuEngine()
    if name == "gsplat":
        from pipeline.splatting.engines.gsplat import GsplatEngine

        return GsplatEngine()
    raise MissingEngine(f"splat engine {name!r} draws no pictures for this trainer", remedy="Set it to: cpu, gsplat.")


def version_of(name: str) -> str:
    """What a setting's engine is here, with its version. Raises MissingEngine when it cannot work here."""
    if name == "nerfstudio":
        from pipeline.splatting.nerfstudio.run import nerfstudio_version, require_nerfstudio

        return f"{nerfstudio_version()}, ns-train at {require_nerfstudio()}"
    return engine_named(name).version
