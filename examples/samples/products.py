"""The two products of the sample collection as input to the studio: meshes, materials, centre, size, table."""

from typing import Any

import numpy as np

from samples import mug, mug_print, tee, tee_print
from samples.studio import Product, Surface, picture_texture


def _cloth(picture: Any) -> dict[str, Any]:
    """Cotton jersey: rough, with a pale sheen from loose fibres."""
    texture = picture_texture(picture)
    return {
        "type": "principled",
        "base_color": texture,
        "roughness": 0.92,
        "specular": 0.18,
        "sheen": 0.35,
        "sheen_tint": 0.6,
    }


def _glazed(picture: Any) -> dict[str, Any]:
    """Satin glaze: shows the softboxes as highlights, but no mirror image."""
    texture = picture_texture(picture)
    return {"type": "principled", "base_color": texture, "roughness": 0.36, "specular": 0.5}


def tee_product(spacing: float = 0.0075, steps: int = 3600) -> Product:
    """The T-shirt, with its hem 5 cm above the table."""
    garment = tee.build(spacing, steps)
    outside, inside = tee_print.pictures()
    material = {"type": "twosided", "outside": _cloth(outside), "inside": _cloth(inside)}
    surface = Surface(garment.points, garment.normals, garment.faces, garment.uv, material)
    low, high = garment.points.min(0), garment.points.max(0)
    middle = float(low[2] + high[2]) / 2
    radius = float(np.max(np.linalg.norm(garment.points - np.array([0, 0, middle]), axis=1)))
    return Product((surface,), (0.0, 0.0, middle), radius, float(low[2]) - 0.05)


def mug_product() -> Product:
    """The mug, standing on the table."""
    outside, grip = mug_print.pictures()
    body, handle = mug.body(), mug.handle()
    surfaces = tuple(
        Surface(part.points, part.normals, part.faces, part.uv, {"type": "twosided", "side": _glazed(picture)})
        for part, picture in ((body, outside), (handle, grip))
    )
    middle = mug.HEIGHT_M / 2
    points = np.concatenate([body.points, handle.points])
    radius = float(np.max(np.linalg.norm(points - np.array([0, 0, middle]), axis=1)))
    return Product(surfaces, (0.0, 0.0, middle), radius, 0.0)
