"""Render a splat from any side, at any size: straight-alpha RGBA, supersampled, in strips if large."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Rgba
from pipeline.core.domain import Camera
from pipeline.core.errors import BadInput
from pipeline.core.png import encode_png
from pipeline.splatting.framing import Up, extent_of, framed
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.lens import SIDE_MAX_PX, lens_of, pose_of
from pipeline.splatting.ply import Splat, read_ply
from pipeline.splatting.raster.rasterize import draw_values

STRIP_PIXELS = 2**22  # supersampled pixels per strip: 84 MB of planes
DRAWN_AT, FAR = 2.0, 1e4  # world units; see `_at_drawable_scale`
SAMPLE = 1000  # Gaussians from which the middle of a splat is estimated
PLY_BYTES_MAX = 4 * 2**30


@dataclass(frozen=True)
class Rendered:
    """`rgba` [H, W, 4] uint8, sRGB, straight alpha; `depth` [H, W] float32 along the axis, world units, 0 if empty."""

    rgba: Rgba
    depth: F32


def planes(splat: Splat, camera: Camera, cam_from_world: F64, supersample: int = 2) -> F32:
    """Draw planes [5, H, W] float32: premultiplied r, g, b; alpha; alpha-weighted depth; averaged over supersamples.

    They are drawn in strips of rows that join without a seam. Raises BadInput for a distorted camera and for a pose
    that is not rigid.
    """
    g, pose, scale = _at_drawable_scale(splat.gaussians, pose_of(cam_from_world))
    values = (g.means, g.log_scales, g.quats, g.logits, g.sh)
    fine = camera.model_copy(
        update={
            "width_px": camera.width_px * supersample, "height_px": camera.height_px * supersample,
            "fx_px": camera.fx_px * supersample, "fy_px": camera.fy_px * supersample,
            "cx_px": camera.cx_px * supersample, "cy_px": camera.cy_px * supersample,
        }
    )  # fmt: skip
    out = np.empty((5, camera.height_px, camera.width_px), np.float32)
    rows = max(1, STRIP_PIXELS // (fine.width_px * supersample))
    for top in range(0, camera.height_px, rows):
        count = min(rows, camera.height_px - top)
        strip = fine.model_copy(update={"height_px": count * supersample, "cy_px": fine.cy_px - top * supersample})
        picture = draw_values(values, pose, lens_of(strip, fine), g.degree, splat.antialias).picture
        for plane in range(5):
            out[plane, top : top + count] = cv2.resize(
                picture[plane], (camera.width_px, count), interpolation=cv2.INTER_AREA
            )
    out[4] /= np.float32(scale)
    return out


def _at_drawable_scale(g: Gaussians, cam_from_world: F64) -> tuple[Gaussians, F64, float]:
    """Gaussians, pose [3, 4] and the factor by which they are scaled: 1 unless the rasterizer needs it.

    Its near plane and its float32 suit splats from one to `FAR` units away. Beyond that, or where the coordinates are
    much larger than the distance (georeferenced files), the splat is moved to the origin and scaled to a distance of
    `DRAWN_AT`, which leaves the picture as it is.
    """
    sample = g.means[:: 1 + len(g) // SAMPLE].astype(np.float64)
    middle = np.median(sample, axis=0)
    distance = float(np.linalg.norm(cam_from_world[:, :3] @ middle + cam_from_world[:, 3]))
    if (DRAWN_AT / 2 <= distance <= FAR and np.linalg.norm(middle) <= FAR * distance) or distance == 0.0:
        return g, cam_from_world, 1.0
    scale = DRAWN_AT / distance
    pose = cam_from_world.copy()
    pose[:, 3] = (pose[:, :3] @ middle + pose[:, 3]) * scale
    means = ((g.means - middle) * scale).astype(np.float32)
    return replace(g, means=means, log_scales=g.log_scales + np.float32(math.log(scale))), pose, scale


def straight(picture: F32) -> Rendered:
    """Convert planes [5, H, W] to 8-bit straight-alpha RGBA and depth."""
    alpha = np.clip(picture[3], 0, 1)
    safe = np.maximum(picture[3], 1e-6)
    rgba = np.empty((*alpha.shape, 4), np.uint8)
    rgba[..., :3] = np.clip(picture[:3] / safe * 255 + 0.5, 0, 255).transpose(1, 2, 0)
    rgba[..., 3] = alpha * 255 + 0.5
    rgba[rgba[..., 3] == 0] = 0
    return Rendered(rgba, np.where(alpha > 1 / 255, picture[4] / safe, 0).astype(np.float32))


def render(splat: Splat, camera: Camera, cam_from_world: F64, supersample: int = 2) -> Rendered:
    """Render the splat as `camera` sees it from `cam_from_world`; raises BadInput as `planes` does."""
    return straight(planes(splat, camera, cam_from_world, supersample))


def read_splat(path: Path) -> Splat:
    """Read a PLY file. Raises BadInput if it is missing, too large, not a splat, or shows nothing."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    if path.stat().st_size > PLY_BYTES_MAX:
        raise BadInput(f"{path}: {path.stat().st_size} bytes are too large for a splat")
    splat = read_ply(path.read_bytes(), str(path))
    try:
        extent_of(splat)
    except BadInput as error:
        raise BadInput(f"{path}: {error.what}", remedy=error.remedy) from None
    return splat


def check_new(out: Path) -> None:
    """Raise BadInput if `out` exists or its folder does not."""
    if out.exists():
        raise BadInput(f"{out} already exists", remedy="Choose another name, or remove it")
    if not out.parent.is_dir():
        raise BadInput(f"{out.parent}: no such folder")


def render_to_file(
    ply: Path, out: Path, azimuth_deg: float, elevation_deg: float, size_px: int, *, focal_px: float | None = None,
    fill: float = 0.9, up: Up = "z", supersample: int = 2,
) -> Splat:  # fmt: skip
    """Render the splat in `ply`, framed as by `framed`, to an RGBA PNG, as `catalog render` does.

    Returns the splat. Raises BadInput if `out` exists, its folder does not, or `ply` is not a splat.
    """
    check_new(out)
    if not 1 <= size_px <= SIDE_MAX_PX // supersample:
        raise BadInput(f"a size of {size_px} px cannot be drawn", remedy=f"Choose 1 to {SIDE_MAX_PX // supersample} px")
    splat = read_splat(ply)
    camera, pose = framed(splat, azimuth_deg, elevation_deg, size_px, focal_px=focal_px, fill=fill, up=up)
    out.write_bytes(encode_png(render(splat, camera, pose, supersample).rgba))
    return splat
