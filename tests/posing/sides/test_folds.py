import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.core.domain import Camera
from pipeline.core.rotations import rotation_from_quaternion
from pipeline.posing.sfm.colmap import PoseResult
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.request import PoseAnswer, PoseParams
from pipeline.posing.sides import resolve
from pipeline.posing.sides.alike import PhotoFiles
from pipeline.posing.sides.folds import Folded, fold_in
from pipeline.posing.sides.resolve import resolved_poses
from tests.posing.carton import write_carton
from tests.posing.drawn_scene import model_of
from tests.posing.test_judge import model

SHIRT = Path(__file__).parents[3] / "examples" / "collection" / "tee-001" / "truth"
UP = [0.0, 0.0, 1.0]
ALONG = [1.0, 0.0, 0.0]  # the shirt's front
RING = [15.0 * n for n in range(24)]
RNG = np.random.default_rng


def turn(axis, degrees):
    return rotation_from_quaternion(
        [np.cos(np.radians(degrees) / 2), *np.sin(np.radians(degrees) / 2) * np.array(axis)]
    )


@pytest.fixture(scope="module")
def shirt():
    """The true views of the sample shirt, the photos of its back, and its true silhouettes at a long side of 320 px."""
    views = {Path(view["photo"]).stem: view for view in json.loads((SHIRT / "views.json").read_text())}
    back = {photo for photo, view in views.items() if 80.0 < view["azimuth_deg"] < 280.0}
    silhouettes = {
        photo: cv2.resize(
            cv2.imread(str(SHIRT / "mattes" / f"{photo}.png"), 0), (240, 320), interpolation=cv2.INTER_AREA
        )
        >= 128
        for photo in views
    }
    return views, back, silhouettes


def shirt_model(shirt, back_moved=None, tied=3, scale=1.0):
    """A model in which front and back share `tied` points; the cameras of the back are moved by a rotation [3, 3]."""
    views, back, _ = shirt
    points = RNG(0).uniform(-0.4, 0.4, (2400, 3))
    cameras = {photo: Camera.model_validate(view["camera"]) for photo, view in views.items()}
    poses = {photo: np.array(view["cam_from_world"]) for photo, view in views.items()}
    for photo in back if back_moved is not None else ():
        moved = np.eye(4)
        moved[:3, :3], moved[:3, 3] = poses[photo][:3, :3] @ back_moved.T, scale * poses[photo][:3, 3]
        poses[photo] = moved
    rows = {True: np.arange(1200 - tied, 2400), False: np.arange(1200)}
    seen = {photo: RNG(n).permutation(rows[photo in back])[:700] for n, photo in enumerate(sorted(views))}
    return model_of(points, cameras, poses, seen)


def shirt_fold(shirt, found, silhouettes=None):
    photos = sorted(shirt[0])
    files = {photo: PhotoFiles(SHIRT / "mattes" / f"{photo}.png", None) for photo in photos}
    return fold_in(found, silhouettes or shirt[2], photos, files)


@pytest.mark.parametrize("tied", [0, 3, 100])
def test_a_shirt_placed_right_is_not_folded(shirt, tied):
    assert shirt_fold(shirt, shirt_model(shirt, tied=tied)) is None


@pytest.mark.parametrize(
    ("moved", "scale"),
    [
        (turn(UP, 83.0), 1.0),
        (turn(UP, -30.0), 1.0),
        (turn(ALONG, 25.0), 1.0),
        (turn(UP, 170.0) @ turn(ALONG, 20.0), 1.0),
        (np.eye(3), 1.3),
    ],
    ids=["83 deg", "30 deg", "leans", "turned and leans", "nearer"],
)
def test_a_back_turned_against_the_front_is_a_fold_and_is_named(shirt, moved, scale):
    found = shirt_fold(shirt, shirt_model(shirt, moved, scale=scale))
    _, back, _ = shirt
    assert {frozenset(part) for part in found.parts} == {frozenset(back), frozenset(set(shirt[0]) - back)}
    assert found.tied <= 3 and found.unlike == ()
    held = Folded(found)
    assert held.code == "sfm-folded"
    assert "the outlines of DSC_0005, DSC_0006, DSC_0007 and 11 more" in held.what
    assert "contradict those of DSC_0001, DSC_0002, DSC_0003 and 7 more" in held.what
    assert "between DSC_0004 and DSC_0005 and between DSC_0013 and DSC_0014" in held.remedy
    assert all((a in back) != (b in back) for a, b in held.pairs)


