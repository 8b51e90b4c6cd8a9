import numpy as np
import pytest

from pipeline.core.colmap.model import TRACK, Points, PosedImage, RawCamera, SparseModel
from pipeline.core.domain import azimuth_elevation_deg, look_at
from pipeline.core.errors import Held
from pipeline.core.rotations import rotation_from_quaternion
from pipeline.posing.judge import require_registered
from pipeline.posing.product import product_frame
from pipeline.posing.sfm.colmap import PoseResult
from pipeline.posing.sfm.photos import UnusablePhoto
from pipeline.posing.sfm.request import PoseAnswer

CAMERA = RawCamera("SIMPLE_PINHOLE", 600, 600, (900.0, 300.0, 300.0))
ANSWER = PoseAnswer(sparse=None, attempts=(), seconds=0.0, peak_memory_mb=0.0)
NOTHING = np.zeros((0, 3))


def model(azimuths, xyz=NOTHING, elevation=15.0):
    """A model of cameras at these azimuths, in an arbitrary frame as SfM returns it."""
    images = tuple(
        PosedImage(i + 1, f"P{i:02d}.png", 1, look_at(a, elevation, 5.0), np.zeros((0, 2)), np.zeros(0, np.int64))
        for i, a in enumerate(azimuths)
    )
    colours, errors = np.zeros((len(xyz), 3), np.uint8), np.full(len(xyz), 0.5)
    tracks = tuple(np.zeros(0, TRACK) for _ in xyz)
    ids = np.arange(len(xyz), dtype=np.uint64)
    upright = SparseModel({1: CAMERA}, images, Points(xyz, colours), ids, errors, tracks)
    return upright.moved(rotation_from_quaternion([0.3, -0.5, 0.2, 0.7]), np.array([1.0, 2.0, 3.0]), 0.4)


def required(posed_model, photos, front="P00", unusable=()):
    posed = PoseResult(posed_model, None, unusable, ANSWER, {})
    return require_registered(posed, photos, "turntable", front, min_registered=8, min_fraction=0.7)


def names(count):
    return [f"P{i:02d}" for i in range(count)]


def test_enough_registered_photos_pass():
    registered = model(range(0, 360, 20))
    assert required(registered, names(18)) is registered
    assert required(model(range(0, 360, 36)), names(14)) is not None


def test_too_few_registered_photos_hold_the_shoot_and_name_the_gap():
    with pytest.raises(Held) as held:
        required(model([0, 15, 30, 45, 60, 75, 95, 170, 190, 220, 250, 280, 310, 340]), names(24))
    assert "14 of 24 photos registered, 17 are needed" in held.value.what
    assert "not registered: P14, P15, P16 and 7 more" in held.value.what
    assert "the gap is 95-170°, between P06 and P07" in held.value.what
    assert "Shoot 4 more there" in held.value.remedy


def test_without_the_front_photo_the_gap_is_described_by_its_neighbours():
    with pytest.raises(Held, match=r"the gap is 120° wide, between P0\d and P0\d"):
        required(model(range(0, 241, 40)), names(20), front="P19")


def without_cutout(*photos):
    return tuple(UnusablePhoto(name=f"{photo}.png", reason="its cut-out is empty") for photo in photos)


def test_a_missing_model_and_empty_cut_outs_are_reported():
    with pytest.raises(Held, match=r"0 of 9 .* 8 are needed; nothing was cut out of 1 \(see cutout\): P03") as held:
        required(None, names(9), unusable=without_cutout("P03"))
    assert held.value.code == "sfm-no-poses"


@pytest.mark.parametrize(
    ("posed", "empty", "code"),
    [(16, 4, "sfm-cutouts-empty"), (8, 8, "sfm-cutouts-empty"), (14, 1, "sfm-too-few-poses"), (2, 3, "sfm-no-poses")],
)
def test_missing_photos_are_blamed_on_mattes_where_mattes_were_the_cause(posed, empty, code):
    lost = names(24)[24 - empty :]
    with pytest.raises(Held, match=f"nothing was cut out of {empty}") as held:
        required(model(range(0, 15 * posed, 15)), names(24), unusable=without_cutout(*lost))
    assert held.value.code == code
    assert ("hoot" in held.value.remedy) == (code != "sfm-cutouts-empty")
    assert (f"mattes/{lost[0]}.png" in held.value.remedy) == (code == "sfm-cutouts-empty")


def test_photos_that_form_two_models_are_named_per_model():
    answer = PoseAnswer(sparse="0", apart=(("P09", "P10", "P11", "P12"),), attempts=(), seconds=0.0, peak_memory_mb=0.0)
    posed = PoseResult(model(range(0, 90, 10)), None, (), answer, {})
    with pytest.raises(Held) as held:
        require_registered(posed, names(13), "turntable", "P00", min_registered=8, min_fraction=0.8)
    assert held.value.code == "sfm-apart"
    assert "2 models that share no detail: 9 (P00, P01, P02 and 6 more), and 4 (P09, P10, P11 and 1 more)" in (
        held.value.what
    )


def test_a_front_photo_that_is_not_registered_holds_the_shoot():
    with pytest.raises(Held, match="front photo P30 could not be registered"):
        product_frame(model(range(0, 360, 20)), None, "turntable", "P30")


def test_the_product_frame_starts_at_the_front_photo():
    xyz = np.random.default_rng(0).uniform(-0.6, 0.6, (400, 3)) + np.array([0.0, 0.0, 0.2])
    frame = product_frame(model(range(0, 360, 20), xyz), None, "turntable", "P03")
    azimuths = [view.azimuth_deg for view in frame.views]
    assert np.allclose((np.array(azimuths) - np.arange(-60, 300, 20) + 180) % 360 - 180, 0, atol=1e-3)
    height = 5.0 * np.sin(np.radians(15)) - 0.2  # of the cameras above the product's middle
    elevation = np.degrees(np.arctan2(height, 5.0 * np.cos(np.radians(15))))
    assert np.allclose([view.elevation_deg for view in frame.views], elevation, atol=0.5)
    for view in frame.views:
        assert azimuth_elevation_deg(-view.pose[:3, :3].T @ view.pose[:3, 3]) == pytest.approx(
            (view.azimuth_deg, view.elevation_deg), abs=1e-3
        )
    assert np.percentile(np.linalg.norm(frame.model.points.positions, axis=1), 99) == pytest.approx(1.0, abs=0.1)


def test_too_few_points_to_find_the_middle_hold_the_shoot():
    with pytest.raises(Held, match="only 0 points"):
        product_frame(model(range(0, 360, 20)), None, "turntable", "P00")


def test_a_handheld_shoot_is_centred_on_its_points():
    xyz = np.random.default_rng(0).uniform(-0.5, 0.5, (400, 3)) + np.array([0.3, 0.0, 0.0])
    frame = product_frame(model(range(0, 360, 20), xyz), None, "handheld", "P00")
    assert frame.rings == 0
    assert np.abs(np.median(frame.model.points.positions, axis=0)).max() < 0.15
    assert frame.views[0].azimuth_deg == pytest.approx(0.0, abs=1e-6)
