import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.colmap.model import CAMERA_MODELS, TRACK, Points, PosedImage, RawCamera, SparseModel
from pipeline.core.colmap.read import read_model
from pipeline.core.colmap.undistort import undistort
from pipeline.core.colmap.write import write_model
from pipeline.core.domain import Camera, look_at
from pipeline.core.errors import BadInput
from pipeline.core.rotations import quaternion_from_rotation, rotation_from_quaternion
from pipeline.posing.hull import project_px

CAMERA = Camera(width_px=640, height_px=480, fx_px=700.0, fy_px=700.0, cx_px=321.0, cy_px=239.0, k1=0.02)
RADIAL = RawCamera("SIMPLE_RADIAL", 640, 480, (700.0, 321.0, 239.0, 0.02))


def model(points=25):
    rng = np.random.default_rng(0)
    xyz = rng.uniform(-0.5, 0.5, (points, 3))
    images = []
    for i in range(4):
        pose = look_at(20.0 * i, 10.0, 4.0)
        pixels, _ = project_px(CAMERA, pose, xyz)
        features = np.vstack([pixels, [[5.0, 5.0]]])
        ids = np.array([*range(1, points + 1), -1], dtype=np.int64)
        images.append(PosedImage(i + 1, f"DSC_{i}.png", 1, pose, features, ids))
    tracks = tuple(np.array([(i + 1, p) for i in range(4)], dtype=TRACK) for p in range(points))
    rgb = rng.integers(0, 256, (points, 3)).astype(np.uint8)
    ids = np.arange(1, points + 1, dtype=np.uint64)
    return SparseModel({1: RADIAL}, tuple(images), Points(xyz, rgb), ids, np.full(points, 0.25), tracks)


def assert_same(after, before):
    """Equal to the last bit, except poses, which pass through a quaternion."""
    assert after.cameras == before.cameras
    assert [i.name for i in after.images] == [i.name for i in before.images]
    for old, new in zip(before.images, after.images, strict=True):
        assert np.allclose(new.cam_from_world, old.cam_from_world, atol=1e-12)
        assert np.array_equal(new.features_px, old.features_px)
        assert np.array_equal(new.point_ids, old.point_ids)
        assert new.centre == pytest.approx(old.centre)
    assert np.array_equal(after.points.positions, before.points.positions)
    assert np.array_equal(after.points.colours, before.points.colours)
    assert np.array_equal(after.point_ids, before.point_ids)
    assert all(np.array_equal(a, b) for a, b in zip(after.tracks, before.tracks, strict=True))
    assert after.reprojection_error_px == before.reprojection_error_px == 0.25


def test_a_model_survives_writing_and_reading(tmp_path):
    write_model(model(), tmp_path)
    assert_same(read_model(tmp_path), model())
    assert read_model(tmp_path).camera_of(model().images[0]) == CAMERA


AS_TEXT = """
import pathlib, pycolmap, sys
folder = pathlib.Path(sys.argv[2]) / "sparse" / "0"
folder.mkdir(parents=True)
pycolmap.Reconstruction(sys.argv[1]).write_text(folder)
"""


def test_text_and_binary_files_give_the_same_model(tmp_path):
    before = model(points=8)
    write_model(before, tmp_path / "bin")
    subprocess.run([sys.executable, "-c", AS_TEXT, tmp_path / "bin", tmp_path / "txt"], check=True, capture_output=True)
    assert_same(read_model(tmp_path / "txt"), before)


@pytest.mark.parametrize(("name", "count"), CAMERA_MODELS.values())
def test_every_supported_camera_survives_writing_and_reading(tmp_path, name, count):
    camera = RawCamera(name, 640, 480, tuple(700.0 + i for i in range(count)))
    write_model(replace(model(points=0), cameras={1: camera}), tmp_path)
    assert read_model(tmp_path).cameras == {1: camera}


def test_a_camera_with_more_than_one_radial_coefficient_is_rejected():
    with pytest.raises(BadInput, match="more than one radial coefficient"):
        RawCamera("RADIAL", 640, 480, (700.0, 320.0, 240.0, 0.1, 0.01)).radial()
    assert RawCamera("RADIAL", 640, 480, (700.0, 320.0, 240.0, 0.1, 0.0)).radial().k1 == 0.1
    assert RawCamera.of(CAMERA).radial() == CAMERA


