"""The true surfaces of the sample products, from the code that models them: meshes, and depth seen by a camera."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64, I64
from pipeline.core.domain import Camera
from pipeline.splatting.photos import projected

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Mesh:
    """`points` [N, 3] in the product frame, whose unit is the product's radius; `faces` [M, 3]."""

    points: F64
    faces: I64


def sample_mesh(sku: str) -> Mesh:
    """The mesh of `tee-001` (draped anew, 12 s) or `mug-001`, as `examples/samples/products.py` places it."""
    sys.path.insert(0, str(EXAMPLES))
    from samples import mug, tee  # noqa: PLC0415 - after the path

    parts = [tee.build(0.0075, 3600)] if sku.startswith("tee") else [mug.body(), mug.handle()]
    points = np.concatenate([part.points for part in parts])
    first = np.cumsum([0, *(len(part.points) for part in parts)])
    faces = np.concatenate([part.faces + start for part, start in zip(parts, first, strict=False)])
    low, high = points[:, 2].min(), points[:, 2].max()
    middle = (low + high) / 2 if sku.startswith("tee") else mug.HEIGHT_M / 2
    radius = json.loads((EXAMPLES / "collection" / sku / "truth" / "frame.json").read_text())["radius_m"]
    return Mesh((points - (0.0, 0.0, middle)) / radius, faces)


def true_depth(mesh: Mesh, camera: Camera, cam_from_world: F64) -> F32:
    """Depth [h, w] along the camera's axis of the mesh's nearest point at each pixel centre; NaN beside it."""
    px, z = projected(mesh.points, camera, cam_from_world)
    inverse = np.zeros((camera.height_px, camera.width_px))
    _draw(px, 1.0 / z, mesh.faces, inverse)
    with np.errstate(divide="ignore"):
        depth: F32 = np.where(inverse > 0, 1.0 / inverse, np.nan).astype(np.float32)
    return depth


@numba.njit(cache=True)
def _draw(px: F64, inverse_z: F64, faces: NDArray[np.int64], out: F64) -> None:
    """Keep the largest 1/z of the triangles at each pixel centre; 1/z is linear in the picture."""
    height, width = out.shape
    for f in range(len(faces)):
        i, j, k = faces[f]
        ax, ay, bx, by, cx, cy = px[i, 0], px[i, 1], px[j, 0], px[j, 1], px[k, 0], px[k, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        x0, x1 = max(0, int(min(ax, bx, cx) - 0.5)), min(width - 1, int(max(ax, bx, cx) + 0.5))
        y0, y1 = max(0, int(min(ay, by, cy) - 0.5)), min(height - 1, int(max(ay, by, cy) + 0.5))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                qx, qy = x + 0.5, y + 0.5
                u = ((bx - qx) * (cy - qy) - (by - qy) * (cx - qx)) / area
                v = ((cx - qx) * (ay - qy) - (cy - qy) * (ax - qx)) / area
                w = 1.0 - u - v
                if u >= 0.0 and v >= 0.0 and w >= 0.0:
                    out[y, x] = max(out[y, x], u * inverse_z[i] + v * inverse_z[j] + w * inverse_z[k])
