"""The table is found among the points of a whole scene, whatever frame SfM chose, or not at all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import SparseModel
from pipeline.core.domain import angle_between_deg
from pipeline.posing.scene.table import find_table
from tests.posing.drawn_scene import CAMERA, model_of, ring

BOTTOM = -0.7


def ball(generator: np.random.Generator, count: int, centre: tuple[float, float, float], radius: float) -> F64:
    """Points [count, 3] on a sphere."""
    directions = generator.normal(size=(count, 3))
    return np.asarray(centre + radius * directions / np.linalg.norm(directions, axis=1)[:, None])


def table_points(generator: np.random.Generator, count: int) -> F64:
    """Points [count, 3] on the table around the product, 3 thousandths of its radius off the plane."""
    flat = generator.uniform(-2.5, 2.5, (count, 2))
    return np.column_stack([flat, generator.normal(BOTTOM, 0.003, count)])


def shown(points: F64, elevations_deg: tuple[float, ...] = (20.0, 40.0)) -> SparseModel:
    """A model of the points, seen by rings of cameras that see all of them."""
    poses = ring(elevations_deg)
    return model_of(points, dict.fromkeys(poses, CAMERA), poses, {photo: np.arange(len(points)) for photo in poses})


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    on_table=st.integers(40, 600),
    quaternion=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
    scale=st.floats(0.1, 30),
)
def test_table_is_found_in_any_frame_with_few_or_many_points_on_it(
    seed: int, on_table: int, quaternion: tuple[float, ...], scale: float
) -> None:
    generator = np.random.default_rng(seed)
    product, room = ball(generator, 800, (0, 0, 0), 0.68), generator.uniform((-9, -9, -1), (9, 9, 17), (150, 3))
    room = room[np.linalg.norm(room, axis=1) > 1.5]
    rotation = Rotation.from_quat(quaternion).as_matrix()
    model = shown(np.concatenate([product, table_points(generator, on_table), room])).moved(rotation, np.ones(3), scale)
    table = find_table(model, 0)
    assert table is not None
    assert angle_between_deg(table.up, rotation[:, 2]) < 1.0
    assert abs(table.height - scale * rotation[:, 2] @ (rotation @ ([0, 0, BOTTOM] - np.ones(3)))) < 0.03 * scale
    assert table.product[: len(product)].mean() > 0.9
    assert not table.product[len(product) :].any()
    assert table.on[len(product) : len(product) + on_table].mean() > 0.9


def test_what_stands_beside_the_product_is_not_the_product() -> None:
    generator = np.random.default_rng(2)
    product, jar = ball(generator, 400, (0, 0, 0), 0.68), ball(generator, 600, (2.0, 0.4, -0.3), 0.4)
    table = find_table(shown(np.concatenate([product, jar, table_points(generator, 300)])), 0)
    assert table is not None
    assert table.product[:400].mean() > 0.9
    assert not table.product[400:].any()


def test_a_wall_behind_the_product_is_not_its_table() -> None:
    generator = np.random.default_rng(3)
    wall = np.column_stack([generator.uniform(-3, 3, 900), np.full(900, 2.5), generator.uniform(-0.7, 3, 900)])
    points = np.concatenate([ball(generator, 400, (0, 0, 0), 0.68), table_points(generator, 200), wall])
    poses = {photo: pose for photo, pose in ring((25.0,), 24).items() if np.linalg.inv(pose)[1, 3] < 2.0}
    rows = {photo: np.arange(len(points)) for photo in poses}
    table = find_table(model_of(points, dict.fromkeys(poses, CAMERA), poses, rows), 0)
    assert table is not None
    assert angle_between_deg(table.up, np.array([0.0, 0.0, 1.0])) < 1.0


def test_a_product_without_a_table_has_none() -> None:
    generator = np.random.default_rng(4)
    assert find_table(shown(ball(generator, 900, (0, 0, 0), 0.7)), 0) is None


def test_an_empty_table_carries_nothing() -> None:
    assert find_table(shown(table_points(np.random.default_rng(5), 500)), 0) is None


def test_a_table_with_few_points_is_less_sure() -> None:
    generator = np.random.default_rng(6)
    product = ball(generator, 400, (0, 0, 0), 0.68)
    tables = [find_table(shown(np.concatenate([product, table_points(generator, count)])), 0) for count in (45, 500)]
    few, many = (0.0 if table is None else table.confidence for table in tables)
    assert 0.3 < few < 0.75
    assert many > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_a_dark_mat_with_few_points_is_found_though_the_cameras_rolled(seed: int) -> None:
    generator = np.random.default_rng(seed)
    points = np.concatenate([ball(generator, 3000, (0, 0, 0), 0.68), table_points(generator, 70)])
    poses = {
        photo: rolled(pose, 14.0 * float(np.linalg.inv(pose)[0, 3] > 0))  # on one side only: level is tilted
        for photo, pose in ring((20.0,)).items()
    }
    rows = {photo: np.arange(len(points)) for photo in poses}
    table = find_table(model_of(points, dict.fromkeys(poses, CAMERA), poses, rows), 0)
    assert table is not None
    assert angle_between_deg(table.up, np.array([0.0, 0.0, 1.0])) < 1.0


def rolled(pose: F64, roll_deg: float) -> F64:
    """The pose [4, 4] of a camera turned about its optical axis."""
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("z", roll_deg, degrees=True).as_matrix()
    return turn @ pose
