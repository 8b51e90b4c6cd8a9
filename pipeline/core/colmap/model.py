"""A sparse model in memory: raw cameras, posed images, points and their tracks."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64, I64
from pipeline.core.domain import Camera, camera_centre
from pipeline.core.errors import BadInput

CAMERA_MODELS = {
    0: ("SIMPLE_PINHOLE", 3),
    1: ("PINHOLE", 4),
    2: ("SIMPLE_RADIAL", 4),
    3: ("RADIAL", 5),
    4: ("OPENCV", 8),
}
"""COLMAP's number of each supported camera model -> its name and number of parameters."""
NO_POINT = -1
OBSERVATION = np.dtype([("xy", "<f8", 2), ("point", "<i8")])
"""A feature of an image as files store it: position in px, and the id of its point or -1."""
TRACK = np.dtype([("image", "<u4"), ("feature", "<u4")])
"""One observation of a point: the image's id, and the row in its `features_px`."""


@dataclass(frozen=True)
class RawCamera:
    """A camera as COLMAP stores it: model name, size in px, parameters in COLMAP's order."""

    model: str
    width_px: int
    height_px: int
    params: tuple[float, ...]

    @staticmethod
    def of(camera: Camera) -> "RawCamera":
        """Return the camera in COLMAP's model OPENCV, which has two focal lengths and a radial coefficient."""
        params = (camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px, camera.k1, 0.0, 0.0, 0.0)
        return RawCamera("OPENCV", camera.width_px, camera.height_px, params)

    def matrix(self) -> F64:
        """Return the pinhole matrix K, [3, 3]."""
        p = self.params
        single = self.model in ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")
        fx, fy, cx, cy = (p[0], p[0], p[1], p[2]) if single else p[:4]
        return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=np.float64)

    def distortion(self) -> F64:
        """Return OpenCV's distortion coefficients k1, k2, p1, p2."""
        extra = {"SIMPLE_RADIAL": self.params[3:4], "RADIAL": self.params[3:5], "OPENCV": self.params[4:8]}
        values = np.zeros(4)
        given = extra.get(self.model, ())
        values[: len(given)] = given
        return values

    def pinhole(self) -> Camera:
        """Return the camera with the same focal lengths and principal point, without distortion."""
        (fx, _, cx), (_, fy, cy), _ = self.matrix().tolist()
        return Camera(width_px=self.width_px, height_px=self.height_px, fx_px=fx, fy_px=fy, cx_px=cx, cy_px=cy)

    def radial(self) -> Camera:
        """Return the camera with its radial coefficient. Raises BadInput when it has other distortion too."""
        k1, *others = self.distortion().tolist()
        if any(others):
            raise BadInput(
                f"a camera of COLMAP's model {self.model} has more than one radial coefficient",
                remedy="Pose the photos with SIMPLE_PINHOLE, PINHOLE or SIMPLE_RADIAL cameras",
            )
        return self.pinhole().model_copy(update={"k1": k1})


@dataclass(frozen=True)
class PosedImage:
    """One registered photo: its file name, camera, pose and features.

    `cam_from_world` [4, 4]; `features_px` [N, 2] float64, pixel centres at +0.5; `point_ids` [N] int64, -1 where a
    feature has no point.
    """

    image_id: int
    name: str
    camera_id: int
    cam_from_world: F64
    features_px: F64
    point_ids: I64

    @property
    def photo(self) -> str:
        """The photo's name: the file's stem."""
        return self.name.rsplit(".", 1)[0]

    @property
    def centre(self) -> F64:
        """The camera's position in the world, [3]."""
        return camera_centre(self.cam_from_world)


@dataclass(frozen=True)
class Points:
    """Points [N, 3] in world units and their sRGB colours [N, 3] uint8."""

    positions: F64
    colours: NDArray[np.uint8]


@dataclass(frozen=True)
class SparseModel:
    """Cameras by id, images sorted by name, and points.

    For each of the N points: `point_ids` [N]; `error_px` [N], its mean reprojection error; `tracks`, its observations,
    [M] of dtype `TRACK`.
    """

    cameras: dict[int, RawCamera]
    images: tuple[PosedImage, ...]
    points: Points
    point_ids: NDArray[np.uint64]
    error_px: F64
    tracks: tuple[NDArray[np.void], ...]

    @property
    def reprojection_error_px(self) -> float:
        """Mean reprojection error over points, as COLMAP reports it."""
        return float(self.error_px.mean()) if len(self.error_px) else 0.0

    def camera_of(self, image: PosedImage) -> Camera:
        """Return the image's camera. Raises BadInput when it has more distortion than one radial coefficient."""
        return self.cameras[image.camera_id].radial()

    def moved(self, rotation: F64, centre: F64, scale: float) -> "SparseModel":
        """Return the model in another frame: x' = scale * rotation @ (x - centre); `rotation` [3, 3], `centre` [3]."""
        images = tuple(
            replace(image, cam_from_world=_moved_pose(image.cam_from_world, rotation, centre, scale))
            for image in self.images
        )
        positions = scale * (self.points.positions - centre) @ rotation.T
        return replace(self, images=images, points=Points(positions, self.points.colours))

    def without(self, photos: Collection[str]) -> "SparseModel":
        """Return the model without these photos, and without points that fewer than two other photos observe."""
        images = tuple(image for image in self.images if image.photo not in photos)
        kept = np.array([image.image_id for image in images], dtype=np.uint32)
        tracks = [track[np.isin(track["image"], kept)] for track in self.tracks]
        seen = np.array([len(track) >= 2 for track in tracks], dtype=bool)
        ids = self.point_ids[seen]
        return SparseModel(
            self.cameras,
            tuple(replace(i, point_ids=np.where(np.isin(i.point_ids, ids), i.point_ids, NO_POINT)) for i in images),
            Points(self.points.positions[seen], self.points.colours[seen]),
            ids,
            self.error_px[seen],
            tuple(track for track, stays in zip(tracks, seen, strict=True) if stays),
        )


def _moved_pose(pose: F64, rotation: F64, centre: F64, scale: float) -> F64:
    moved = np.eye(4)
    moved[:3, :3] = pose[:3, :3] @ rotation.T
    moved[:3, 3] = scale * (pose[:3, :3] @ centre + pose[:3, 3])
    return moved
