"""Read COLMAP models, binary or text, with numpy only."""

import struct
from collections.abc import Iterator, Sequence
from itertools import product, zip_longest
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import CAMERA_MODELS, OBSERVATION, TRACK, Points, PosedImage, RawCamera, SparseModel
from pipeline.core.errors import BadInput
from pipeline.core.rotations import rotation_from_quaternion

_STEMS = ("cameras", "images", "points3D")
_REMEDY = "Give a folder that COLMAP or `catalog sfm` wrote, with cameras, images and points3D as .bin or .txt"
_PARAMETERS = dict(CAMERA_MODELS.values())


class _Point(NamedTuple):
    """One point as a file stores it."""

    point_id: int
    xyz: Sequence[float]
    rgb: Sequence[int]
    error_px: float
    track: NDArray[np.void]


def read_model(folder: Path) -> SparseModel:
    """Read the model in `folder/sparse/0`, `folder/sparse` or `folder` itself, the first that is complete.

    Raises BadInput when none is complete, when the model is damaged, or when a camera model is not supported.
    """
    places = product((folder / "sparse" / "0", folder / "sparse", folder), ("bin", "txt"))
    missing = {place: [path for path in _files(*place) if not path.is_file()] for place in places}
    complete = next((place for place, absent in missing.items() if not absent), None)
    if complete is None:
        partial = next((absent for absent in missing.values() if len(absent) < len(_STEMS)), None)
        raise BadInput(f"{partial[0]} is missing" if partial else f"{folder}: no COLMAP model", remedy=_REMEDY)
    try:
        return _read(*complete)
    except (struct.error, ValueError, KeyError, IndexError) as error:
        raise BadInput(f"{complete[0]}: damaged COLMAP model ({error})", remedy=_REMEDY) from error


def _files(place: Path, suffix: str) -> tuple[Path, Path, Path]:
    cameras, images, points = (place / f"{stem}.{suffix}" for stem in _STEMS)
    return cameras, images, points


def _read(place: Path, suffix: str) -> SparseModel:
    cameras_file, images_file, points_file = _files(place, suffix)
    if suffix == "bin":
        with cameras_file.open("rb") as cameras, images_file.open("rb") as images, points_file.open("rb") as points:
            return _model(dict(_cameras_bin(cameras)), list(_images_bin(images)), list(_points_bin(points)))
    cameras_txt = dict(_cameras_txt(cameras_file))
    return _model(cameras_txt, list(_images_txt(images_file)), list(_points_txt(points_file)))


def _model(cameras: dict[int, RawCamera], images: list[PosedImage], points: list[_Point]) -> SparseModel:
    for image in images:
        if image.camera_id not in cameras:
            raise ValueError(f"{image.name} has camera {image.camera_id}, which is not listed")
    return SparseModel(
        cameras,
        tuple(sorted(images, key=lambda image: image.name)),
        Points(
            np.array([point.xyz for point in points], dtype=np.float64).reshape(-1, 3),
            np.array([point.rgb for point in points], dtype=np.uint8).reshape(-1, 3),
        ),
        np.array([point.point_id for point in points], dtype=np.uint64),
        np.array([point.error_px for point in points], dtype=np.float64),
        tuple(point.track for point in points),
    )


def _pose(quaternion: Sequence[float], translation: Sequence[float]) -> F64:
    pose = np.eye(4)
    pose[:3, :3] = rotation_from_quaternion(quaternion)
    pose[:3, 3] = translation
    return pose


def _unsupported(path: object, model: object) -> BadInput:
    names = ", ".join(_PARAMETERS)
    return BadInput(f"{path}: camera model {model} is not supported", remedy=f"Use one of {names}")


def _cameras_bin(file: BinaryIO) -> Iterator[tuple[int, RawCamera]]:
    for _ in range(_unpack(file, "<Q")[0]):
        camera_id, number, width, height = _unpack(file, "<IiQQ")
        if number not in CAMERA_MODELS:
            raise _unsupported(file.name, number)
        model, count = CAMERA_MODELS[number]
        yield camera_id, RawCamera(model, width, height, _unpack(file, f"<{count}d"))


def _images_bin(file: BinaryIO) -> Iterator[PosedImage]:
    for _ in range(_unpack(file, "<Q")[0]):
        image_id, *values, camera_id = _unpack(file, "<I7dI")
        name = bytearray()
        while (byte := file.read(1)) not in {b"\0", b""}:
            name += byte
        seen = _array(file, OBSERVATION, _unpack(file, "<Q")[0])
        pose = _pose(values[:4], values[4:])
        yield PosedImage(image_id, name.decode(), camera_id, pose, seen["xy"].copy(), seen["point"].astype(np.int64))


def _points_bin(file: BinaryIO) -> Iterator[_Point]:
    for _ in range(_unpack(file, "<Q")[0]):
        point_id, x, y, z, red, green, blue, error_px, length = _unpack(file, "<Q3d3BdQ")
        yield _Point(point_id, (x, y, z), (red, green, blue), error_px, _array(file, TRACK, length))


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _array(file: BinaryIO, kind: np.dtype[np.void], count: int) -> NDArray[np.void]:
    data = file.read(count * kind.itemsize) if count < 1 << 32 else b""
    if len(data) != count * kind.itemsize:
        raise ValueError(f"{count} records announced, {len(data) // kind.itemsize} present")
    return np.frombuffer(data, dtype=kind)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def _cameras_txt(path: Path) -> Iterator[tuple[int, RawCamera]]:
    for line in filter(None, _lines(path)):
        camera_id, model, width, height, *params = line.split()
        if model not in _PARAMETERS:
            raise _unsupported(path, model)
        if len(params) != _PARAMETERS[model]:
            raise ValueError(f"camera {camera_id} has {len(params)} parameters, {model} has {_PARAMETERS[model]}")
        yield int(camera_id), RawCamera(model, int(width), int(height), tuple(map(float, params)))


def _images_txt(path: Path) -> Iterator[PosedImage]:
    lines = _lines(path)
    for head, features in zip_longest(lines[::2], lines[1::2], fillvalue=""):  # the second line: x y point, x y point
        if not head:
            continue
        image_id, *values, camera_id, name = head.split(maxsplit=9)
        seen = np.array(features.split(), dtype=np.float64).reshape(-1, 3)
        pose = _pose([float(v) for v in values[:4]], [float(v) for v in values[4:]])
        yield PosedImage(int(image_id), name, int(camera_id), pose, seen[:, :2].copy(), seen[:, 2].astype(np.int64))


def _points_txt(path: Path) -> Iterator[_Point]:
    for line in filter(None, _lines(path)):
        point_id, *numbers = line.split()
        xyz, rgb = [float(v) for v in numbers[:3]], [int(v) for v in numbers[3:6]]
        track = np.array(numbers[7:], dtype=np.uint32).reshape(-1, 2)
        yield _Point(int(point_id), xyz, rgb, float(numbers[6]), np.array([*map(tuple, track)], dtype=TRACK))
