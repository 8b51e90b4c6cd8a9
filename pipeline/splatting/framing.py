"""How large a splat is, and a camera from which all of it is seen."""

import math
from typing import Literal

import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.domain import Camera, look_at
from pipeline.core.errors import BadInput
from pipeline.splatting.ply import Splat

RADIUS_SIGMAS = 3.0  # of a Gaussian: where its opacity has fallen to 1%
RADIUS_MIN, RADIUS_MAX = 1e-20, 1e20  # world units, between which float32 computes
OPACITY_AT_LEAST = 0.1  # fainter Gaussians may be haze
Up = Literal["z", "-z", "y", "-y"]
FRONT_OF_UP: dict[Up, tuple[tuple[int, ...], ...]] = {
    "z": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),  # the product frame; also what nerfstudio exports
    "-z": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "y": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),  # OpenGL: the front looks along -z
    "-y": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),  # COLMAP, INRIA's code: the front looks along +z
}  # rotation from the file's world to the product frame, by the file's up axis


def extent_of(splat: Splat) -> tuple[F64, float]:
    """Return the centre [3] and radius of the ball around 99% of the opaque Gaussians.

    Where they lie closer together than they are large, as a single one does, the radius is their own. Raises BadInput
    if none is opaque, or if they have no size at all.
    """
    g = splat.gaussians
    opaque = g.opacities >= OPACITY_AT_LEAST
    means = g.means[opaque].astype(np.float64)
    if not len(means):
        raise BadInput("the splat is empty: no Gaussian is opaque", remedy="Export the splat again, with its opacities")
    centre = (np.quantile(means, 0.01, axis=0) + np.quantile(means, 0.99, axis=0)) / 2
    own = RADIUS_SIGMAS * float(np.exp(np.median(g.log_scales[opaque].max(axis=1).astype(np.float64))))
    radius = max(float(np.quantile(np.linalg.norm(means - centre, axis=1), 0.99)), own)
    if not RADIUS_MIN <= radius <= RADIUS_MAX:
        raise BadInput(f"the splat has a radius of {radius:.3g} units", remedy="Export it in metres or centimetres")
    return centre, radius


def framed(
    splat: Splat,
    azimuth_deg: float,
    elevation_deg: float,
    size_px: int,
    *,
    focal_px: float | None = None,
    fill: float = 0.9,
    up: Up = "z",
) -> tuple[Camera, F64]:
    """Return a square camera and a pose from which the whole splat fills `fill` of the picture.

    The focal length is that of an 85 mm lens on 36 mm film unless `focal_px` is given. `up` is the axis of the splat's
    world that points up: z in the product frame, where azimuth 0 is the front. Other files do not say which side is the
    front; azimuth 0 is then the side that `FRONT_OF_UP` rotates to the front.
    """
    centre, radius = extent_of(splat)
    focal = focal_px or size_px * 85 / 36
    distance = radius / math.sin(math.atan(0.5 * size_px * fill / focal))
    pose = look_at(azimuth_deg, elevation_deg, distance)
    pose[:3, :3] = pose[:3, :3] @ np.array(FRONT_OF_UP[up], np.float64)
    pose[:3, 3] -= pose[:3, :3] @ centre
    camera = Camera(width_px=size_px, height_px=size_px, fx_px=focal, fy_px=focal, cx_px=size_px / 2, cy_px=size_px / 2)
    return camera, pose
