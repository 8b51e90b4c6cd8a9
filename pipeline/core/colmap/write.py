"""Write COLMAP models as binary files."""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipeline.core.colmap.model import CAMERA_MODELS, OBSERVATION, TRACK, PosedImage, RawCamera, SparseModel
from pipeline.core.rotations import quaternion_from_rotation

_NUMBERS = {name: number for number, (name, _) in CAMERA_MODELS.items()}


def write_model(model: SparseModel, folder: Path) -> None:
    """Write `cameras.bin`, `images.bin` and `points3D.bin` into `folder`, which is created if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "cameras.bin").open("wb") as file:
        file.write(struct.pack("<Q", len(model.cameras)))
        for camera_id, camera in sorted(model.cameras.items()):
            _write_camera(file, camera_id, camera)
    with (folder / "images.bin").open("wb") as file:
        file.write(struct.pack("<Q", len(model.images)))
        for image in model.images:
            _write_image(file, image)
    with (folder / "points3D.bin").open("wb") as file:
        _write_points(file, model)


def _write_camera(file: BinaryIO, camera_id: int, camera: RawCamera) -> None:
    file.write(struct.pack("<IiQQ", camera_id, _NUMBERS[camera.model], camera.width_px, camera.height_px))
    file.write(struct.pack(f"<{len(camera.params)}d", *camera.params))


def _write_image(file: BinaryIO, image: PosedImage) -> None:
    pose = image.cam_from_world
    quaternion = quaternion_from_rotation(pose[:3, :3])
    file.write(struct.pack("<I7dI", image.image_id, *quaternion, *pose[:3, 3], image.camera_id))
    file.write(image.name.encode() + b"\0" + struct.pack("<Q", len(image.features_px)))
    observations = np.zeros(len(image.features_px), dtype=OBSERVATION)
    observations["xy"], observations["point"] = image.features_px, image.point_ids
    file.write(observations.tobytes())


def _write_points(file: BinaryIO, model: SparseModel) -> None:
    points = model.points
    file.write(struct.pack("<Q", len(points.positions)))
    for point_id, xyz, rgb, error, track in zip(
        model.point_ids.tolist(), points.positions, points.colours, model.error_px, model.tracks, strict=True
    ):
        file.write(struct.pack("<Q3d3BdQ", point_id, *xyz, *rgb, error, len(track)))
        file.write(track.astype(TRACK).tobytes())
