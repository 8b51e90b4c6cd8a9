import math

import numpy as np
import pytest

from pipeline.core.domain import Camera, View, look_at
from pipeline.core.records import Light
from pipeline.imaging.compositing.shadow import _dome, _lamp, _margin, _on_floor, draw_shadow
from pipeline.imaging.compositing.shadow_camera import ground_of, project
from pipeline.imaging.compositing.shadow_solid import SLICES, Solid, cut_at_foot, solid_of_matte, solid_of_points

W = H = 400


@pytest.fixture(scope="module")
def box():
    """The matte of a box in the middle: rows 120 to 300, columns 150 to 250."""
    alpha = np.zeros((H, W), np.float32)
    alpha[120:300, 150:250] = 1
    return alpha


def centre(shadow, alpha):
    seen = np.where(alpha > 0, 0, shadow)
    y, x = np.mgrid[:H, :W]
    return (seen * x).sum() / seen.sum(), (seen * y).sum() / seen.sum()


def test_shadow_falls_away_from_the_light(box):
    from_left = centre(draw_shadow(box, 15, Light(azimuth_deg=-60)), box)[0]
    from_right = centre(draw_shadow(box, 15, Light(azimuth_deg=60)), box)[0]
    assert from_left > 200 + 15 and from_right < 200 - 15
    assert from_left - 199.5 == pytest.approx(199.5 - from_right, abs=2)


def test_light_from_behind_casts_the_shadow_forward(box):
    behind = draw_shadow(box, 20, Light(azimuth_deg=180, elevation_deg=35, strength=0.8))
    front = draw_shadow(box, 20, Light(azimuth_deg=0, elevation_deg=35, strength=0.8))
    assert behind[320:, 200].sum() > 3 * front[320:, 200].sum()


def test_a_lower_light_casts_a_longer_shadow(box):
    low, high = (draw_shadow(box, 15, Light(azimuth_deg=-60, elevation_deg=e, softness=0.2)) for e in (25, 70))
    assert low[:, 300:].sum() > 3 * high[:, 300:].sum()


def test_the_shadow_is_darkest_where_the_product_touches_the_floor(box):
    shadow = draw_shadow(box, 15, Light())
    assert shadow[300, 200] > 0.35
    assert shadow[270:300, 250:270].max() > 0.6, "darker still on the side away from the lamp"
    column = shadow[300:360, 200]
    assert (np.diff(column) <= 1e-3).all(), "it fades with the distance from the contact"
    assert shadow[:100].max() < 0.02 and shadow[390:].max() < 0.05


def test_softness_blurs_the_shadow_and_strength_darkens_it(box):
    hard, soft = (draw_shadow(box, 15, Light(azimuth_deg=-60, softness=s)) for s in (0.0, 1.0))
    steepest = [np.abs(np.diff(shadow[:, 270:], axis=1)).max() for shadow in (hard, soft)]
    assert steepest[0] > 2 * steepest[1]
    weak, strong = (draw_shadow(box, 15, Light(azimuth_deg=-60, strength=s))[:, 290:].max() for s in (0.1, 0.6))
    assert strong > 2 * weak


@pytest.mark.parametrize("elevation", [-10, 0, 15, 45, 90])
def test_the_shadow_is_a_share_of_light_and_zero_far_away(box, elevation):
    shadow = draw_shadow(box, elevation, Light())
    assert shadow.dtype == np.float32 and shadow.shape == box.shape
    assert shadow.min() >= 0 and shadow.max() <= 1
    assert shadow[:60, :60].max() < 0.005  # on the light's side; from straight above, the other side is floor
    if elevation <= 45:
        assert shadow[:60].max() == 0, "the far backdrop keeps its exact values"


def test_the_shadow_does_not_depend_on_the_frames_size(box):
    large = np.kron(box, np.ones((4, 4), np.float32))
    small_shadow = draw_shadow(box, 15, Light())
    large_shadow = draw_shadow(large, 15, Light())[2::4, 2::4]
    outside = box == 0
    assert np.abs(small_shadow - large_shadow)[outside].mean() < 0.01


def test_an_empty_matte_has_no_shadow():
    assert not draw_shadow(np.zeros((50, 50), np.float32), 10, Light()).any()


