import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.domain import Angle, Camera, View, angle_between_deg, azimuth_elevation_deg, direction, look_at
from pipeline.core.errors import BadInput
from pipeline.core.records import Up
from pipeline.core.rotations import rotation_from_quaternion
from pipeline.posing.coverage import CoverageParams, Photographed, angles_deg, arc_offset_deg, judge, photographed
from pipeline.posing.gaps import gap_around, largest_gap

PARAMS = CoverageParams()
RANK = {"refused": 0, "rendered": 1, "captured": 2}
spots = st.tuples(st.floats(0, 359), st.floats(-80, 85))
shoots = st.lists(spots, min_size=1, max_size=14)
thorough = settings(deadline=None, max_examples=60, derandomize=True)


def posed(where, sharpness=()):
    names = tuple(f"P{i:02d}" for i in range(len(where)))
    directions = np.array([direction(a, e) for a, e in where]).reshape(-1, 3)
    return Photographed(names, directions, tuple(sharpness) or (100.0,) * len(where))


def decision(where, azimuth, elevation, named=None, sharpness=(), params=PARAMS):
    angle = Angle(name="requested", azimuth_deg=azimuth, elevation_deg=elevation)
    shoot = posed(where, sharpness)
    return judge([angle], {} if named is None else {"requested": named}, shoot.photos, shoot, params)[0]


def ring(elevation=12.0, step=15.0, without=()):
    return [(a, elevation) for a in np.arange(0, 360, step) if a not in without]


def test_a_photo_is_used_only_within_tolerance():
    assert decision(ring(), 30.0, 15.9).photo == "P02"
    assert decision(ring(), 30.0, 15.9).nearest_deg == pytest.approx(3.9, abs=1e-3)
    assert decision(ring(), 30.0, 16.1).source == "rendered"
    assert decision([], 30.0, 16.1).source == "refused"


def test_an_angle_in_a_gap_is_rendered_up_to_45_degrees_and_refused_beyond():
    assert decision(ring(without=(120, 135)), 127, 12).source == "rendered"
    refused = decision(ring(without=(120, 135, 150)), 135, 12)
    assert refused.source == "refused"
    assert "105-165°" in refused.reason
    assert "shoot 3 more there" in refused.reason
    assert refused.code == "angle-side-not-photographed"


def test_a_photo_from_another_height_is_named_where_a_side_is_missing():
    higher = [*ring(without=range(280, 360)), (316.0, 52.0)]
    refused = decision(higher, 316, 12)
    assert refused.code == "angle-side-not-photographed"
    assert "the only photo from 270-0°, P19, looks from an elevation of 52°, this angle from 12°" in refused.reason
    assert "shoot 5 more there at about 12°" in refused.reason
    above = decision([*ring(0.0), *ring(60.0)], 20, 31, params=PARAMS.model_copy(update={"max_gap_deg": 20.0}))
    assert "the nearest of 48 photos all around, P25, looks from an elevation of 60°" in above.reason


def test_up_that_is_uncertain_refuses_rendered_angles_and_leaves_captured_ones():
    angles = [Angle(name="front", azimuth_deg=0, elevation_deg=12), Angle(name="side", azimuth_deg=7, elevation_deg=12)]
    shoot = posed(ring())
    up = Up(source="horizon", confidence=0.2, deviation_deg={"base": 7.6})
    front, side = judge(angles, {}, shoot.photos, shoot, PARAMS, up=up)
    assert front.source == "captured"
    assert (side.source, side.code) == ("refused", "angle-up-unknown")
    assert "confidence 0.20, and another sign of it is 8° away); say where up is: `capture.up`" in side.reason
    assert judge(angles, {}, shoot.photos, shoot, PARAMS, up=Up(source="table", confidence=0.8))[1].source == "rendered"


