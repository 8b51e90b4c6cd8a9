"""The product's surface as a splat and the photos show it: depth for a camera, and points all around.

Everything that needs the product's shape rather than its picture uses `surface_depth`.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.core.domain import Camera
from pipeline.splatting.carving.patches import Patches, Warp, nearest, reduced
from pipeline.splatting.carving.refine import CORRELATION, TEXTURE, WINDOW_PX, best_depth
from pipeline.splatting.framing import extent_of, framed
from pipeline.splatting.lens import lens_of, pose_of
from pipeline.splatting.photos import PreparedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.raster.front import front
from pipeline.splatting.raster.rasterize import list_values

STRIP_PIXELS = 2**22
NEAREST = 4  # photos compared
PASSES = ((0.03, 13), (0.008, 9))  # reach in radii of the product, and steps, of each search around the splat's depth
VIEWS = ((0.0, 8), (35.0, 8), (75.0, 4))  # elevation in degrees and number of azimuths from which points are collected
VIEW_PX = 256


def surface_depth(splat: Splat, camera: Camera, cam_from_world: F64, photos: Sequence[PreparedPhoto] = ()) -> F32:
    """Depth [h, w] of the surface along the camera's axis, world units; NaN beside the product.

    `photos`, with which the splat's depth is refined where the nearest of them agree, may be those of the fit or
    others. Raises BadInput for a distorted camera and for a pose that is not rigid.
    """
    depth = _drawn(splat, camera, pose_of(cam_from_world))
    if len(photos) < NEAREST or np.isnan(depth).all():
        return depth
    chosen = [photos[i] for i in nearest(list(photos), cam_from_world[2, :3], NEAREST)]
    return _refined(depth, camera, cam_from_world, chosen, extent_of(splat)[1])


def _drawn(splat: Splat, camera: Camera, pose: F64) -> F32:
    """The depth of the splat's front, drawn in strips of rows."""
    g = splat.gaussians
    values = (g.means, g.log_scales, g.quats, g.logits, g.sh)
    out = np.empty((camera.height_px, camera.width_px), np.float32)
    rows = max(1, STRIP_PIXELS // camera.width_px)
    for top in range(0, camera.height_px, rows):
        height = min(rows, camera.height_px - top)
        strip = camera.model_copy(update={"height_px": height, "cy_px": camera.cy_px - top})
        d = list_values(values, pose, lens_of(strip, camera), 0, splat.antialias)
        part = out[top : top + height]
        front(d.records, d.pairs, d.starts, d.dealt, d.bounds, camera.width_px, height, part)
    return out


def _refined(depth: F32, camera: Camera, cam_from_world: F64, photos: list[PreparedPhoto], radius: float) -> F32:
    """The depth at which the photos agree best near `depth`, where they agree well and show texture."""
    empty = np.isnan(depth)
    middle = float(np.nanmedian(depth))
    depth = np.where(empty, np.float32(middle), depth)
    at = cam_from_world[:3, :3].T @ (np.array([0.0, 0.0, middle]) - cam_from_world[:3, 3])
    warps = []
    for photo in photos:
        away = float(photo.cam_from_world[2, :3] @ at + photo.cam_from_world[2, 3])
        side = max(photo.full.camera.width_px, photo.full.camera.height_px)
        shrink = camera.fx_px / middle / (photo.full.camera.fx_px / away)
        level = reduced(photo.full, max(1, round(side * min(1.0, shrink))))
        warps.append(Warp.between(camera, cam_from_world, photo, level))
    for reach, steps in PASSES:
        found = best_depth(None, warps, depth, reach * radius, steps)
        seen = Patches.of(warps[0].at(found.depth), WINDOW_PX)
        good = found.inside & (found.agreement > CORRELATION) & (seen.deviation > TEXTURE) & ~empty
        depth = np.where(good, found.depth, depth)
    depth[empty] = np.nan
    return depth


def back_projected(depth: F32, camera: Camera, cam_from_world: F64) -> F64:
    """Points [n, 3] in the world of the pixels of `depth` [h, w] that are not NaN."""
    y, x = np.nonzero(~np.isnan(depth))
    rays = np.stack(
        [(x + 0.5 - camera.cx_px) / camera.fx_px, (y + 0.5 - camera.cy_px) / camera.fy_px, np.ones(len(x))], -1
    )
    points: F64 = (rays * depth[y, x, None] - cam_from_world[:3, 3]) @ cam_from_world[:3, :3]
    return points


def surface_points(splat: Splat) -> F32:
    """Points [n, 3] of the surface as seen from all around and above, world units with +z up.

    The side that the product stands on has none: photos do not show it, and a splat draws there what it likes. The same
    splat gives the same points. Raises BadInput if no Gaussian is opaque.
    """
    points = []
    for elevation_deg, count in VIEWS:
        for azimuth_deg in 360.0 * np.arange(count) / count:
            camera, pose = framed(splat, azimuth_deg, elevation_deg, VIEW_PX)
            points.append(back_projected(surface_depth(splat, camera, pose), camera, pose))
    return np.concatenate(points).astype(np.float32)
