import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.domain import Angle, angle_between_deg, azimuth_elevation_deg, direction
from pipeline.core.errors import BadInput
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
    angle = Angle(name="asked", azimuth_deg=azimuth, elevation_deg=elevation)
    shoot = posed(where, sharpness)
    return judge([angle], {} if named is None else {"asked": named}, shoot.photos, shoot, params)[0]


def ring(elevation=12.0, step=15.0, without=()):
    return [(a, elevation) for a in np.arange(0, 360, step) if a not in without]


def test_a_photo_within_tolerance_serves_and_beyond_it_does_not():
    assert decision(ring(), 30.0, 15.9).photo == "P02"
    assert decision(ring(), 30.0, 15.9).nearest_deg == pytest.approx(3.9, abs=1e-3)
    assert decision(ring(), 30.0, 16.1).source == "rendered"
    assert decision([], 30.0, 16.1).source == "refused"


def test_inside_a_gap_of_45_degrees_the_splat_draws_and_inside_one_of_60_it_is_refused_with_what_to_shoot():
    assert decision(ring(without=(120, 135)), 127, 12).source == "rendered"
    refused = decision(ring(without=(120, 135, 150)), 135, 12)
    assert refused.source == "refused"
    assert "105-165°" in refused.reason
    assert "shoot 3 more there" in refused.reason
    assert refused.code == "angle-side-not-photographed"


@pytest.mark.parametrize(
    ("elevation", "source", "words"),
    [
        (80, "refused", "the highest photo from 12°; shoot a ring at about 80°"),
        (-80, "refused", "the lowest photo from 12°; shoot a ring at about -80°"),
        (23, "rendered", "beside the line"),
    ],
)
def test_how_far_above_and_below_the_ring_the_splat_may_be_seen(elevation, source, words):
    found = decision(ring(), 7.5, elevation)
    assert found.source == source
    assert words in found.reason


def test_a_lone_photo_serves_itself_only():
    assert decision([(0, 10)], 0, 10).source == "captured"
    assert decision([(0, 10)], 0, 17).source == "refused"


def test_a_named_photo_always_serves_its_angle_and_the_reason_tells_how_far_off_it_is():
    found = decision(ring(), 0, 12, named="P03")
    assert (found.source, found.photo) == ("captured", "P03")
    assert "44.0° from it" in found.reason  # 45 deg of azimuth at elevation 12
    assert found.nearest_photo == "P00"


def test_a_much_blurrier_photo_gives_way_to_a_sharp_one_that_is_also_near():
    where = [(0, 0), (3, 0)]
    assert decision(where, 0.5, 0, sharpness=(100, 90)).photo == "P00"
    found = decision(where, 0.5, 0, sharpness=(20, 90))
    assert found.photo == "P01"
    assert "P00 is nearer but much blurrier" in found.reason
    assert decision([(0, 0), (30, 0)], 0.5, 0, sharpness=(1, 90)).photo == "P00"


def test_without_views_named_angles_are_captured_and_the_others_refused():
    angles = [Angle(name="front", azimuth_deg=0), Angle(name="back", azimuth_deg=180)]
    front, back = judge(angles, {"front": "A"}, ["A", "B"], None, PARAMS)
    assert (front.source, front.photo, front.nearest_photo) == ("captured", "A", None)
    assert (back.source, back.code) == ("refused", "angle-not-posed")
    assert "could not be posed" in back.reason


@pytest.mark.parametrize(
    ("named", "words"), [({"front": "C"}, "no photo 'C'"), ({"top": "A"}, "'top' is no requested")]
)
def test_names_that_mean_nothing_are_bad_input(named, words):
    with pytest.raises(BadInput, match=words):
        judge([Angle(name="front", azimuth_deg=0)], named, ["A"], None, PARAMS)


@thorough
@given(shoot=shoots, more=shoots, asked=spots)
def test_another_photo_never_makes_a_decision_worse(shoot, more, asked):
    before, after = decision(shoot, *asked), decision([*shoot, *more], *asked)
    assert RANK[after.source] >= RANK[before.source]


@thorough
@given(shoot=shoots, asked=spots, quaternion=st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(any))
def test_decisions_turn_with_the_photos(shoot, asked, quaternion):
    if np.linalg.norm(quaternion) < 0.1:
        return
    rotation = rotation_from_quaternion(quaternion)
    turned = [azimuth_elevation_deg(rotation @ direction(*spot)) for spot in shoot]
    before = decision(shoot, *asked)
    after = decision(turned, *azimuth_elevation_deg(rotation @ direction(*asked)))
    assert after.nearest_deg == pytest.approx(before.nearest_deg, abs=2e-3)
    loose, tight = (PARAMS.model_copy(update={k: v + d for k, v in PARAMS.model_dump().items()}) for d in (1e-6, -1e-6))
    if decision(shoot, *asked, params=loose).source == decision(shoot, *asked, params=tight).source:
        assert after.source == before.source


@thorough
@given(shoot=shoots, asked=spots)
def test_looser_params_never_make_a_decision_worse(shoot, asked):
    loose = CoverageParams(tolerance_deg=8, max_gap_deg=90, max_offset_deg=20)
    assert RANK[decision(shoot, *asked, params=loose).source] >= RANK[decision(shoot, *asked).source]


@thorough
@given(first=spots, second=spots, asked=spots)
def test_the_distance_to_an_arc_is_that_to_its_nearest_point(first, second, asked):
    p, q, x = direction(*first), direction(*second), direction(*asked)
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
@given(azimuths=st.lists(st.floats(0, 359.9), min_size=1, max_size=10), asked=st.floats(0, 359.9))
def test_the_largest_gap_holds_no_photo_and_no_gap_is_larger(azimuths, asked):
    gap = largest_gap(azimuths)
    inside = [a for a in azimuths if 1e-6 < (a - gap.from_deg) % 360 < gap.width_deg - 1e-6]
    assert not inside
    assert gap_around(azimuths, asked).width_deg <= gap.width_deg + 1e-6


def test_gaps_in_words():
    gap = largest_gap([0, 20, 95, 170, 200, 260, 300])
    assert (gap.words, gap.width_deg, gap.photos_to_shoot) == ("20-95°", 75, 4)
    assert largest_gap([350.0]).width_deg == 360
    assert largest_gap([300.0, 340.0, 20.0]).words == "20-300°"


def test_every_angle_gets_one_decision_in_order():
    angles = [
        Angle(name=f"a{i}", azimuth_deg=a, elevation_deg=e)
        for i, (a, e) in enumerate(itertools.product(range(0, 360, 40), (-80, 0, 12, 60)))
    ]
    shoot = posed(ring())
    found = judge(angles, {}, shoot.photos, shoot, PARAMS)
    assert [v.angle for v in found] == angles
    assert {v.source for v in found} == {"captured", "rendered", "refused"}


def test_no_views_at_all_is_like_a_held_sfm():
    assert photographed([], {}).directions.shape == (0, 3)
    assert judge([Angle(name="a", azimuth_deg=0)], {}, [], photographed([], {}), PARAMS)[0].source == "refused"
