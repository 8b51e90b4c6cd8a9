"""Pose corrections: the effect of a twist, what is projected out, the limit, and the gain of a fit."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.poses import Poses
from pipeline.splatting.photos import prepare
from tests.splatting.toy_product import fit, photos, sparse

MIDDLE = torch.tensor([0.1, -0.2, 0.15])
COUNT = 12


@pytest.fixture(scope="module")
def poses():
    return Poses.around([prepare(photo, 96, crop=True) for photo in photos(COUNT)], MIDDLE)


def projected_px(photo, points):
    p = points @ photo.cam_from_world[:3, :3].T + photo.cam_from_world[:3, 3]
    return np.array([photo.full.camera.fx_px, photo.full.camera.fy_px]) * p[:, :2] / p[:, 2:]


def test_zero_twist_gives_exactly_the_given_pose(poses):
    for i, photo in enumerate(poses.corrected(torch.zeros(COUNT, 6))):
        assert np.array_equal(photo.cam_from_world, poses.photos[i].cam_from_world)


def test_a_shift_is_in_px_and_a_turn_leaves_the_middle(poses):
    twists = torch.zeros(COUNT, 6)
    twists[:, 3], twists[:, 4] = 2.0, -1.0
    middle = MIDDLE.double().numpy()[None]
    for before, after in zip(poses.photos, poses.corrected(twists), strict=True):
        assert (projected_px(after, middle) - projected_px(before, middle))[0] == pytest.approx([2, -1], abs=0.1)
    twists = torch.randn(COUNT, 6, generator=torch.Generator().manual_seed(0))
    twists[:, 3:] = 0
    assert poses.shifts_px(twists, middle) == pytest.approx(np.zeros(COUNT), abs=1e-5)
    rim = MIDDLE.double().numpy() + 0.9 * np.array([[0.0, 0, 1], [0, 0, -1], [0.7, 0.7, 0], [-0.7, 0.7, 0]])
    assert 0.1 < np.median(poses.shifts_px(twists, rim)) < 3  # about as many px as the twist says


def test_corrected_pose_is_rigid_and_its_gradient_is_correct(poses):
    twist = torch.tensor([1.5, -0.7, 2.0, 0.4, -1.1, 0.6], dtype=torch.float64, requires_grad=True)
    pose = poses.at(3, twist)
    assert torch.allclose(pose[:3, :3] @ pose[:3, :3].T, torch.eye(3, dtype=torch.float64), atol=1e-12)
    assert pose[3].tolist() == [0, 0, 0, 1]
    assert torch.autograd.gradcheck(lambda t: poses.at(3, t), (twist,))


@pytest.mark.parametrize("axis", range(7))
def test_motion_common_to_all_photos_is_projected_out(poses, axis):
    """Rotate, shift or scale the world a little: the equivalent twists are in the span of `common` and vanish."""
    small, middle = 1e-4, MIDDLE.double().numpy()
    world, scale = np.eye(4), 1.0
    if axis < 3:
        world[:3, :3] = Rotation.from_rotvec(small * np.eye(3)[axis]).as_matrix()
        world[:3, 3] = middle - world[:3, :3] @ middle
    elif axis < 6:
        world[axis - 3, 3] = small
    else:
        scale = 1 + small  # the same pictures show a world this much larger about its middle, cameras stepping back
    points = np.random.default_rng(0).normal(scale=0.5, size=(20, 3)) + middle
    moved = points @ world[:3, :3].T + world[:3, 3]
    expected = torch.zeros(COUNT, 6, dtype=torch.float64)
    for i, photo in enumerate(poses.photos):  # by least squares, from what each photo sees
        camera = photo.cam_from_world[:3, :3] @ middle + photo.cam_from_world[:3, 3]
        away = np.append(photo.cam_from_world[:3, :3].T @ (camera * (scale - 1)), 0)[:3]
        target = (moved + away) @ photo.cam_from_world[:3, :3].T + photo.cam_from_world[:3, 3]
        jacobian = []
        for k in range(6):
            pose = poses.at(i, 1e-3 * torch.eye(6, dtype=torch.float64)[k]).numpy()
            jacobian.append(
                (
                    (points @ pose[:3, :3].T + pose[:3, 3])
                    - (points @ photo.cam_from_world[:3, :3].T + photo.cam_from_world[:3, 3])
                )
                / 1e-3
            )
        change = target - (points @ photo.cam_from_world[:3, :3].T + photo.cam_from_world[:3, 3])
        expected[i] = torch.from_numpy(
            np.linalg.lstsq(np.stack(jacobian, -1).reshape(-1, 6), change.reshape(-1), rcond=None)[0]
        )
    flat = expected.reshape(-1)
    assert flat.norm() > 1e-3
    assert (flat - poses.common @ (poses.common.T @ flat)).norm() < 1e-3 * flat.norm()
    twists = expected.float()
    poses.learn(twists, 0, torch.zeros(6), Adam(), 1e-12, 3.0)
    assert twists.norm() < 2e-3 * flat.norm()


def test_corrections_stay_within_the_limit(poses):
    twists, adam, r = torch.zeros(COUNT, 6), Adam(), np.random.default_rng(0)
    for step in range(200):
        gradient = torch.from_numpy(r.normal(size=6)).float() if step % COUNT else torch.ones(6)
        poses.learn(twists, step % COUNT, gradient, adam, 0.5, 1.5)
        assert twists.norm(dim=1).max() <= 1.5 + 1e-5
    assert twists.norm(dim=1).max() > 1


def test_weak_pull_moves_nothing_and_corrections_decay_without_pull(poses):
    twists, adam = torch.zeros(COUNT, 6), Adam()
    poses.learn(twists, 4, torch.full((6,), 2e-3), adam, 0.05, 3.0)
    assert (twists == 0).all()
    poses.learn(twists, 4, torch.full((6,), 8e-3), adam, 0.05, 3.0)
    assert (twists[4] < 0).all()
    twists = torch.zeros(COUNT, 6)
    twists[2, 3], twists[8, 3] = 0.8, -0.8
    before, adam = twists.norm(), Adam()
    for step in range(20 * COUNT):
        poses.learn(twists, step % COUNT, torch.zeros(6), adam, 0.05, 3.0)
    assert twists.norm() < 0.25 * before  # momentum overshoots zero a little


PARAMS = FitParams(side_px=96, iterations=320, max_seconds=1e6, gaussians=1500, degree=1, holdout=6)
HELD_OUT = ("P03", "P09", "P15", "P21")


def shaken(shot, seed=0):
    """Rotate the fitted photos by 0.3 degrees and shift them by a px, like SfM's errors."""
    r, out = np.random.default_rng(seed), []
    for photo in shot:
        error = np.eye(4)
        error[:3, :3] = Rotation.from_rotvec(np.radians(0.3) * r.normal(size=3) / np.sqrt(3)).as_matrix()
        error[:2, 3] = r.normal(size=2) * 5.0 / photo.camera.fx_px
        given = photo.cam_from_world if photo.name in HELD_OUT else error @ photo.cam_from_world
        out.append(replace(photo, cam_from_world=given))
    return out


def test_wrong_poses_approach_the_truth_and_held_out_photos_gain():
    given = shaken(photos(24))
    results = {
        refine: fit(PARAMS.model_copy(update={"refine_poses": refine}), given, sparse()) for refine in (True, False)
    }
    on, off = (results[refine].report for refine in (True, False))
    assert on.held_out == off.held_out == HELD_OUT
    assert on.psnr_db > off.psnr_db + 1
    assert on.alpha_iou > off.alpha_iou
    assert (off.pose_shift_median_px, off.pose_shift_max_px) == (None, None)
    assert 0.3 < on.pose_shift_median_px < on.pose_shift_max_px < 4


def test_correct_poses_stay_and_held_out_photos_lose_nothing():
    params = PARAMS.model_copy(update={"iterations": 240})
    on, off = (fit(params.model_copy(update={"refine_poses": r}), photos(24), sparse()).report for r in (True, False))
    assert on.pose_shift_median_px < 0.02
    assert on.pose_shift_max_px < 0.1
    assert on.psnr_db > off.psnr_db - 0.3  # fits with different seeds differ as much
