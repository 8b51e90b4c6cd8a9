"""The points that a fit starts on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.colmap.model import Points
from pipeline.core.domain import camera_centre
from pipeline.splatting.carving.seeds import normals_of, starting_points, thinned
from pipeline.splatting.gaussians import FLAT, from_points
from tests.splatting.carving.cup import RADIUS, off_the_cup

NONE = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))


def test_seeds_lie_on_what_the_photos_show_and_keep_to_the_budget(cup):
    seeds = starting_points(NONE, cup, 3000, np.random.default_rng(0))
    assert 2400 < len(seeds.positions) <= 3000
    assert np.median(off_the_cup(seeds.positions)) < 0.006
    assert np.allclose(np.linalg.norm(seeds.normals, axis=1), 1)


def test_sparse_points_stay_only_where_nothing_is_photographed(cup):
    on_wall = np.array([[RADIUS * np.cos(a), RADIUS * np.sin(a), 0.2] for a in np.linspace(0, 6, 40)])
    sparse = Points(on_wall, np.full((40, 3), 7, np.uint8))
    seeds = starting_points(sparse, cup, 3000, np.random.default_rng(0))
    assert (seeds.colours == 7).all(axis=1).sum() < 10


def test_normals_face_the_camera(cup, fine):
    normals, points = normals_of(fine.maps[0]), fine.maps[0].points()
    towards = camera_centre(cup[0].cam_from_world) - points
    assert ((normals * towards).sum(-1)[fine.maps[0].known] >= 0).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 3000), count=st.integers(0, 3000))
def test_thinning_leaves_at_most_the_count_and_unit_normals(seed, n, count):
    r = np.random.default_rng(seed)
    points, normals = r.normal(size=(n, 3)), r.normal(size=(n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    few, directions = thinned(points, normals, count)
    assert min(1, count) <= len(few) <= min(n, count)
    if not count:
        return
    assert few.min() >= points.min()
    assert few.max() <= points.max()
    assert (np.linalg.norm(directions, axis=1) < 1 + 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_discs_lie_across_their_normals_and_unknown_normals_give_balls(seed):
    r = np.random.default_rng(seed)
    normals = r.normal(size=(20, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[0], normals[1], normals[2] = 0, (0, 0, -1), (0, 0, 1)
    g = from_points(r.normal(size=(20, 3)), np.full((20, 3), 9, np.uint8), normals=normals)
    axes = g.axes()
    lengths = np.linalg.norm(axes, axis=1)
    assert np.allclose(lengths[0], lengths[0, 0])
    assert np.allclose(lengths[1:, 0] / lengths[1:, 2], FLAT, rtol=1e-3)
    thin = axes[1:, :, 2] / lengths[1:, 2:]
    assert np.allclose((thin * normals[1:]).sum(axis=1), 1, atol=1e-4)
