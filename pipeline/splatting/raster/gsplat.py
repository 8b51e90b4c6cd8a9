"""gsplat's CUDA rasterizer (Ye et al. 2024, github.com/nerfstudio-project/gsplat) as a `Rasterizer`.

It follows the conventions of the CPU rasterizer: pixel centres at +0.5, the same blur, near plane and 1/255 threshold,
no clipping by radius. Two differences are compiled into gsplat. It caps alpha at 0.999, the CPU at 0.99, which changes
alpha by at most 0.009, at the centre of a Gaussian whose opacity is above 0.99. And it stops each pixel when its
transmittance falls below 1e-4, the CPU a whole tile at a time.
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

_REMEDY = "Run it on a machine with CUDA, or set the splat's engine to cpu"


def require_gsplat() -> None:
    """Raise MissingEngine if gsplat is not installed, CUDA has no device, or the kernels cannot be built."""
    if find_spec("gsplat") is None:
        raise MissingEngine(
            "splat engine 'gsplat' requires the library gsplat, which is not installed",
            remedy="Run pip install 'catalog-pipeline[gsplat]' where CUDA is, or set the splat's engine to cpu",
        )
    if not torch.cuda.is_available():
        raise MissingEngine(
            f"splat engine 'gsplat' requires CUDA; torch {torch.__version__} finds none", remedy=_REMEDY
        )
    from torch.utils.cpp_extension import CUDA_HOME

    try:  # the first import compiles the kernels: minutes, once per machine
        from gsplat.cuda import _backend
    except (ImportError, OSError, RuntimeError) as error:
        last = str(error).strip().splitlines()[-1:] or ["gsplat gives no reason"]
        raise MissingEngine(f"gsplat's CUDA kernels cannot be built: {last[0]}", remedy=_REMEDY) from error
    if _backend._C is None:
        raise MissingEngine(
            f"gsplat has no CUDA kernels and no toolkit to build them with (CUDA_HOME is {CUDA_HOME})",
            remedy=f"Install the CUDA toolkit {torch.version.cuda} (nvcc), which torch was built with",
        )


class GsplatRasterizer:
    """Draws on the GPU.

    `device` is "cuda"; any other works only where a test replaces gsplat's kernels. Raises MissingEngine as
    `require_gsplat` does.
    """

    name = "gsplat"

    def __init__(self, device: str = "cuda") -> None:
        self.device = torch.device(device)
        if self.device.type == "cuda":
            require_gsplat()

    @property
    def version(self) -> str:
        """The versions of gsplat and CUDA, and the device's name."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        return f"gsplat {version('gsplat')}, CUDA {torch.version.cuda}, {name}"

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool,
        on_means2d: OnMeans2d | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """See `Rasterizer.draw`.

        Raises BadInput for NaN and infinity, a pose that is not rigid, and a window of a larger picture, because gsplat
        bounds its Jacobian by the picture it draws.
        """
        import gsplat

        pose_of(cam_from_world.detach().double().cpu().numpy())
        pose, values = cam_from_world.to(self.device, torch.float32), _values(cloud)
        # gsplat's own sh_degree inverts the pose, whose gradient then leaves the rigid transforms.
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
    """Return the cloud under gsplat's names, with activated scales and opacities. Raises BadInput on NaN, infinity."""
    finite = torch.stack(
        [torch.isfinite(cloud[name].detach()).all() for name in VALUES]
    ).tolist()  # a single wait for the GPU
    for name, is_finite in zip(VALUES, finite, strict=True):
        if not is_finite:
            raise BadInput(
                f"{name} of the Gaussians contains NaN or infinity", remedy="Lower the learning rates, or fit again"
            )
    return {
        "means": cloud["means"], "quats": cloud["quats"], "scales": torch.exp(cloud["log_scales"]),
        "opacities": torch.sigmoid(cloud["logits"]), "sh": cloud["sh"],
    }  # fmt: skip


def _camera(lens: F64) -> dict[str, Any]:
    """Return width and height of the picture. Raises BadInput if the lens is a window of a larger one."""
    fx, fy, cx, cy, width, height = lens[:6]
    mx, my = 0.15 * width / fx, 0.15 * height / fy
    own = [-cx / fx - mx, (width - cx) / fx + mx, -cy / fy - my, (height - cy) / fy + my]
    if not np.allclose(lens[6:], own):
        raise BadInput("gsplat draws whole pictures only, not a window", remedy="Draw windows with the engine cpu")
    return {"width": int(width), "height": int(height)}


def _matrix(lens: F64) -> torch.Tensor:
    """Return K [3, 3] float32."""
    fx, fy, cx, cy = lens[:4]
    return torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float32)
