"""gsplat's CUDA rasterizer (Ye et al. 2024, github.com/nerfstudio-project/gsplat) behind `Rasterizer`.

Same conventions as the CPU's rasterizer: pixel centres at +0.5, the same blur, near plane and 1/255 cut, no clipping by
radius. Two differences stay, for gsplat compiles them in: alpha is capped at 0.999 there and at 0.99 here, which shows
where a Gaussian's opacity lies above 0.99 (at most 0.009 of alpha, at its very centre); and gsplat ends each pixel when
less than 1e-4 shines through, the CPU a whole tile at a time.
"""

from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from pipeline.core.arrays import F64
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.splatting.lens import pose_of
from pipeline.splatting.raster.base import VALUES, Cloud, OnMeans2d
from pipeline.splatting.raster.projection import BLUR_ANTIALIASED_PX2, BLUR_PX2, NEAR

_REMEDY = "Run it where CUDA is, or set the splat's engine to cpu"


def require_gsplat() -> None:
    """Raise MissingEngine when gsplat is not installed, no CUDA device is there, or its kernels cannot be built."""
    if find_spec("gsplat") is None:
        raise MissingEngine(
            "splat engine 'gsplat' needs the library gsplat, which is not installed",
            remedy="Run pip install 'catalog-pipeline[gsplat]' where CUDA is, or set the splat's engine to cpu",
        )
    if not torch.cuda.is_available():
        raise MissingEngine(f"splat engine 'gsplat' needs CUDA; torch {torch.__version__} sees none", remedy=_REMEDY)
    from torch.utils.cpp_extension import CUDA_HOME

    try:  # the first import compiles the kernels: minutes, once per machine
        from gsplat.cuda import _backend
    except (ImportError, OSError, RuntimeError) as error:
        last = str(error).strip().splitlines()[-1:] or ["no reason given"]
        raise MissingEngine(f"gsplat's CUDA kernels cannot be built: {last[0]}", remedy=_REMEDY) from error
    if _backend._C is None:
        raise MissingEngine(
            f"gsplat has no CUDA kernels and no toolkit to build them with (CUDA_HOME is {CUDA_HOME})",
            remedy=f"Install the CUDA toolkit {torch.version.cuda} (nvcc), which torch was built with",
        )


class GsplatRasterizer:
    """Draws on the GPU.

    `device` is "cuda"; anything else draws only where a test puts other kernels into gsplat. Raises MissingEngine as
    `require_gsplat`.
    """

    name = "gsplat"

    def __init__(self, device: str = "cuda") -> None:
        self.device = torch.device(device)
        if self.device.type == "cuda":
            require_gsplat()

    @property
    def version(self) -> str:
        """The library's version, CUDA's, and the device's name."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        return f"gsplat {version('gsplat')}, CUDA {torch.version.cuda}, {name}"

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool,
        on_means2d: OnMeans2d | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """See `Rasterizer.draw`.

        Raises BadInput on NaN and infinity, on a pose that is not rigid, and on a window of a larger picture: gsplat
        bounds its Jacobian by the picture it draws.
        """
        import gsplat

        pose_of(cam_from_world.detach().double().cpu().numpy())
        pose, values = cam_from_world.to(self.device, torch.float32), _values(cloud)
        # Not by gsplat's own sh_degree: it inverts the pose, whose gradient then leaves the rigid transforms.
        towards = values["means"] + pose[:3, :3].T @ pose[:3, 3]
        colours = (gsplat.spherical_harmonics(degree, towards, values.pop("sh")) + 0.5).clamp_min(0.0)
        planes, alphas, extra = gsplat.rasterization(
            **values, **_camera(lens), colors=colours, viewmats=pose[None], Ks=_matrix(lens).to(self.device)[None],
            packed=False, render_mode="RGB+D",
            near_plane=NEAR, radius_clip=0.0, eps2d=BLUR_ANTIALIASED_PX2 if antialias else BLUR_PX2,
            rasterize_mode="antialiased" if antialias else "classic",
        )  # fmt: skip
        if on_means2d is not None:
            extra["means2d"].register_hook(lambda slopes: on_means2d(slopes[0].detach()))
        picture = torch.cat([planes[0, ..., :3], alphas[0], planes[0, ..., 3:]], dim=-1)
        return picture.permute(2, 0, 1).contiguous()


def _values(cloud: Cloud) -> dict[str, torch.Tensor]:
    """The cloud under gsplat's names, scales and opacities after their activations."""
    finite = torch.stack(
        [torch.isfinite(cloud[name].detach()).all() for name in VALUES]
    ).tolist()  # one wait for the GPU
    for name, good in zip(VALUES, finite, strict=True):
        if not good:
            raise BadInput(
                f"{name} of the Gaussians holds NaN or infinity", remedy="Lower the learning rates, or fit again"
            )
    return {
        "means": cloud["means"], "quats": cloud["quats"], "scales": torch.exp(cloud["log_scales"]),
        "opacities": torch.sigmoid(cloud["logits"]), "sh": cloud["sh"],
    }  # fmt: skip


def _camera(lens: F64) -> dict[str, Any]:
    """Width and height of the picture; checks that the lens's bounds are the picture's own."""
    fx, fy, cx, cy, width, height = lens[:6]
    mx, my = 0.15 * width / fx, 0.15 * height / fy
    own = [-cx / fx - mx, (width - cx) / fx + mx, -cy / fy - my, (height - cy) / fy + my]
    if not np.allclose(lens[6:], own):
        raise BadInput("gsplat draws whole pictures, not a window of one", remedy="Draw windows with the engine cpu")
    return {"width": int(width), "height": int(height)}


def _matrix(lens: F64) -> torch.Tensor:
    """K [3, 3] float32."""
    fx, fy, cx, cy = lens[:4]
    return torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float32)
