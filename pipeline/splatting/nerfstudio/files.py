"""nerfstudio's files: the COLMAP workspace of prepared photos it reads, and the PLY in its own frame it writes."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from pipeline.core.arrays import F32, F64
from pipeline.core.colmap.model import TRACK, Points, PosedImage, RawCamera, SparseModel
from pipeline.core.colmap.write import write_model
from pipeline.core.errors import CatalogError
from pipeline.core.png import encode_png
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.harmonics import basis
from pipeline.splatting.photos import PreparedPhoto
from pipeline.splatting.ply import read_columns
from pipeline.splatting.show.render import read_splat, straight


def write_workspace(folder: Path, photos: list[PreparedPhoto], points: Points) -> None:
    """Write `images/*.png` (RGBA, straight alpha) and `sparse/0/*.bin`, a PINHOLE camera for each photo.

    Photos are named by number, because nerfstudio's reader ends a name at its first space.
    """
    images = folder / "images"
    images.mkdir(parents=True)
    cameras, posed = {}, []
    for i, photo in enumerate(photos, start=1):
        c = photo.full.camera
        planes = np.concatenate([photo.full.planes, np.zeros_like(photo.full.planes[:1])])
        (images / f"{i:05d}.png").write_bytes(encode_png(straight(planes).rgba))
        cameras[i] = RawCamera("PINHOLE", c.width_px, c.height_px, (c.fx_px, c.fy_px, c.cx_px, c.cy_px))
        posed.append(PosedImage(i, f"{i:05d}.png", i, photo.cam_from_world, np.zeros((0, 2)), np.zeros(0, np.int64)))
    count = len(points.positions)
    ids, errors, tracks = np.arange(1, count + 1, dtype=np.uint64), np.zeros(count), (np.zeros(0, TRACK),) * count
    write_model(SparseModel(cameras, tuple(posed), points, ids, errors, tracks), folder / "sparse" / "0")


@dataclass(frozen=True)
class Frame:
    """The frame that nerfstudio fitted in: the product's point p is `scale * (rotation @ p + shift)` there."""

    rotation: F64
    shift: F64
    scale: float


def read_frame(path: Path) -> Frame:
    """Read nerfstudio's `dataparser_transforms.json`. Raises CatalogError if it is missing or not a similarity."""
    try:
        values = json.loads(path.read_text())
        transform, scale = np.array(values["transform"], np.float64), float(values["scale"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatalogError(f"{path}: the frame that nerfstudio fitted in is missing ({error!r})") from error
    rotation = transform[:3, :3] if transform.shape in ((3, 4), (4, 4)) else np.zeros((3, 3))
    if not (np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4) and np.linalg.det(rotation) > 0 and scale > 0):
        raise CatalogError(f"{path}: {transform.tolist()} with scale {scale} is not a similarity")
    return Frame(rotation, transform[:3, 3], scale)


def to_product_frame(gaussians: Gaussians, frame: Frame) -> Gaussians:
    """Move, rotate and scale Gaussians from nerfstudio's frame to the product's; colours rotate with them."""
    g, inverse = gaussians, Rotation.from_matrix(frame.rotation.T)
    means = (g.means.astype(np.float64) / frame.scale - frame.shift) @ frame.rotation
    log_scales = g.log_scales - np.float32(np.log(frame.scale))
    if np.allclose(frame.rotation, np.eye(3), atol=1e-12):
        return Gaussians(means.astype(np.float32), log_scales, g.quats, g.logits, g.sh)
    rotated = (inverse * Rotation.from_quat(g.quats.astype(np.float64)[:, [1, 2, 3, 0]])).as_quat()
    quats, sh = rotated[:, [3, 0, 1, 2]].astype(np.float32), _rotated_harmonics(g.sh, frame.rotation)
    return Gaussians(means.astype(np.float32), log_scales, quats, g.logits, sh)


def _rotated_harmonics(sh: F32, rotation: F64) -> F32:
    """Return coefficients [N, K, 3] whose colours along d are those of `sh` along `rotation @ d`.

    A rotation maps each band onto itself: Y(rotation @ d) = Y(d) M, solved for M at more directions than a band has
    functions.
    """
    directions = Rotation.random(64, random_state=0).as_matrix()[:, :, 0]
    before, after = _bases(directions), _bases(directions @ rotation.T)
    out = sh.copy()
    for band in range(1, int(np.sqrt(sh.shape[1]))):
        own = slice(band**2, (band + 1) ** 2)
        m = np.linalg.lstsq(before[:, own], after[:, own], rcond=None)[0]
        out[:, own] = np.einsum("ij,njc->nic", m, sh[:, own])
    return out


def _bases(directions: F64) -> F64:
    """Return all 16 functions at unit directions [N, 3]: [N, 16]."""
    return np.array([basis(x, y, z) for x, y, z in directions])


def read_gaussians(ply: Path, frame: Frame) -> Gaussians:
    """Read the PLY of `ns-export gaussian-splat` in the product frame.

    Raises CatalogError if the file is missing, BadInput if it is damaged.
    """
    return to_product_frame(read_splat(_written(ply)).gaussians, frame)


def read_cloud(ply: Path, frame: Frame) -> Points:
    """Read the coloured points of `ns-export pointcloud` (by Open3D) in the product frame, without their normals.

    Raises CatalogError if the file is missing, BadInput if it is damaged.
    """
    columns = read_columns(_written(ply).read_bytes(), str(ply), ("x", "y", "z", "red", "green", "blue"))
    positions = (columns[:, :3].astype(np.float64) / frame.scale - frame.shift) @ frame.rotation
    return Points(positions, columns[:, 3:].astype(np.uint8))


def _written(ply: Path) -> Path:
    if not ply.is_file():
        raise CatalogError(f"ns-export wrote no {ply.name}", remedy="Look at its log")
    return ply