CHECK = """
import pycolmap, sys
model = pycolmap.Reconstruction(sys.argv[1])
model.update_point_3d_errors()
print(model.num_reg_images(), model.num_points3D(), model.compute_num_observations(), end=" ")
print(model.compute_mean_reprojection_error())
"""


def test_pycolmap_reads_our_files_and_agrees_about_the_reprojection_error(tmp_path):
    moved = model().moved(rotation_from_quaternion([0.3, 0.1, -0.7, 0.5]), np.array([0.2, -1.0, 0.4]), 2.5)
    write_model(moved, tmp_path)
    done = subprocess.run([sys.executable, "-c", CHECK, str(tmp_path)], capture_output=True, text=True, check=True)
    images, points, observations, error = done.stdout.split()[-4:]
    assert (images, points, observations) == ("4", "25", "100")
    assert float(error) < 1e-6


def test_moving_a_model_keeps_every_projection():
    before = model()
    after = before.moved(rotation_from_quaternion([0.9, 0.1, 0.2, -0.4]), np.array([3.0, 1.0, -2.0]), 0.3)
    for old, new in zip(before.images, after.images, strict=True):
        assert np.allclose(
            project_px(CAMERA, new.cam_from_world, after.points.positions)[0],
            project_px(CAMERA, old.cam_from_world, before.points.positions)[0],
        )


@settings(deadline=None, derandomize=True)
@given(wxyz=st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 1e-2))
def test_quaternions_and_rotations_are_inverses(wxyz):
    rotation = rotation_from_quaternion(wxyz)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.allclose(rotation_from_quaternion(quaternion_from_rotation(rotation)), rotation, atol=1e-9)


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin", "points3D.bin"])
def test_a_missing_or_truncated_file_is_reported(tmp_path, name):
    write_model(model(), tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match="damaged"):
        read_model(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BadInput, match=name):
        read_model(tmp_path)


def test_an_unsupported_camera_model_is_rejected(tmp_path):
    write_model(model(), tmp_path)
    data = bytearray((tmp_path / "cameras.bin").read_bytes())
    data[12] = 5  # OPENCV_FISHEYE
    (tmp_path / "cameras.bin").write_bytes(data)
    with pytest.raises(BadInput, match="camera model 5"):
        read_model(tmp_path)


def test_removing_photos_keeps_points_that_two_other_photos_observe():
    before = model()
    tracks = (before.tracks[0][:3], *before.tracks[1:])  # DSC_0, DSC_1 and DSC_2 see the first point
    before = replace(before, tracks=tracks)
    after = before.without({"DSC_0", "DSC_1"})
    assert [image.photo for image in after.images] == ["DSC_2", "DSC_3"]
    assert after.point_ids.tolist() == before.point_ids.tolist()[1:]
    assert (after.points.positions == before.points.positions[1:]).all()
    assert after.images[0].point_ids[0] == -1
    assert all(set(track["image"]) == {3, 4} for track in after.tracks)
    assert before.without(()).point_ids.tolist() == before.point_ids.tolist()


@given(st.integers(0, 440), st.integers(0, 600), st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=10, deadline=None)
def test_undistorting_a_cutout_loses_no_part_of_it(top, left, height, width):
    shape = (480, 640)
    opaque = np.zeros(shape, np.uint8)
    opaque[top : top + height, left : left + width] = 255
    white, _ = undistort(np.dstack([np.full((*shape, 3), 255, np.uint8), opaque]), RADIAL)
    marked, _ = undistort(np.dstack([opaque, opaque, opaque, np.full(shape, 255, np.uint8)]), RADIAL)
    inside = marked[..., 3] == 255  # at the frame's edge, `marked` fades
    assert np.array_equal(white[inside, 3], marked[inside, 0])


def test_undistorting_an_empty_cutout_leaves_it_empty():
    assert not undistort(np.zeros((480, 640, 4), np.uint8), RADIAL)[0].any()


def test_photos_of_two_cameras_are_undistorted_each_by_its_own() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (480, 640, 4)).astype(np.uint8)
    other = replace(RADIAL, params=(*RADIAL.params[:3], -0.05))
    first, second = undistort(photo, RADIAL)[0], undistort(photo, other)[0]
    assert (first != second).any()
    for _ in range(2):
        np.testing.assert_array_equal(undistort(photo, RADIAL)[0], first)
        np.testing.assert_array_equal(undistort(photo, other)[0], second)
