import numpy as np
import pytest

from benchmarks.sfm import difference
from pipeline.posing.product import product_frame
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.request import PoseParams
from pipeline.posing.sides.resolve import resolved_poses
from tests.posing import can

STANDING = [can.Shot(f"A{n:02d}", 22.5 * n, 45.0) for n in range(10)]
TURNED = [can.Shot(f"B{n:02d}", 7.0 + 22.5 * n, 45.0, can.TURNED_OVER) for n in range(8)]
SHOTS = [*STANDING, *TURNED]
PARAMS = PoseParams(max_side_px=480, max_features=1024, timeout_seconds=300)


def resolved(folder, name="scratch"):
    photos = [PhotoFile(folder / "photos" / f"{shot.photo}.png", 480, 400) for shot in SHOTS]
    masks = {shot.photo: folder / "cutouts" / f"{shot.photo}.png" for shot in SHOTS}
    return resolved_poses(photos, masks, {}, PARAMS, folder / name, order=[shot.photo for shot in SHOTS])


@pytest.fixture(scope="module")
def shoot(tmp_path_factory):
    """A can with a few labels, photographed standing and upside down from above: COLMAP cannot join the halves."""
    folder = tmp_path_factory.mktemp("turned")
    can.write_shoot(folder, SHOTS, labels=20)
    return folder


@pytest.fixture(scope="module")
def joined(shoot):
    return resolved(shoot)


def test_the_halves_of_a_product_that_was_turned_over_are_joined(joined):
    answer = joined.posed.answer
    assert [attempt.name for attempt in answer.attempts] == ["plain", "joined"]
    assert answer.joined == (tuple(shot.photo for shot in TURNED),)
    assert answer.apart == ()
    assert joined.posed.strays == {}
    poses = {image.photo: image.cam_from_world for image in joined.posed.model.images}
    angle, distance = difference(poses, {shot.photo: shot.pose for shot in SHOTS})
    assert angle < 0.5
    assert distance < 1.0


@pytest.mark.parametrize(("front", "standing"), [("A00", "A"), ("B00", "B")])
def test_up_is_that_of_the_half_with_the_front_photo(joined, front, standing):
    posed = joined.posed
    frame = product_frame(posed.model, posed.silhouettes, "turntable", front, turned=posed.answer.joined)
    assert frame.up.source == "turntable"
    assert len(frame.views) == len(SHOTS)
    for view in frame.views:
        side = 1.0 if view.photo.startswith(standing) else -1.0
        assert view.elevation_deg == pytest.approx(side * 45.0, abs=2.0)
        if side > 0:
            turn = next(shot for shot in SHOTS if shot.photo == view.photo).azimuth_deg
            first = next(shot for shot in SHOTS if shot.photo == front).azimuth_deg
            assert abs((view.azimuth_deg - turn + first + 180.0) % 360.0 - 180.0) < 2.0


def test_joined_poses_are_the_same_to_the_last_bit_in_every_run(shoot, joined):
    again = resolved(shoot, "again").posed.model
    for one, other in zip(joined.posed.model.images, again.images, strict=True):
        assert np.array_equal(one.cam_from_world, other.cam_from_world)
    assert np.array_equal(joined.posed.model.points.positions, again.points.positions)


def test_a_plain_product_that_was_turned_over_is_not_joined(tmp_path):
    """Every rotation of a can fits its silhouettes, and nothing on a plain wall says which is right."""
    can.write_shoot(tmp_path, SHOTS, labels=0)
    posed = resolved(tmp_path).posed
    assert posed.answer.joined == ()
    assert posed.answer.apart == (tuple(shot.photo for shot in TURNED),)
    assert len(posed.model.images) == len(STANDING)