def share_by_ray_marching(solid, light, x, y):
    """The plain twin: the share of light from a spot of the floor whose rays meet a filled cell, ray by ray."""
    lamp, weights = _lamp(light)
    dome = _dome()
    shares = [light.strength * w for w in weights] + [(1 - light.strength) * 0.9 / len(dome)] * len(dome)
    blocked = 0.0
    for ray, share in zip([*lamp, *dome], shares, strict=True):
        for k in range(len(solid.filled)):
            height = (k + 0.5) * solid.step
            at = (x + ray[0] / ray[2] * height - solid.left, y + ray[1] / ray[2] * height - solid.near)
            column, row = (math.floor(v / solid.cell) for v in at)
            if (
                0 <= row < solid.filled.shape[1]
                and 0 <= column < solid.filled.shape[2]
                and solid.filled[k, row, column]
            ):
                blocked += share
                break
    return blocked


def test_shifted_slices_agree_with_ray_marching():
    rng = np.random.default_rng(0)
    filled = np.zeros((12, 30, 40), np.uint8)
    filled[:, 8:20, 10:30] = 1
    filled[6:, 22:26, 5:35] = 1  # an overhang
    solid = Solid(filled, cell=0.05, step=0.1, left=-1.0, near=-0.7, floor_z=0.0)
    light = Light(azimuth_deg=-50, elevation_deg=40, softness=0.3)
    blocked, margin = _on_floor(solid, light), _margin(solid)
    rows, columns = rng.integers(-15, 45, 60), rng.integers(-15, 60, 60)
    fast = [float(blocked[margin + i, margin + j]) for i, j in zip(rows, columns, strict=True)]
    plain = [
        share_by_ray_marching(solid, light, solid.left + (j + 0.5) * 0.05, solid.near + (i + 0.5) * 0.05)
        for i, j in zip(rows, columns, strict=True)
    ]
    assert np.ptp(plain) > 0.5
    np.testing.assert_allclose(fast, plain, atol=1e-5)


def cylinder(count=60000, below=0.4):
    """Points on a cylinder of radius 0.5 from z = -0.7 to 0.7, and the cone that silhouettes leave beneath it."""
    rng = np.random.default_rng(1)
    turn, z = rng.uniform(0, 2 * math.pi, count), rng.uniform(-0.7 - below, 0.7, count)
    radius = np.where(z < -0.7, 0.5 * np.maximum(0.0, 1 - (-0.7 - z) / below * 0.6), 0.5)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), z], axis=1)


def view_of(elevation_deg=20.0, azimuth_deg=130.0):
    camera = Camera(width_px=400, height_px=400, fx_px=600, fy_px=600, cx_px=200, cy_px=200)
    pose = tuple(tuple(row) for row in look_at(azimuth_deg, elevation_deg, 4.0).tolist())
    return View(photo="p", camera=camera, cam_from_world=pose, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg)


def silhouette(ground, points):
    import cv2

    hull = cv2.convexHull(project(ground.camera, points).astype(np.float32))
    return cv2.fillConvexPoly(np.zeros((400, 400), np.float32), np.round(hull).astype(np.int32), 1.0)


def test_the_floor_is_at_the_foot_despite_splats_below_it():
    points = cylinder()
    ground = ground_of(view_of(), 400, points)
    mask = silhouette(ground, points[points[:, 2] >= -0.7]) > 0.5
    rows = np.flatnonzero(mask.any(axis=1))
    foot_px, height_px = rows[-1] + 1, rows[-1] + 1 - rows[0]
    for solid in (solid_of_points(ground.surface), solid_of_matte(mask, ground.camera)):
        stands = cut_at_foot(solid, ground.camera, foot_px, height_px)
        assert stands.floor_z == pytest.approx(-0.7, abs=0.09)
    assert solid_of_points(ground.surface).floor_z < -1.0
    hollow = solid_of_points(ground.surface)
    areas = hollow.filled[SLICES // 2 :].sum(axis=(1, 2)) * hollow.cell**2
    np.testing.assert_allclose(areas, math.pi * 0.5**2, rtol=0.05, err_msg="a ring of points becomes a disc")


def test_the_matte_of_a_round_product_casts_nearly_the_products_shadow():
    points = cylinder(below=1e-6)
    ground = ground_of(view_of(), 400, points)
    alpha = silhouette(ground, points)
    light = Light(azimuth_deg=-60)
    known = draw_shadow(alpha, 20, light, ground)
    guessed = draw_shadow(alpha, 20, light, ground_of(view_of(), 400))
    blind = draw_shadow(alpha, 20, light)
    for other in (guessed, blind):
        offset = np.subtract(centre(known, alpha), centre(other, alpha)) / 100
        assert np.abs(offset).max() < 0.1, "in shares of the product's width"
    assert np.abs(known - guessed)[alpha == 0].mean() < 0.015


def bowl(count=60000):
    """Points on a bowl: radius 0.3 at its foot, z = -0.3, and 1.0 at its rim, z = 0.3; a cone beneath the foot."""
    rng = np.random.default_rng(2)
    turn, z = rng.uniform(0, 2 * math.pi, count), rng.uniform(-0.4, 0.3, count)
    radius = np.where(z < -0.3, 3 * (z + 0.4), 0.3 + 0.7 * (z + 0.3) / 0.6)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), z], axis=1)


