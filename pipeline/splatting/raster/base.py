"""The Protocol of rasterizers, and the layout of a cloud of Gaussians."""

from collections.abc import Callable
from typing import Protocol

import torch

from pipeline.core.arrays import F64

Cloud = dict[str, torch.Tensor]  # keys: VALUES, or the names of a strategy's memory or of corrections
OnMeans2d = Callable[[torch.Tensor], None]
VALUES = ("means", "log_scales", "quats", "logits", "sh")


class Rasterizer(Protocol):
    """Draws Gaussians differentiably. Cloud and picture are on its `device`; `name` is the engine in a fit's report."""

    name: str
    device: torch.device

    @property
    def version(self) -> str:
        """The rasterizer's libraries with their versions, for the splat's lineage."""

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool,
        on_means2d: OnMeans2d | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """Draw a picture [5, H, W] float32: premultiplied r, g, b; alpha; alpha-weighted depth.

        `cloud` holds float32 tensors `means` [N, 3], `log_scales` [N, 3], `quats` [N, 4] wxyz, `logits` [N], `sh` [N,
        K, 3]; `cam_from_world` [4, 4], on the CPU; `lens` [10] from `lens_of`. Differentiable in all tensors.
        `on_means2d` receives dL/d(2D mean) [N, 2] per px in the backward pass, 0 where a Gaussian was not visible.
        """
