"""A sparse model, in memory and as COLMAP's binary files, so that poses can be read and moved without loading pycolmap.

File format, little-endian: https://colmap.github.io/format.html#binary-file-format
"""

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from pipeline.core.domain import Camera, Matrix
from pipeline.core.errors import BadInput

SIMPLE_RADIAL = 2
PARAMETERS = {0: 3, 1: 4, SIMPLE_RADIAL: 4}  # SIMPLE_PINHOLE f,cx,cy; PINHOLE fx,fy,cx,cy; SIMPLE_RADIAL f,cx,cy,k
NO_POINT = -1
_OBSERVATION = np.dtype([("xy", "<f8", 2), ("point", "<i8")])
_TRACK = np.dtype([("image", "<u4"), ("feature", "<u4")])


@dataclass(frozen=True)
class PosedImage:
    """One registered photo: its file name, camera, pose and what it sees.

    `cam_from_world` [4, 4]; `features_px` [N, 2] float64, pixel centres at +0.5; `point_ids` [N] int64, -1 where no
    point.
    """

    image_id: int
    name: str
    camera_id: int
    cam_from_world: Matrix
    features_px: Matrix
    point_ids: NDArray[np.int64]

    @property
    def photo(self) -> str:
        """The photo's name: the file's stem."""
        return self.name.rsplit(".", 1)[0]

    @property
    def centre(self) -> Matrix:
        """Where the camera stands in the world, [3]."""
        pose = self.cam_from_world
        return np.asarray(-pose[:3, :3].T @ pose[:3, 3])


@dataclass(frozen=True)
class SparseModel:
    """Cameras, posed photos and points: `xyz` [P, 3], `rgb` [P, 3] uint8, `error_px` [P], `tracks` (image, feature)."""

    cameras: dict[int, Camera]
    images: tuple[PosedImage, ...]
    point_ids: NDArray[np.uint64]
    xyz: Matrix
    rgb: NDArray[np.uint8]
    error_px: Matrix
    tracks: tuple[NDArray[np.void], ...]

    @property
    def reprojection_error_px(self) -> float:
        """Mean reprojection error over points, as COLMAP reports it."""
        return float(self.error_px.mean()) if len(self.error_px) else 0.0

    def moved(self, rotation: Matrix, centre: Matrix, scale: float) -> "SparseModel":
        """The same model in another frame: x' = scale * rotation @ (x - centre), `rotation` [3, 3], `centre` [3]."""
        images = tuple(
            replace(image, cam_from_world=_moved_pose(image.cam_from_world, rotation, centre, scale))
            for image in self.images
        )
        return replace(self, images=images, xyz=scale * (self.xyz - centre) @ rotation.T)

    def without(self, photos: Collection[str]) -> "SparseModel":
        """The same model without these photos, and without the points that fewer than two others see."""
        images = tuple(image for image in self.images if image.photo not in photos)
        kept = np.array([image.image_id for image in images], dtype=np.uint32)
        tracks = [track[np.isin(track["image"], kept)] for track in self.tracks]
        seen = np.array([len(track) >= 2 for track in tracks], dtype=bool)
        ids = self.point_ids[seen]
        return SparseModel(
            self.cameras,
            tuple(replace(i, point_ids=np.where(np.isin(i.point_ids, ids), i.point_ids, NO_POINT)) for i in images),
            ids,
            self.xyz[seen],
            self.rgb[seen],
            self.error_px[seen],
            tuple(track for track, stays in zip(tracks, seen, strict=True) if stays),
        )


def _moved_pose(pose: Matrix, rotation: Matrix, centre: Matrix, scale: float) -> Matrix:
    moved = np.eye(4)
    moved[:3, :3] = pose[:3, :3] @ rotation.T
    moved[:3, 3] = scale * (pose[:3, :3] @ centre + pose[:3, 3])
    return moved


def read_model(folder: Path) -> SparseModel:
    """Read a folder's three binary files. Raises BadInput when one is missing, damaged or has a strange camera."""
    try:
        with (folder / "cameras.bin").open("rb") as file:
            cameras = _read_cameras(file)
        with (folder / "images.bin").open("rb") as file:
            images = _read_images(file)
        with (folder / "points3D.bin").open("rb") as file:
            return SparseModel(cameras, images, *_read_points(file))
    except FileNotFoundError as error:
        raise BadInput(
            f"{error.filename} is missing", remedy="give a folder that COLMAP or `catalog sfm` wrote"
        ) from None
    except (struct.error, ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"{folder} holds a damaged COLMAP model ({error})", remedy="run `catalog sfm` again") from error