@pytest.mark.parametrize("elevation_deg", [10, 20, 30, 40, 50, 60])
def test_a_bowl_stands_on_its_foot_even_if_its_rim_is_lower_in_the_picture(elevation_deg):
    ground = ground_of(view_of(elevation_deg), 400, bowl())
    rows = np.flatnonzero(silhouette(ground, bowl()).any(axis=1))
    stands = cut_at_foot(solid_of_points(ground.surface), ground.camera, rows[-1] + 1, rows[-1] + 1 - rows[0])
    assert -0.41 < stands.floor_z < -0.2


def test_from_high_above_the_whole_product_casts_the_shadow():
    ground = ground_of(view_of(80), 400, cylinder())
    alpha = silhouette(ground, cylinder())
    light = Light(azimuth_deg=-90, elevation_deg=45, softness=0.1)
    shadow = draw_shadow(alpha, 80, light, ground)
    x, y = project(ground.camera, np.array([[1.2, 0.0, -1.1]]))[0].astype(int)
    assert shadow[y - 4 : y + 5, x - 4 : x + 5].mean() > 0.3, "at 1.8 tall, the shadow reaches that far"


def test_a_pen_needs_no_more_cells_than_a_bottle():
    rng = np.random.default_rng(3)
    turn, z = rng.uniform(0, 2 * math.pi, 20000), rng.uniform(-1, 1, 20000)
    pen = np.stack([0.03 * np.cos(turn), 0.03 * np.sin(turn), z], axis=1)
    ground = ground_of(view_of(), 400, pen)
    mask = silhouette(ground, pen) > 0.5
    for solid in (solid_of_points(ground.surface), solid_of_matte(mask, ground.camera)):
        assert _margin(solid) <= 4 * 4 * 96 + 1
        assert solid.filled[SLICES // 2].sum() * solid.cell**2 == pytest.approx(math.pi * 0.03**2, rel=0.25)
    known, guess = (
        draw_shadow(mask.astype(np.float32), 20, Light(), ground_of(view_of(), 400, p)) for p in (pen, None)
    )
    assert known[~mask].sum() == pytest.approx(guess[~mask].sum(), rel=0.15)


def test_a_matte_from_above_has_a_shadow_and_few_points_give_no_surface(box):
    for elevation_deg in (75, 85, 90):
        assert ground_of(view_of(elevation_deg), 400) is None
        assert ground_of(view_of(elevation_deg), 400, cylinder()) is not None
        assert draw_shadow(box, elevation_deg, Light(), ground_of(view_of(elevation_deg), 400)).max() > 0.3
    assert ground_of(view_of(), 400, np.zeros((3, 3))).surface is None
    flat = cylinder() * (1, 1, 0)
    assert np.isfinite(draw_shadow(box, 20, Light(), ground_of(view_of(), 400, flat))).all()


def test_a_camera_below_the_floor_has_no_ground():
    assert ground_of(view_of(elevation_deg=-10.0), 400) is None
    assert ground_of(view_of(), 200).camera[0, 0] == pytest.approx(ground_of(view_of(), 400).camera[0, 0] / 2)


def test_a_hanging_product_has_no_contact_shadow_and_a_lower_floor(box):
    light = Light(azimuth_deg=-60, softness=0.2)
    stands, hangs = draw_shadow(box, 15, light), draw_shadow(box, 15, light, hangs=0.3)
    assert hangs[300:304, 155:185].mean() < 0.6 * stands[300:304, 155:185].mean(), "no contact shadow"
    assert centre(hangs, box)[1] > centre(stands, box)[1] + 10, "the floor lies lower in the picture"