def test_a_photo_without_a_cutout_is_passed_over_for_the_next():
    shoot = posed([(0, 0), (2, 0), (30, 0)])
    front = [Angle(name="front", azimuth_deg=0)]
    assert judge(front, {}, shoot.photos, shoot, PARAMS, empty={"P00"})[0].photo == "P01"
    rendered = judge(front, {}, shoot.photos, shoot, PARAMS, empty={"P00", "P01"})[0]
    assert (rendered.source, rendered.nearest_photo) == ("rendered", "P00")
    named = judge(front, {"front": "P02"}, shoot.photos, shoot, PARAMS, empty={"P02"})[0]
    assert (named.source, named.code) == ("refused", "angle-cutout-empty")


@pytest.mark.parametrize(
    ("elevation", "source", "message"),
    [
        (80, "refused", "the highest photo from 12°; shoot a ring at about 80°"),
        (-80, "refused", "the lowest photo from 12°; shoot a ring at about -80°"),
        (23, "rendered", "beside the line"),
    ],
)
def test_angles_far_above_or_below_the_ring_are_refused(elevation, source, message):
    decided = decision(ring(), 7.5, elevation)
    assert decided.source == source
    assert message in decided.reason


def test_a_single_photo_allows_only_its_own_angle():
    assert decision([(0, 10)], 0, 10).source == "captured"
    assert decision([(0, 10)], 0, 17).source == "refused"


def test_a_named_photo_is_used_and_the_reason_gives_its_distance():
    named = decision(ring(), 0, 12, named="P03")
    assert (named.source, named.photo) == ("captured", "P03")
    assert "44.0° from it" in named.reason  # 45 deg of azimuth at elevation 12
    assert named.nearest_photo == "P00"


def test_a_near_sharp_photo_is_preferred_to_a_nearer_blurry_one():
    where = [(0, 0), (3, 0)]
    assert decision(where, 0.5, 0, sharpness=(100, 90)).photo == "P00"
    blurry = decision(where, 0.5, 0, sharpness=(20, 90))
    assert blurry.photo == "P01"
    assert "P00 is nearer but much blurrier" in blurry.reason
    assert decision([(0, 0), (30, 0)], 0.5, 0, sharpness=(1, 90)).photo == "P00"


def test_without_views_named_angles_are_captured_and_the_others_refused():
    angles = [Angle(name="front", azimuth_deg=0), Angle(name="back", azimuth_deg=180)]
    front, back = judge(angles, {"front": "A"}, ["A", "B"], None, PARAMS)
    assert (front.source, front.photo, front.nearest_photo) == ("captured", "A", None)
    assert (back.source, back.code) == ("refused", "angle-not-posed")
    assert "could not be posed" in back.reason


@pytest.mark.parametrize(
    ("named", "message"), [({"front": "C"}, "no photo 'C'"), ({"top": "A"}, "'top' is not a requested")]
)
def test_unknown_angles_and_photos_in_named_are_bad_input(named, message):
    with pytest.raises(BadInput, match=message):
        judge([Angle(name="front", azimuth_deg=0)], named, ["A"], None, PARAMS)


@thorough
@given(shoot=shoots, more=shoots, requested=spots)
def test_another_photo_never_makes_a_decision_worse(shoot, more, requested):
    before, after = decision(shoot, *requested), decision([*shoot, *more], *requested)
    assert RANK[after.source] >= RANK[before.source]


@thorough
@given(shoot=shoots, requested=spots, quaternion=st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(any))
def test_decisions_are_invariant_under_rotation(shoot, requested, quaternion):
    if np.linalg.norm(quaternion) < 0.1:
        return
    rotation = rotation_from_quaternion(quaternion)
    turned = [azimuth_elevation_deg(rotation @ direction(*spot)) for spot in shoot]
    before = decision(shoot, *requested)
    after = decision(turned, *azimuth_elevation_deg(rotation @ direction(*requested)))
    assert after.nearest_deg == pytest.approx(before.nearest_deg, abs=2e-3)
    loose, tight = (PARAMS.model_copy(update={k: v + d for k, v in PARAMS.model_dump().items()}) for d in (1e-6, -1e-6))
    if decision(shoot, *requested, params=loose).source == decision(shoot, *requested, params=tight).source:
        assert after.source == before.source


