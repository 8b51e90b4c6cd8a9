"""Points and boxes of a photo, found again in another picture of a product whose geometry is known."""

import numpy as np
import pytest

from pipeline.core.domain import View, look_at
from pipeline.splatting.photos import projected
from pipeline.splatting.show.seen import Depth, bent, box_shown, depth_of, shown_in
from tests.splatting.toy_product import camera, product

SIDE = 240


def view_of(azimuth_deg, elevation_deg=0.0, k1=0.0):
    pose = look_at(azimuth_deg, elevation_deg, 4.0)
    return View(
        photo="P",
        camera=camera(SIDE).model_copy(update={"k1": k1}),
        cam_from_world=tuple(map(tuple, pose.tolist())),
        azimuth_deg=azimuth_deg,
        elevation_deg=elevation_deg,
    )


def sphere_depth(view, radius=1.0):
    """The true depth of a sphere around the origin."""
    lens, pose = view.camera.model_copy(update={"k1": 0.0}), view.pose
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    rays = np.stack([(x - lens.cx_px) / lens.fx_px, (y - lens.cy_px) / lens.fy_px, np.ones_like(x)], axis=-1)
    middle = pose[:3, 3]
    along, square = rays @ middle, (rays**2).sum(axis=-1)
    inside = along**2 - square * (middle @ middle - radius**2)
    depth = np.where(inside >= 0, (along - np.sqrt(np.maximum(inside, 0))) / square, np.nan)
    return Depth(depth.astype(np.float32), view.model_copy(update={"camera": lens}))


def on_sphere(azimuth_deg, height):
    a, out = np.radians(azimuth_deg), np.sqrt(1 - height**2)
    return np.array([out * np.sin(a), -out * np.cos(a), height])


def shot_px(point, view):
    """Where a photo as shot shows a point, by the definition of SIMPLE_RADIAL."""
    lens = view.camera
    flat = (projected(point[None], lens, view.pose)[0][0] - (lens.cx_px, lens.cy_px)) / (lens.fx_px, lens.fy_px)
    return flat * (1 + lens.k1 * (flat @ flat)) * (lens.fx_px, lens.fy_px) + (lens.cx_px, lens.cy_px)


@pytest.mark.parametrize("k1", [0.0, -0.3, 0.3])
@pytest.mark.parametrize(("azimuth_deg", "height"), [(10.0, 0.0), (25.0, 0.4), (40.0, -0.3)])
def test_a_point_of_a_photo_is_found_in_another_picture(k1, azimuth_deg, height):
    photo, other = view_of(0.0, 10.0, k1), view_of(35.0, 20.0)
    point = on_sphere(azimuth_deg, height)
    shown = shown_in(shot_px(point, photo)[None], photo, sphere_depth(photo), sphere_depth(other))
    assert shown.visible.all()
    assert np.linalg.norm(shown.px[0] - projected(point[None], other.camera, other.pose)[0][0]) < 1.5


def test_what_turns_away_or_lies_beside_the_product_is_not_visible():
    photo, other = view_of(0.0), view_of(120.0)
    px = np.array([shot_px(on_sphere(-30.0, 0.0), photo), [3.0, 3.0], [-50.0, 9e9]])
    shown = shown_in(px, photo, sphere_depth(photo), sphere_depth(other))
    assert not shown.visible.any()


def test_a_box_is_found_with_its_scale_and_what_it_shows():
    photo, other = view_of(0.0), view_of(30.0)
    left, top = shot_px(on_sphere(-8.0, 0.1), photo)
    right, bottom = shot_px(on_sphere(24.0, -0.1), photo)
    box = (round(left), round(top), round(right - left), round(bottom - top))
    found = box_shown(box, photo, sphere_depth(photo), sphere_depth(other))
    assert found is not None and found.visible == 1.0
    assert found.across == pytest.approx(0.9, abs=0.2) and found.down == pytest.approx(1.0, abs=0.1)
    stripes = np.zeros((SIDE, SIDE, 3), np.uint8)
    stripes[:, : round(projected(on_sphere(8.0, 0.0)[None], other.camera, other.pose)[0][0, 0])] = 200
    u, v = np.meshgrid((np.arange(60) + 0.5) / 60, (np.arange(20) + 0.5) / 20)
    strip = bent(stripes, found.bend, u, v, 128)
    edge = (shot_px(on_sphere(8.0, 0.0), photo)[0] - box[0]) / box[2] * 60
    assert abs(float((strip[10, :, 0] > 100).sum()) - edge) < 3
    assert box_shown(box, photo, sphere_depth(photo), sphere_depth(view_of(150.0))) is None


def test_a_splats_depth_is_drawn_without_distortion_and_ends_at_its_outline():
    drawn = depth_of(product(), view_of(0.0, 10.0, -0.2))
    assert drawn.view.camera.k1 == 0.0 and np.isnan(drawn.values[0, 0])
    middle = drawn.at(np.array([SIDE / 2, SIDE / 2]))
    assert 4.0 - 1.2 < middle < 4.0
