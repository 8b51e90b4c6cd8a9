"""Moves SfM's model into the product frame, and derives the view of every photo."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import PosedImage, SparseModel
from pipeline.core.domain import View, azimuth_elevation_deg, camera_centre
from pipeline.core.errors import Held
from pipeline.core.records import Up
from pipeline.posing.frame import Rig, Upright, aim_point, product_rotation
from pipeline.posing.halves import Turned, half_of
from pipeline.posing.hull import Extent, PosedMatte, point_extent, trimmed, visual_hull
from pipeline.posing.up import UpHints, find_up


@dataclass(frozen=True)
class ProductFrame:
    """The model in the product frame, its views sorted by photo, and how well up and the rings are known.

    `ring_residual_deg`: RMS deviation of the cameras from their rings, None without rings.
    """

    model: SparseModel
    views: tuple[View, ...]
    rings: int
    ring_residual_deg: float | None
    up: Up


def product_frame(
    model: SparseModel,
    silhouettes: Mapping[str, NDArray[np.bool_]] | None,
    rig: Rig,
    front: str,
    hints: UpHints | None = None,
    turned: Turned = (),
) -> ProductFrame:
    """Fit the product frame (see pipeline/core/domain.py) to a model of at least two photos.

    Up comes from the cameras and from `hints`, the vertical line through the product from the cameras; the product's
    middle height and radius come from the silhouettes (photo -> [h, w] bool) or, without them, from the points. With
    `turned`, the photos of each further half of a product that was turned over, up is that of the front photo's half,
    and so are rings. Raises Held when the front photo, or one whose roll is stated, is not registered.
    """
    by_photo = {image.photo: image for image in model.images}
    if front not in by_photo:
        raise Held(
            f"the front photo {front} could not be registered, so azimuths are unknown",
            code="sfm-front-not-posed",
            remedy="Name another photo in shoot.yaml (capture.front), or shoot the front again, sharp and well lit",
        )
    fit, up = find_up(half_of(model, turned, front), rig, hints or UpHints(masked=silhouettes is not None))
    rotation = product_rotation(fit.up, by_photo[front].centre - fit.foot)
    level = model.moved(rotation, _aim_on_line(model, fit), 1.0)
    extent = _extent(level, silhouettes)
    centre = np.array([0.0, 0.0, extent.middle[2]]) if up.source == "turntable" else extent.middle
    radius = float(np.percentile(np.linalg.norm(extent.samples - centre, axis=1), 99.0))
    facing = level.moved(np.eye(3), centre, 1.0 / radius)
    placed = facing.moved(_turned_to_front(facing, front), np.zeros(3), 1.0)
    views = tuple(_view(placed, image) for image in placed.images)
    return ProductFrame(placed, views, len(fit.ring_indices), fit.residual_deg, up)


def _aim_on_line(model: SparseModel, fit: Upright) -> F64:
    """The point [3] of the vertical line at the height at which the cameras aim."""
    poses = np.stack([image.cam_from_world for image in model.images])
    aim = aim_point(poses[:, :3, :3], poses[:, :3, 3])
    return fit.foot + fit.up * float(fit.up @ (aim - fit.foot))


def _extent(level: SparseModel, silhouettes: Mapping[str, NDArray[np.bool_]] | None) -> Extent:
    """The product's extent, in an upright frame whose origin is where the cameras aim.

    Raises Held when neither silhouettes nor points give one.
    """
    distance = float(np.median([np.linalg.norm(image.centre) for image in level.images]))
    camera = level.camera_of(level.images[0])
    reach = distance * max(camera.width_px / camera.fx_px, camera.height_px / camera.fy_px) / 2
    extent = None
    if silhouettes is not None:
        posed = [
            PosedMatte(level.camera_of(image), image.cam_from_world, silhouettes[image.photo])
            for image in level.images
            if image.photo in silhouettes
        ]
        hull = visual_hull(posed, np.zeros(3), min(1.3 * reach, 0.9 * distance))
        extent = hull and trimmed(hull, np.stack([image.centre for image in level.images]))
    extent = extent or point_extent(level.points.positions, np.zeros(3), min(reach, 0.9 * distance))
    if extent is None:
        raise Held(
            f"only {len(level.points.positions)} points of the product were found, too few to locate its middle",
            code="sfm-too-few-points",
            remedy="Check the cut-outs, and shoot the product larger and sharper",
        )
    return extent


def _turned_to_front(model: SparseModel, front: str) -> F64:
    """Rotation [3, 3] about +z that brings the front photo to azimuth 0: the centre may have moved off the line."""
    centre = next(image.centre for image in model.images if image.photo == front)
    azimuth_deg, _ = azimuth_elevation_deg(centre)
    cosine, sine = np.cos(np.radians(-azimuth_deg)), np.sin(np.radians(-azimuth_deg))
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _view(model: SparseModel, image: PosedImage) -> View:
    azimuth_deg, elevation_deg = azimuth_elevation_deg(camera_centre(image.cam_from_world))
    return View(
        photo=image.photo,
        camera=model.camera_of(image),
        cam_from_world=tuple(tuple(row) for row in image.cam_from_world.tolist()),
        azimuth_deg=round(azimuth_deg, 6) % 360.0,
        elevation_deg=round(elevation_deg, 6),
    )