@thorough
@given(shoot=shoots, requested=spots)
def test_looser_params_never_make_a_decision_worse(shoot, requested):
    loose = CoverageParams(tolerance_deg=8, max_gap_deg=90, max_offset_deg=20)
    assert RANK[decision(shoot, *requested, params=loose).source] >= RANK[decision(shoot, *requested).source]


@thorough
@given(first=spots, second=spots, requested=spots)
def test_the_distance_to_an_arc_is_measured_to_its_nearest_point(first, second, requested):
    p, q, x = direction(*first), direction(*second), direction(*requested)
    width = angle_between_deg(p, q)
    if not 1.0 < width < 170.0:
        return
    steps = np.linspace(0, 1, 2001)
    points = (
        np.sin((1 - steps) * np.radians(width))[:, None] * p + np.sin(steps * np.radians(width))[:, None] * q
    ) / np.sin(np.radians(width))
    plain = float(angles_deg(points, x).min())
    assert arc_offset_deg(p[None], q[None], x)[0] == pytest.approx(plain, abs=0.1)


@thorough
@given(azimuths=st.lists(st.floats(0, 359.9), min_size=1, max_size=10), azimuth=st.floats(0, 359.9))
def test_the_largest_gap_contains_no_photo_and_is_the_largest(azimuths, azimuth):
    gap = largest_gap(azimuths)
    inside = [a for a in azimuths if 1e-6 < (a - gap.from_deg) % 360 < gap.width_deg - 1e-6]
    assert not inside
    assert gap_around(azimuths, azimuth).width_deg <= gap.width_deg + 1e-6


def test_gaps_have_a_label_and_a_number_of_photos_to_shoot():
    gap = largest_gap([0, 20, 95, 170, 200, 260, 300])
    assert (gap.label, gap.width_deg, gap.photos_to_shoot) == ("20-95°", 75, 4)
    assert largest_gap([350.0]).width_deg == 360
    assert largest_gap([300.0, 340.0, 20.0]).label == "20-300°"


def test_every_angle_gets_one_decision_in_order():
    angles = [
        Angle(name=f"a{i}", azimuth_deg=a, elevation_deg=e)
        for i, (a, e) in enumerate(itertools.product(range(0, 360, 40), (-80, 0, 12, 60)))
    ]
    shoot = posed(ring())
    decisions = judge(angles, {}, shoot.photos, shoot, PARAMS)
    assert [d.angle for d in decisions] == angles
    assert {d.source for d in decisions} == {"captured", "rendered", "refused"}


def test_angles_without_any_posed_photo_are_refused():
    assert photographed([], {}).directions.shape == (0, 3)
    assert judge([Angle(name="a", azimuth_deg=0)], {}, [], photographed([], {}), PARAMS)[0].source == "refused"


def test_a_photo_of_the_product_upside_down_is_no_picture_but_lets_the_splat_render():
    camera = Camera(width_px=80, height_px=60, fx_px=90, fy_px=90, cx_px=40, cy_px=30)
    roll = np.diag([-1.0, -1.0, 1.0, 1.0])
    views = [
        View(
            photo=f"P{azimuth:03d}", camera=camera, azimuth_deg=azimuth, elevation_deg=2,
            cam_from_world=tuple(map(tuple, (roll if azimuth == 30 else np.eye(4)) @ look_at(azimuth, 2, 4.0))),
        )
        for azimuth in range(0, 60, 15)
    ]  # fmt: skip
    shoot = photographed(views, {})
    assert shoot.upside_down == {"P030"}
    decisions = judge([Angle(name="a", azimuth_deg=a) for a in (15, 30)], {}, shoot.photos, shoot, PARAMS)
    assert [(made.source, made.photo) for made in decisions] == [("captured", "P015"), ("rendered", None)]
