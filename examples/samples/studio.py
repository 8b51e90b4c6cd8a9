"""A photo studio for Mitsuba 3: paper sweep, softboxes and camera are fixed, the product turns.

The unit is the product's radius, +z up. The product is at the origin of its frame (`pipeline.core.domain`), so a photo
at azimuth `a` is taken by turning the product by `-a` in front of a camera at azimuth 0.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import mitsuba as mi
import numpy as np
from numpy.typing import NDArray

Linear = NDArray[np.float32]  # [H, W, C], linear light


@dataclass(frozen=True)
class Surface:
    """One mesh of a product, in metres, with its Mitsuba material."""

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    faces: NDArray[np.int64]
    uv: NDArray[np.float64]
    material: dict[str, Any]


@dataclass(frozen=True)
class Product:
    """A product. `centre_m` (on the turntable's axis) becomes the origin, `radius_m` the unit of length."""

    surfaces: tuple[Surface, ...]
    centre_m: tuple[float, float, float]
    radius_m: float
    floor_m: float
    """Height of the table in m, product coordinates; a garment's hem hangs slightly above it."""


@dataclass(frozen=True)
class Lens:
    """A pinhole camera in px, with its distance in product radii; the principal point is the centre."""

    width_px: int
    height_px: int
    focal_px: float
    distance: float
    crop: tuple[int, int, int, int] | None = None
    """The exposed part of the film in px: left, top, width, height."""
    plain: bool = False
    """Whether to use a box filter, so that the product's colour does not bleed into the backdrop's pixels."""

    def smaller(self, times: int) -> "Lens":
        """The same view on a film with its sides divided by `times`."""
        return Lens(self.width_px // times, self.height_px // times, self.focal_px / times, self.distance, plain=True)


def picture_texture(picture: NDArray[np.float32]) -> dict[str, Any]:
    """A Mitsuba texture of an sRGB picture [H, W, 3] whose row 0 is v = 1."""
    data = np.ascontiguousarray(np.round(np.clip(picture[::-1], 0, 1) * 255).astype(np.uint8))
    return {"type": "bitmap", "bitmap": mi.Bitmap(data), "raw": False, "wrap_mode": "repeat"}


def _mesh(surface: Surface, product: Product, turn_deg: float) -> Any:
    a = math.radians(turn_deg)
    rotation = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
    points = (surface.points - np.array(product.centre_m)) / product.radius_m @ rotation.T
    props = mi.Properties()
    props["bsdf"] = mi.load_dict(surface.material)
    mesh = mi.Mesh(
        "product", len(points), len(surface.faces), has_vertex_normals=True, has_vertex_texcoords=True, props=props
    )
    values = mi.traverse(mesh)
    values["vertex_positions"] = points.astype(np.float32).ravel()
    values["vertex_normals"] = (surface.normals @ rotation.T).astype(np.float32).ravel()
    values["vertex_texcoords"] = surface.uv.astype(np.float32).ravel()
    values["faces"] = surface.faces.astype(np.uint32).ravel()
    values.update()
    return mesh


def _sweep(floor: float) -> Any:
    """Seamless paper: a floor that curves up into a wall far behind the product (+y)."""
    radius, back, wide = 4.0, 5.5, 30.0
    bend = [(back + radius * math.sin(t), floor + radius * (1 - math.cos(t))) for t in np.linspace(0, math.pi / 2, 24)]
    line = np.array([(-30.0, floor), *bend, (back + radius, floor + 26.0)])
    points = np.concatenate([np.insert(line, 0, side, axis=1) for side in (-wide, wide)])
    n = len(line)
    faces = np.concatenate([[[i, i + n, i + n + 1], [i, i + n + 1, i + 1]] for i in range(n - 1)])
    tangent = np.gradient(line, axis=0)
    normal = np.stack([np.zeros(n), -tangent[:, 1], tangent[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    props = mi.Properties()
    paper = {"type": "diffuse", "reflectance": {"type": "rgb", "value": [0.74, 0.735, 0.72]}}
    props["bsdf"] = mi.load_dict({"type": "twosided", "side": paper})
    mesh = mi.Mesh("sweep", 2 * n, len(faces), has_vertex_normals=True, props=props)
    values = mi.traverse(mesh)
    values["vertex_positions"] = points.astype(np.float32).ravel()
    values["vertex_normals"] = np.concatenate([normal, normal]).astype(np.float32).ravel()
    values["faces"] = faces.astype(np.uint32).ravel()
    values.update()
    return mesh


def _softbox(
    where: tuple[float, float, float], target: tuple[float, float, float], size: float, rgb: list[float]
) -> Any:
    transform = mi.ScalarTransform4f().look_at(
        origin=where, target=target, up=[0, 0, 1]
    ) @ mi.ScalarTransform4f().scale(size)
    light = {"type": "area", "radiance": {"type": "rgb", "value": rgb}}
    return {"type": "rectangle", "to_world": transform, "emitter": light}


def _camera(lens: Lens, elevation_deg: float, seed: int) -> dict[str, Any]:
    e = math.radians(elevation_deg)
    origin = [0.0, -lens.distance * math.cos(e), lens.distance * math.sin(e)]
    left, top, width, height = lens.crop or (0, 0, lens.width_px, lens.height_px)
    fov = math.degrees(2 * math.atan(lens.width_px / 2 / lens.focal_px))
    return {
        "type": "perspective",
        "fov": fov,
        "fov_axis": "x",
        "near_clip": 0.1,
        "far_clip": 100.0,
        "to_world": mi.ScalarTransform4f().look_at(origin=origin, target=[0, 0, 0], up=[0, 0, 1]),
        "film": {
            "type": "hdrfilm",
            "width": lens.width_px,
            "height": lens.height_px,
            "crop_offset_x": left,
            "crop_offset_y": top,
            "crop_width": width,
            "crop_height": height,
            "pixel_format": "rgba",
            "component_format": "float32",
            "rfilter": {"type": "box"} if lens.plain else {"type": "gaussian", "stddev": 0.45},
        },
        "sampler": {"type": "independent", "seed": seed},
    }


def _scene(
    product: Product, lens: Lens, azimuth_deg: float, elevation_deg: float, *, with_product: bool, with_studio: bool
) -> Any:
    floor = (product.floor_m - product.centre_m[2]) / product.radius_m
    scene: dict[str, Any] = {"type": "scene", "sensor": _camera(lens, elevation_deg, 0)}
    scene["integrator"] = {"type": "path", "max_depth": 5, "rr_depth": 4, "hide_emitters": True}
    if not with_studio:  # albedo, normals and coverage of the product only
        scene["integrator"] = {"type": "aov", "aovs": "albedo:albedo,normal:sh_normal", "inner": {"type": "depth"}}
    if with_product:
        for i, surface in enumerate(product.surfaces):
            scene[f"product{i}"] = _mesh(surface, product, -azimuth_deg)
    if with_studio:
        scene["sweep"] = _sweep(floor)
        scene["key"] = _softbox((-5.2, -4.6, 5.4), (0, 0, 0), 1.7, [15.5, 15.1, 14.4])
        scene["fill"] = _softbox((6.5, -4.5, 3.0), (0, 0, 0), 2.4, [2.5, 2.55, 2.7])
        scene["top"] = _softbox((0.3, 2.0, 8.0), (0, 1.5, 0), 2.6, [3.4, 3.4, 3.4])
        scene["room"] = {"type": "constant", "radiance": {"type": "rgb", "value": [0.16, 0.165, 0.175]}}
    else:
        scene["room"] = {"type": "constant", "radiance": 1.0}
    return mi.load_dict(scene)


def _passes(scene: Any, spp: int, seed: int) -> Linear:
    """Render in small passes to limit memory."""
    step = min(8, spp)
    total = None
    for k in range(max(1, spp // step)):
        image = np.array(mi.render(scene, spp=step, seed=seed + k), dtype=np.float32)
        total = image if total is None else total + image
    result: Linear = np.asarray(total / max(1, spp // step), dtype=np.float32)
    return result


def photograph(product: Product, lens: Lens, azimuth_deg: float, elevation_deg: float, spp: int, seed: int) -> Linear:
    """Render the light that reaches the sensor, [H, W, 3] linear."""
    scene = _scene(product, lens, azimuth_deg, elevation_deg, with_product=True, with_studio=True)
    return _passes(scene, spp, seed)[..., :3]


def empty_studio(product: Product, lens: Lens, elevation_deg: float, spp: int) -> Linear:
    """Render the same studio without the product, [H, W, 3] linear."""
    scene = _scene(product, lens, 0.0, elevation_deg, with_product=False, with_studio=True)
    return _passes(scene, spp, 999)[..., :3]


def guides(
    product: Product, lens: Lens, azimuth_deg: float, elevation_deg: float, spp: int
) -> tuple[Linear, Linear, Linear]:
    """Render coverage [H, W], albedo and normal [H, W, 3] of the product alone, both premultiplied by coverage."""
    scene = _scene(product, lens, azimuth_deg, elevation_deg, with_product=True, with_studio=False)
    image = _passes(scene, spp, 77)
    return image[..., 3], image[..., 4:7], image[..., 7:10]


def around(product: Product, lens: Lens, azimuth_deg: float, elevation_deg: float) -> Lens:
    """The lens with its film cropped to the product plus a few pixels."""
    a, e = math.radians(azimuth_deg), math.radians(elevation_deg)
    back = np.array([math.cos(e) * math.sin(a), -math.cos(e) * math.cos(a), math.sin(e)])
    right = np.array([math.cos(a), math.sin(a), 0.0])
    points = np.concatenate([surface.points for surface in product.surfaces])
    points = (points - np.array(product.centre_m)) / product.radius_m
    depth = lens.distance - points @ back
    x = lens.width_px / 2 + lens.focal_px * (points @ right) / depth
    y = lens.height_px / 2 - lens.focal_px * (points @ np.cross(back, right)) / depth
    left, top = max(0, int(x.min()) - 8), max(0, int(y.min()) - 8)
    end, bottom = min(lens.width_px, int(x.max()) + 9), min(lens.height_px, int(y.max()) + 9)
    return replace(lens, crop=(left, top, end - left, bottom - top))
