"""The depth of a splat's surface, against spheres and boxes whose depth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from pipeline.core.domain import Camera, camera_centre, look_at
from pipeline.splatting.gaussians import Gaussians, from_points
from pipeline.splatting.lens import lens_of
from pipeline.splatting.photos import PosedPhoto, prepare
from pipeline.splatting.ply import Splat
from pipeline.splatting.raster.front import front_reference
from pipeline.splatting.show.render import render
from pipeline.splatting.surface import back_projected, surface_depth, surface_points

CAMERA = Camera(width_px=96, height_px=80, fx_px=200.0, fy_px=200.0, cx_px=48.0, cy_px=40.0)
DISTANCE = 5.0


def sphere(radii=(1.0,), opacity=0.9, count=20000):
    """Flat discs on concentric spheres: several thin layers let light through, as a fit that prices opacity does."""
    r = np.random.default_rng(3)
    n = r.normal(size=(count * len(radii), 3))
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    points = n * np.repeat(radii, count)[:, None]
    colours = np.full((len(n), 3), 128, np.uint8)
    return Splat(from_points(points, colours, degree=0, opacity=opacity, size=0.6, normals=n), antialias=True)


def box(half=0.6, count=120000):
    """Discs on the faces of a cube."""
    r = np.random.default_rng(4)
    points = r.uniform(-half, half, size=(count, 3))
    axis, side = r.integers(3, size=count), r.choice([-1.0, 1.0], count)
    normals = np.zeros_like(points)
    normals[np.arange(count), axis] = side
    points[np.arange(count), axis] = half * side
    colours = np.full((count, 3), 128, np.uint8)
    return Splat(from_points(points, colours, degree=0, opacity=0.9, size=0.6, normals=normals), antialias=True)


def rays(camera, pose):
    y, x = np.mgrid[0.5 : camera.height_px, 0.5 : camera.width_px]
    own = np.stack([(x - camera.cx_px) / camera.fx_px, (y - camera.cy_px) / camera.fy_px, np.ones_like(x)], -1)
    return camera_centre(pose), own @ pose[:3, :3]


def sphere_depth(camera, pose, radius=1.0):
    origin, ray = rays(camera, pose)
    a, b = (ray**2).sum(-1), ray @ origin
    with np.errstate(invalid="ignore"):
        return (-b - np.sqrt(b * b - a * (origin @ origin - radius**2))) / a


def box_depth(camera, pose, half=0.6):
    origin, ray = rays(camera, pose)
    with np.errstate(divide="ignore", invalid="ignore"):
        near, far = np.sort(np.stack([(-half - origin) / ray, (half - origin) / ray]), axis=0)
    enter, leave = near.max(-1), far.min(-1)
    return np.where(enter < leave, enter, np.nan)


def errors(depth, true):
    """Absolute errors at least 4 px inside the outline, where a disc is as deep as wide."""
    inside = ndimage.binary_erosion(np.isfinite(true), iterations=4)
    assert np.isfinite(depth[inside]).all()
    return np.abs(depth - true)[inside]


@pytest.mark.parametrize(("splat", "true"), [(sphere(), sphere_depth), (box(), box_depth)], ids=["sphere", "box"])
@pytest.mark.parametrize("azimuth_deg", [0.0, 37.0])
def test_surface_is_where_the_shape_is(splat, true, azimuth_deg):
    pose = look_at(azimuth_deg, 20.0, DISTANCE)
    off = errors(surface_depth(splat, CAMERA, pose), true(CAMERA, pose))
    assert np.median(off) < 0.01
    assert np.quantile(off, 0.95) < 0.04  # the top of the box is seen at 20 degrees


def test_light_that_passes_through_the_front_does_not_move_the_surface():
    splat, pose = sphere((1.0, 0.99, 0.98, 0.6), opacity=0.3), look_at(0.0, 10.0, DISTANCE)
    true = sphere_depth(CAMERA, pose)
    assert np.median(errors(surface_depth(splat, CAMERA, pose), true)) < 0.015
    mean = render(splat, CAMERA, pose, 1).depth  # of all light lost
    assert np.median(errors(mean, true)) > 0.04


def test_surface_is_nan_beside_the_product():
    pose = look_at(0.0, 0.0, DISTANCE)
    depth = surface_depth(sphere(), CAMERA, pose)
    assert depth.dtype == np.float32
    assert np.isnan(depth[~ndimage.binary_dilation(np.isfinite(sphere_depth(CAMERA, pose)), iterations=3)]).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), antialias=st.booleans(), count=st.integers(1, 60))
def test_kernel_agrees_with_its_twin_in_numpy(seed, antialias, count):
    r = np.random.default_rng(seed)
    g = Gaussians(
        *(
            v.astype(np.float32)
            for v in (
                r.uniform(-0.8, 0.8, (count, 3)), r.normal(-1.5, 0.5, (count, 3)), r.normal(size=(count, 4)),
                r.normal(0.0, 1.5, count), np.zeros((count, 1, 3)),
            )
        )
    )  # fmt: skip
    camera = Camera(width_px=21, height_px=18, fx_px=40.0, fy_px=44.0, cx_px=10.0, cy_px=9.5)
    pose = look_at(float(r.uniform(0, 360)), float(r.uniform(-60, 60)), 4.0)
    drawn = surface_depth(Splat(g, antialias), camera, pose)
    true = front_reference(g, pose, lens_of(camera), antialias)
    assert (np.isnan(drawn) == np.isnan(true)).mean() > 0.99  # but for a pixel within rounding of the limit
    both = np.isfinite(drawn) & np.isfinite(true)
    assert np.allclose(drawn[both], true[both], atol=1e-3)


def test_strips_of_a_large_picture_join_without_a_seam(monkeypatch):
    pose = look_at(10.0, 20.0, DISTANCE)
    whole = surface_depth(sphere(), CAMERA, pose)
    monkeypatch.setattr("pipeline.splatting.surface.STRIP_PIXELS", 96 * 13)
    assert np.allclose(surface_depth(sphere(), CAMERA, pose), whole, atol=1e-4, equal_nan=True)


def photographed(azimuth_deg, contrast):
    """A photo of the unit sphere with a speckle that is fixed to it."""
    camera = Camera(width_px=200, height_px=200, fx_px=420.0, fy_px=420.0, cx_px=100.0, cy_px=100.0)
    pose = look_at(azimuth_deg, 15.0, DISTANCE)
    origin, ray = rays(camera, pose)
    depth = sphere_depth(camera, pose)
    at = np.nan_to_num(origin + depth[..., None] * ray)
    speckle = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(64, 64, 64)), 0.8)
    value = ndimage.map_coordinates(speckle, ((at + 1.2) * 26).reshape(-1, 3).T, order=1, mode="wrap")
    grey = np.clip(128 + contrast * value.reshape(depth.shape), 0, 255)
    rgba = np.dstack([grey, grey, grey, np.where(np.isfinite(depth), 255, 0)]).astype(np.uint8)
    return prepare(PosedPhoto(f"P{azimuth_deg:.0f}", rgba, camera, pose), 200, crop=True)


def test_photos_correct_a_splat_that_lies_too_deep():
    photos = [photographed(12.0 * i, 250.0) for i in range(6)]
    camera, pose = CAMERA.model_copy(update={"width_px": 200, "fx_px": 400.0, "fy_px": 400.0}), look_at(30, 15, 5)
    deep, true = sphere((0.98,)), sphere_depth(camera, pose)
    middle = true < 4.2  # where the sphere faces the camera  # where the sphere faces the camera
    alone, refined = (surface_depth(deep, camera, pose, given)[middle] - true[middle] for given in ((), photos))
    assert np.nanmedian(np.abs(alone)) > 0.015
    assert np.nanmedian(np.abs(refined)) < 0.005


def test_photos_without_texture_leave_the_depth_of_the_splat():
    photos, pose = [photographed(12.0 * i, 0.0) for i in range(6)], look_at(30, 15, 5)
    alone, refined = (surface_depth(sphere(), CAMERA, pose, given) for given in ((), photos))
    inside = ndimage.binary_erosion(np.isfinite(alone), iterations=8)  # the outline is texture
    assert np.array_equal(alone[inside], refined[inside])


def test_points_all_around_lie_on_the_surface():
    points = surface_points(sphere())
    assert len(points) > 150_000
    off = np.abs(np.linalg.norm(points, axis=1) - 1)
    assert np.median(off) < 0.01
    assert np.quantile(off, 0.95) < 0.03
    assert np.array_equal(points, surface_points(sphere()))


def test_depth_and_its_points_describe_the_same_surface():
    pose = look_at(0.0, 0.0, DISTANCE)
    depth = surface_depth(sphere(), CAMERA, pose)
    points = back_projected(depth, CAMERA, pose)
    assert np.allclose(points @ pose[2, :3] + pose[2, 3], depth[np.isfinite(depth)], atol=1e-5)
