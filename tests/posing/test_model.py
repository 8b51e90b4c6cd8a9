import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.domain import Camera, look_at
from pipeline.core.errors import BadInput
from pipeline.posing.hull import project_px
from pipeline.posing.model import (
    PosedImage,
    SparseModel,
    quaternion_from_rotation,
    read_model,
    rotation_from_quaternion,
    write_model,
)

CAMERA = Camera(width_px=640, height_px=480, fx_px=700.0, fy_px=700.0, cx_px=321.0, cy_px=239.0, k1=0.02)
TRACK = np.dtype([("image", "<u4"), ("feature", "<u4")])


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
    return SparseModel(
        {1: CAMERA}, tuple(images), np.arange(1, points + 1).astype(np.uint64), xyz, rgb, np.full(points, 0.25), tracks
    )


def test_a_model_written_and_read_is_the_same(tmp_path):
    before = model()
    write_model(before, tmp_path)
    after = read_model(tmp_path)
    assert after.cameras == before.cameras
    assert [i.name for i in after.images] == [i.name for i in before.images]
    for old, new in zip(before.images, after.images, strict=True):
        assert np.allclose(new.cam_from_world, old.cam_from_world, atol=1e-12)
        assert np.array_equal(new.features_px, old.features_px)
        assert np.array_equal(new.point_ids, old.point_ids)
        assert new.centre == pytest.approx(old.centre)
    assert np.array_equal(after.xyz, before.xyz)
    assert np.array_equal(after.rgb, before.rgb)
    assert all(np.array_equal(a, b) for a, b in zip(after.tracks, before.tracks, strict=True))
    assert after.reprojection_error_px == 0.25


CHECK = """
import pycolmap, sys
model = pycolmap.Reconstruction(sys.argv[1])
model.update_point_3d_errors()
print(model.num_reg_images(), model.num_points3D(), model.compute_num_observations(), end=" ")
print(model.compute_mean_reprojection_error())
"""


def test_pycolmap_reads_what_we_write_and_agrees_about_every_reprojection(tmp_path):
    moved = model().moved(rotation_from_quaternion([0.3, 0.1, -0.7, 0.5]), np.array([0.2, -1.0, 0.4]), 2.5)
    write_model(moved, tmp_path)
    done = subprocess.run([sys.executable, "-c", CHECK, str(tmp_path)], capture_output=True, text=True, check=True)
    images, points, observations, error = done.stdout.split()[-4:]
    assert (images, points, observations) == ("4", "25", "100")
    assert float(error) < 1e-6


def test_moving_a_model_leaves_its_pictures_as_they_were():
    before = model()
    after = before.moved(rotation_from_quaternion([0.9, 0.1, 0.2, -0.4]), np.array([3.0, 1.0, -2.0]), 0.3)
    for old, new in zip(before.images, after.images, strict=True):
        assert np.allclose(
            project_px(CAMERA, new.cam_from_world, after.xyz)[0], project_px(CAMERA, old.cam_from_world, before.xyz)[0]
        )


@settings(deadline=None, derandomize=True)
@given(wxyz=st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 1e-2))
def test_quaternions_and_rotations_are_inverses(wxyz):
    rotation = rotation_from_quaternion(wxyz)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.allclose(rotation_from_quaternion(quaternion_from_rotation(rotation)), rotation, atol=1e-9)


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin", "points3D.bin"])
def test_a_missing_or_cut_file_is_named(tmp_path, name):
    write_model(model(), tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match="damaged"):
        read_model(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BadInput, match=name):
        read_model(tmp_path)


def test_an_unknown_camera_model_is_refused(tmp_path):
    write_model(model(), tmp_path)
    data = bytearray((tmp_path / "cameras.bin").read_bytes())
    data[12] = 4  # OPENCV
    (tmp_path / "cameras.bin").write_bytes(data)
    with pytest.raises(BadInput, match="camera model 4"):
        read_model(tmp_path)


def test_leaving_photos_out_keeps_the_points_that_two_others_see():
    found = model()
    tracks = (found.tracks[0][:3], *found.tracks[1:])  # DSC_0, DSC_1 and DSC_2 see the first point
    found = SparseModel(found.cameras, found.images, found.point_ids, found.xyz, found.rgb, found.error_px, tracks)
    less = found.without({"DSC_0", "DSC_1"})
    assert [image.photo for image in less.images] == ["DSC_2", "DSC_3"]
    assert less.point_ids.tolist() == found.point_ids.tolist()[1:]
    assert (less.xyz == found.xyz[1:]).all()
    assert less.images[0].point_ids[0] == -1
    assert all(set(track["image"]) == {3, 4} for track in less.tracks)
    assert found.without(()).point_ids.tolist() == found.point_ids.tolist()
