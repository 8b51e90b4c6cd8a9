"""What a rasterizer is: a Protocol that the trainer draws with, and how a cloud of Gaussians is laid out."""

from collections.abc import Callable
from typing import Protocol

import torch

from pipeline.core.arrays import F64

Cloud = dict[str, torch.Tensor]  # by the names in VALUES, and other tensors that go by name
OnMeans2d = Callable[[torch.Tensor], None]
VALUES = ("means", "log_scales", "quats", "logits", "sh")


class Rasterizer(Protocol):
    """Draws Gaussians differentiably on its `device`, where the cloud must lie and the picture will.

    `name` is what a fit reports as its engine.
    """

    name: str
    device: torch.device

    @property
    def version(self) -> str:
        """The rasterizer's library with its version, for the splat's lineage."""

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool,
        on_means2d: OnMeans2d | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """Draw a picture [5, H, W] float32: premultiplied r, g, b; alpha; alpha-weighted depth.

        `cloud` holds float32 tensors `means` [N, 3], `log_scales` [N, 3], `quats` [N, 4] wxyz, `logits` [N], `sh` [N,
        K, 3]; `cam_from_world` [4, 4], on the CPU; `lens` [10] from `lens_of`. Differentiable in all tensors.
        `on_means2d` gets dL/d(2D mean) [N, 2] per px in the backward pass, zero where a Gaussian was not seen.
        """