def write_model(model: SparseModel, folder: Path) -> None:
    """Write the three binary files into `folder` (made if missing). Cameras are written as SIMPLE_RADIAL."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "cameras.bin").open("wb") as file:
        file.write(struct.pack("<Q", len(model.cameras)))
        for camera_id, camera in sorted(model.cameras.items()):
            file.write(struct.pack("<IiQQ", camera_id, SIMPLE_RADIAL, camera.width_px, camera.height_px))
            file.write(struct.pack("<4d", camera.fx_px, camera.cx_px, camera.cy_px, camera.k1))
    with (folder / "images.bin").open("wb") as file:
        file.write(struct.pack("<Q", len(model.images)))
        for image in model.images:
            _write_image(file, image)
    with (folder / "points3D.bin").open("wb") as file:
        file.write(struct.pack("<Q", len(model.xyz)))
        for point_id, xyz, rgb, error, track in zip(
            model.point_ids.tolist(), model.xyz, model.rgb, model.error_px, model.tracks, strict=True
        ):
            file.write(struct.pack("<Q3d3BdQ", point_id, *xyz, *rgb, error, len(track)))
            file.write(track.astype(_TRACK).tobytes())


def _read_cameras(file: BinaryIO) -> dict[int, Camera]:
    cameras = {}
    for _ in range(_unpack(file, "<Q")[0]):
        camera_id, model_id, width, height = _unpack(file, "<IiQQ")
        if model_id not in PARAMETERS:
            raise BadInput(
                f"{file.name}: camera {camera_id} has COLMAP camera model {model_id}",
                remedy="use SIMPLE_PINHOLE, PINHOLE or SIMPLE_RADIAL",
            )
        values = _unpack(file, f"<{PARAMETERS[model_id]}d")
        fy_at = 1 if model_id == 1 else 0
        cameras[camera_id] = Camera(
            width_px=width,
            height_px=height,
            fx_px=values[0],
            fy_px=values[fy_at],
            cx_px=values[fy_at + 1],
            cy_px=values[fy_at + 2],
            k1=values[3] if model_id == SIMPLE_RADIAL else 0.0,
        )
    return cameras


def _read_images(file: BinaryIO) -> tuple[PosedImage, ...]:
    images = []
    for _ in range(_unpack(file, "<Q")[0]):
        image_id, *values, camera_id = _unpack(file, "<I7dI")
        name = bytearray()
        while (byte := file.read(1)) not in {b"\0", b""}:
            name += byte
        observations = _array(file, _OBSERVATION, _unpack(file, "<Q")[0])
        pose = np.eye(4)
        pose[:3, :3] = rotation_from_quaternion(values[:4])
        pose[:3, 3] = values[4:]
        images.append(
            PosedImage(
                image_id,
                name.decode(),
                camera_id,
                pose,
                observations["xy"].copy(),
                observations["point"].astype(np.int64),
            )
        )
    return tuple(sorted(images, key=lambda image: image.name))


def _read_points(
    file: BinaryIO,
) -> tuple[NDArray[np.uint64], Matrix, NDArray[np.uint8], Matrix, tuple[NDArray[np.void], ...]]:
    count = _unpack(file, "<Q")[0]
    ids, xyz, rgb, error, tracks = [], [], [], [], []
    for _ in range(count):
        point_id, x, y, z, red, green, blue, error_px, length = _unpack(file, "<Q3d3BdQ")
        ids.append(point_id)
        xyz.append((x, y, z))
        rgb.append((red, green, blue))
        error.append(error_px)
        tracks.append(_array(file, _TRACK, length))
    return (
        np.array(ids, dtype=np.uint64),
        np.array(xyz, dtype=np.float64).reshape(-1, 3),
        np.array(rgb, dtype=np.uint8).reshape(-1, 3),
        np.array(error, dtype=np.float64),
        tuple(tracks),
    )


def _write_image(file: BinaryIO, image: PosedImage) -> None:
    pose = image.cam_from_world
    quaternion = quaternion_from_rotation(pose[:3, :3])
    file.write(struct.pack("<I7dI", image.image_id, *quaternion, *pose[:3, 3], image.camera_id))
    file.write(image.name.encode() + b"\0" + struct.pack("<Q", len(image.features_px)))
    observations = np.zeros(len(image.features_px), dtype=_OBSERVATION)
    observations["xy"], observations["point"] = image.features_px, image.point_ids
    file.write(observations.tobytes())


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _array(file: BinaryIO, kind: np.dtype[np.void], count: int) -> NDArray[np.void]:
    data = file.read(count * kind.itemsize) if count < 1 << 32 else b""
    if len(data) != count * kind.itemsize:
        raise ValueError(f"{count} records promised, {len(data) // kind.itemsize} there")
    return np.frombuffer(data, dtype=kind)


def rotation_from_quaternion(wxyz: Sequence[float]) -> Matrix:
    """Rotation matrix [3, 3] of a quaternion (w, x, y, z), of any length but zero."""
    w, x, y, z = np.asarray(wxyz, dtype=np.float64) / np.linalg.norm(wxyz)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_from_rotation(rotation: Matrix) -> tuple[float, float, float, float]:
    """Unit quaternion (w, x, y, z), w >= 0, of a rotation [3, 3]; stable for every rotation (Bar-Itzhack 2000)."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation.tolist()
    symmetric = np.array(
        [
            [xx - yy - zz, yx + xy, zx + xz, zy - yz],
            [yx + xy, yy - xx - zz, zy + yz, xz - zx],
            [zx + xz, zy + yz, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    x, y, z, w = np.linalg.eigh(symmetric)[1][:, -1].tolist()
    return (w, x, y, z) if w >= 0 else (-w, -x, -y, -z)
