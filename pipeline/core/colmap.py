"""Read COLMAP models (binary or text) with numpy alone, and photos undistorted to pinhole cameras.

Not through pycolmap: imported before Pillow it corrupts the heap when a PNG is saved, and a splat needs no more than
this. Format: colmap.github.io/format.html. Camera models SIMPLE_PINHOLE, PINHOLE, SIMPLE_RADIAL, RADIAL, OPENCV.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.domain import Camera
from pipeline.core.errors import BadInput

F64 = NDArray[np.float64]
_MODELS = {0: ("SIMPLE_PINHOLE", 3), 1: ("PINHOLE", 4), 2: ("SIMPLE_RADIAL", 4), 3: ("RADIAL", 5), 4: ("OPENCV", 8)}
_REMEDY = "Give a COLMAP model with cameras, images and points3D as .bin or .txt."


@dataclass(frozen=True)
class RawCamera:
    """A camera as COLMAP has it: model name, size in px, parameters."""

    model: str
    width_px: int
    height_px: int
    params: tuple[float, ...]

    def matrix(self) -> F64:
        """K [3, 3]."""
        p = self.params
        single = self.model in ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")
        fx, fy, cx, cy = (p[0], p[0], p[1], p[2]) if single else p[:4]
        return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=np.float64)

    def distortion(self) -> F64:
        """OpenCV's k1, k2, p1, p2."""
        extra = {"SIMPLE_RADIAL": self.params[3:4], "RADIAL": self.params[3:5], "OPENCV": self.params[4:8]}
        values = np.zeros(4)
        given = extra.get(self.model, ())
        values[: len(given)] = given
        return values

    def pinhole(self) -> Camera:
        """The camera of the same centre and focal length without distortion."""
        k = self.matrix()
        return Camera(
            width_px=self.width_px, height_px=self.height_px, fx_px=k[0, 0], fy_px=k[1, 1], cx_px=k[0, 2], cy_px=k[1, 2]
        )


@dataclass(frozen=True)
class Posed:
    """An image of the model: file name, camera, cam_from_world [4, 4]."""

    name: str
    camera: RawCamera
    cam_from_world: F64


@dataclass(frozen=True)
class Points:
    """Points [N, 3] in world units and their sRGB colours [N, 3] uint8."""

    positions: F64
    colours: NDArray[np.uint8]


@dataclass(frozen=True)
class ColmapModel:
    """Images sorted by name, and the sparse points."""

    images: tuple[Posed, ...]
    points: Points


def read_model(folder: Path) -> ColmapModel:
    """Read the model in `folder`, `folder/sparse/0` or `folder/sparse`.

    Raises BadInput when it is missing or damaged.
    """
    for place in (folder / "sparse" / "0", folder / "sparse", folder):
        for suffix in (".bin", ".txt"):
            if all((place / f"{stem}{suffix}").is_file() for stem in ("cameras", "images", "points3D")):
                try:
                    return _read(place, suffix)
                except (struct.error, ValueError, KeyError, IndexError) as error:
                    raise BadInput(f"{place}: damaged COLMAP model ({error})", remedy=_REMEDY) from error
    raise BadInput(f"{folder}: no COLMAP model", remedy=_REMEDY)


def _read(place: Path, suffix: str) -> ColmapModel:
    binary = suffix == ".bin"
    cameras = (_cameras_bin if binary else _cameras_txt)(place / f"cameras{suffix}")
    images = (_images_bin if binary else _images_txt)(place / f"images{suffix}", cameras)
    points = (_points_bin if binary else _points_txt)(place / f"points3D{suffix}")
    return ColmapModel(tuple(sorted(images, key=lambda image: image.name)), points)


