import numpy as np
import pytest

from pipeline.core.domain import angle_between_deg
from pipeline.posing.base import base, faces
from tests.posing.test_frame import turned

Z = np.array([0.0, 0.0, 1.0])


def face(normal, count, seed, offset=1.0, noise=0.002):
    """Points [count, 3] on a square of side 2 at `offset` along `normal`."""
    rng = np.random.default_rng(seed)
    normal = np.asarray(normal, dtype=float) / np.linalg.norm(normal)
    helper = np.eye(3)[int(np.abs(normal).argmin())]
    first = np.cross(normal, helper) / np.linalg.norm(np.cross(normal, helper))
    across = np.stack([first, np.cross(normal, first)])
    return rng.uniform(-1, 1, (count, 2)) @ across + (offset + noise * rng.normal(size=(count, 1))) * normal


def ball(count=400):
    rng = np.random.default_rng(9)
    points = rng.normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


CARTON = np.concatenate([face(n, 120, i) for i, n in enumerate([(0, -1, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0)])])
SLAB = np.concatenate([face(Z, 300, 7, offset=0.2), ball(150) * [0.9, 0.9, 0.2]])


@pytest.mark.parametrize("lean_deg", [0.0, 11.0, 20.0])
def test_up_runs_along_the_edges_of_a_carton(lean_deg):
    lean = turned([0.3, 1, 0], lean_deg)
    up, sigma_deg = base(CARTON @ lean.T, Z)
    assert angle_between_deg(up, lean @ Z) < 0.5
    assert sigma_deg < 1.5


def test_the_top_of_a_slab_alone_only_confirms():
    lean = turned([1, 0, 0], 11.0)
    up, sigma_deg = base(SLAB @ lean.T, Z)
    assert angle_between_deg(up, lean @ Z) < 0.7
    assert sigma_deg > 2.0


def test_a_lid_that_contradicts_the_sides_makes_up_less_certain():
    lid = face(turned([1, 0, 0], 12.0) @ Z, 200, 8)
    up, sigma_deg = base(np.concatenate([CARTON[:240], lid]), Z)
    assert angle_between_deg(up, Z) < 1.0
    assert sigma_deg > 2.0


def test_round_products_few_points_and_steep_faces_say_nothing():
    assert faces(ball()) == []
    assert base(ball(), Z) is None
    assert base(CARTON[:40], Z) is None
    assert base(np.concatenate([face((0, 1, 1), 300, 5), ball(200)]), Z) is None


def test_the_same_points_give_the_same_faces():
    assert np.array_equal(faces(CARTON, seed=4), faces(CARTON, seed=4))