def test_two_wrong_mattes_are_no_fold(shirt):
    bitten = dict(shirt[2])
    for photo in ("DSC_0002", "DSC_0003"):
        bitten[photo] = bitten[photo].copy()
        bitten[photo][:, :120] = False
    assert shirt_fold(shirt, shirt_model(shirt), bitten) is None


def test_sides_that_many_points_tie_together_are_not_doubted(shirt):
    """Their points say how they stand to each other, and mattes of one side may have a stand in them."""
    assert shirt_fold(shirt, shirt_model(shirt, turn(UP, 83.0), tied=400)) is None


@pytest.fixture(scope="module")
def carton(tmp_path_factory):
    """Files of a carton with four different sides: photo -> PhotoFiles."""
    folder = tmp_path_factory.mktemp("carton")
    photos = write_carton(folder, (1, 2, 3, 4), RING)
    return {
        photo: PhotoFiles(folder / "photos" / f"{photo}.png", folder / "cutouts" / f"{photo}.png") for photo in photos
    }


def placed(azimuths, groups):
    """A model of cameras at these azimuths; photos share a point of their group the more, the nearer they truly are."""
    standing = model(azimuths, RNG(1).uniform(-1, 1, (720, 3)))
    images = []
    for number, image in enumerate(standing.images):
        seen = (np.arange(720) // 2 - RING[number] + 40.0) % 360.0 < 80.0
        rows = np.flatnonzero(seen & (groups[number] == groups[np.arange(720) // 30]))
        images.append(replace(image, features_px=np.zeros((len(rows), 2)), point_ids=rows))
    return replace(standing, images=tuple(images))


HALVES = np.repeat([0, 1], 12)


def test_photos_beside_each_other_with_nothing_in_common_are_a_fold(carton):
    """The back is turned by 142.5 degrees, so that no two cameras stand in one place; outlines are not known."""
    azimuths = [azimuth + 142.5 * group for azimuth, group in zip(RING, HALVES, strict=True)]
    found = fold_in(placed(azimuths, HALVES), None, list(carton), carton)
    assert len(found.unlike) >= 3
    assert {frozenset(part) for part in found.parts} == {frozenset(list(carton)[:12]), frozenset(list(carton)[12:])}
    assert "came out beside each other but show nothing in common" in Folded(found).what


def test_neighbours_that_were_never_matched_are_no_fold(carton):
    """Photos of both halves stand beside each other, share no point, and do show the same side."""
    halves = np.arange(24) % 2
    groups = np.zeros(24, int)
    standing = placed(RING, groups)
    apart = [
        replace(image, point_ids=np.where(image.point_ids % 2 == half, image.point_ids, -1))
        for image, half in zip(standing.images, halves, strict=True)
    ]
    assert fold_in(replace(standing, images=tuple(apart)), None, list(carton), carton) is None


def test_a_carton_placed_right_is_not_folded(carton):
    assert fold_in(placed(RING, np.zeros(24, int)), None, list(carton), carton) is None


def test_few_photos_and_photos_without_points_are_not_doubted(carton):
    assert fold_in(model(RING), None, list(carton), carton) is None
    few = placed(RING, np.zeros(24, int))
    assert fold_in(few.without(list(carton)[5:]), None, list(carton)[:5], carton) is None


@pytest.mark.parametrize(("second", "opens"), [("right", True), ("folded", False), ("too few", False)])
def test_a_fold_is_posed_again_with_more_features_and_held_if_it_stays(shirt, monkeypatch, second, opens):
    views, back, silhouettes = shirt
    right = shirt_model(shirt, tied=100)
    models = {"right": right, "folded": shirt_model(shirt, turn(UP, 83.0)), "too few": right.without(sorted(back)[:4])}
    asked = []

    def pose(photos, masks, focal_px, params, scratch, **_):
        asked.append((params.max_side_px, params.max_features))
        answer = PoseAnswer(sparse=None, attempts=(), seconds=0.0, peak_memory_mb=0.0)
        return PoseResult(models["folded" if len(asked) == 1 else second], silhouettes, (), answer, {})

    monkeypatch.setattr(resolve, "pose", pose)
    photos = [PhotoFile(SHIRT / "mattes" / f"{photo}.png", 1080, 1440) for photo in sorted(views)]
    arguments = photos, None, {}, PoseParams(rig="handheld"), SHIRT
    if opens:
        resolved = resolved_poses(*arguments, order=sorted(views))
        assert resolved.posed.model is right and not resolved.by_order
    else:
        with pytest.raises(Folded, match="two sides of the product came out turned against each other"):
            resolved_poses(*arguments, order=sorted(views))
    assert asked == [(1200, 4096), (1500, 5734)]