def _pose(values: tuple[float, ...]) -> F64:
    """[4, 4] from qw, qx, qy, qz, tx, ty, tz."""
    w, x, y, z = np.array(values[:4]) / np.linalg.norm(values[:4])
    pose = np.eye(4)
    pose[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    pose[:3, 3] = values[4:7]
    return pose


class _Bytes:
    """A cursor over a little-endian file."""

    def __init__(self, path: Path) -> None:
        self.data, self.at = path.read_bytes(), 0

    def take(self, layout: str) -> tuple[float, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def count(self) -> int:
        return int(self.take("Q")[0])

    def skip_list(self, item_bytes: int) -> None:
        items = self.count()
        self.at += items * item_bytes

    def name(self) -> str:
        end = self.data.index(b"\0", self.at)
        text = self.data[self.at : end].decode()
        self.at = end + 1
        return text


def _cameras_bin(path: Path) -> dict[int, RawCamera]:
    file, cameras = _Bytes(path), {}
    for _ in range(file.count()):
        identity, model, width, height = file.take("iiQQ")
        if int(model) not in _MODELS:
            raise BadInput(f"{path}: camera model {int(model)} is not supported", remedy="Use SIMPLE_RADIAL or OPENCV.")
        name, count = _MODELS[int(model)]
        cameras[int(identity)] = RawCamera(name, int(width), int(height), file.take(f"{count}d"))
    return cameras


def _images_bin(path: Path, cameras: dict[int, RawCamera]) -> list[Posed]:
    file, images = _Bytes(path), []
    for _ in range(file.count()):
        values = file.take("i7di")
        name = file.name()
        file.skip_list(24)
        images.append(Posed(name, cameras[int(values[8])], _pose(values[1:8])))
    return images


def _points_bin(path: Path) -> Points:
    file = _Bytes(path)
    positions, colours = [], []
    for _ in range(file.count()):
        values = file.take("Q3d3Bd")
        file.skip_list(8)
        positions.append(values[1:4])
        colours.append(values[4:7])
    return _points(positions, colours)


def _points(positions: list[tuple[float, ...]], colours: list[tuple[float, ...]]) -> Points:
    return Points(np.array(positions, np.float64).reshape(-1, 3), np.array(colours, np.uint8).reshape(-1, 3))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def _cameras_txt(path: Path) -> dict[int, RawCamera]:
    cameras = {}
    for line in filter(None, _lines(path)):
        identity, model, width, height, *params = line.split()
        if model not in dict(_MODELS.values()):
            raise BadInput(f"{path}: camera model {model} is not supported", remedy="Use SIMPLE_RADIAL or OPENCV.")
        cameras[int(identity)] = RawCamera(model, int(width), int(height), tuple(map(float, params)))
    return cameras


def _images_txt(path: Path, cameras: dict[int, RawCamera]) -> list[Posed]:
    images = []
    for line in _lines(path)[::2]:  # every second line lists the image's features
        if line:
            parts = line.split(maxsplit=9)
            images.append(Posed(parts[9], cameras[int(parts[8])], _pose(tuple(map(float, parts[1:8])))))
    return images


def _points_txt(path: Path) -> Points:
    rows = [line.split() for line in filter(None, _lines(path))]
    return _points([tuple(map(float, r[1:4])) for r in rows], [tuple(map(float, r[4:7])) for r in rows])


def undistort(rgba: NDArray[np.uint8], camera: RawCamera) -> tuple[NDArray[np.uint8], Camera]:
    """The photo [H, W, 4] as the pinhole camera of the same focal length and size sees it."""
    if rgba.shape[:2] != (camera.height_px, camera.width_px):
        raise BadInput(
            f"a photo of {rgba.shape[1]} x {rgba.shape[0]} px has a camera of {camera.width_px} x {camera.height_px}"
        )
    pinhole = camera.pinhole()
    if not camera.distortion().any():
        return rgba, pinhole
    k = camera.matrix() - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])  # OpenCV has pixel centres at whole numbers
    maps = cv2.initUndistortRectifyMap(k, camera.distortion(), None, k, rgba.shape[1::-1], cv2.CV_32FC1)
    planes = rgba.astype(np.float32)
    planes[..., :3] *= planes[..., 3:] / 255.0
    planes = cv2.remap(planes, *maps, interpolation=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    alpha = np.clip(planes[..., 3:], 0, 255)
    colour = np.clip(planes[..., :3], 0, alpha) * (255.0 / np.maximum(alpha, 1e-3))
    return np.concatenate([np.clip(colour, 0, 255), alpha], axis=-1).round().astype(np.uint8), pinhole
