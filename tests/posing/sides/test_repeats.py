from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipeline.core.domain import look_at
from pipeline.posing.product import product_frame
from pipeline.posing.sfm.colmap import pose
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.request import PoseParams
from pipeline.posing.sides import resolve
from pipeline.posing.sides.alike import PhotoFiles, linked, look_different
from pipeline.posing.sides.repeats import Doubt, RepeatedSides, doubt, neighbours, walked
from pipeline.posing.sides.resolve import by_number
from tests.posing.carton import CAMERA, picture, write_carton
from tests.posing.test_judge import model, names

QUICK = {"max_side_px": 480, "max_features": 1200, "timeout_seconds": 300}
ALIKE_FRONT_AND_BACK, ALL_DIFFERENT = (1, 2, 1, 2), (1, 2, 3, 4)
RING = [15.0 * n for n in range(24)]
FOLDED = [azimuth % 180.0 for azimuth in RING]


@pytest.fixture(scope="module")
def cartons(tmp_path_factory):
    """Files of a carton whose front and back, and left and right, are alike: photo -> PhotoFiles."""
    folder = tmp_path_factory.mktemp("carton")
    photos = write_carton(folder, ALIKE_FRONT_AND_BACK, RING)
    return {
        photo: PhotoFiles(folder / "photos" / f"{photo}.png", folder / "cutouts" / f"{photo}.png") for photo in photos
    }


def shuffled(azimuths, seed=3):
    return np.random.default_rng(seed).permutation(azimuths).tolist()


def test_a_folded_ring_is_doubted_and_names_the_photos(cartons):
    found = doubt(model(FOLDED), names(24), cartons)
    assert found.twins[:2] == (("P00", "P12"), ("P01", "P13"))
    assert len(found.twins) == 12
    assert found.torn == (("P11", "P12"),)
    assert found.turn_deg == pytest.approx(15.0, abs=0.1)
    held = RepeatedSides(found)
    assert held.code == "sfm-repeated-sides"
    assert "P00 and P12, P01 and P13, P02 and P14 and 9 more pairs came out in one place" in held.what


@pytest.mark.parametrize(
    "azimuths",
    [RING, RING[::-1], RING[:8] + RING[12:], [7.5 * n for n in range(24)], shuffled(RING), [*RING[:12], *RING[:12]]],
    ids=["a ring", "the other way", "a gap", "half a ring", "any order", "half a ring twice"],
)
def test_photos_that_are_placed_right_are_not_doubted(cartons, azimuths):
    photos = names(len(azimuths))
    files = dict(zip(photos, [cartons[f"P{round(azimuth / 15):02d}"] for azimuth in azimuths], strict=True))
    if azimuths == [7.5 * n for n in range(24)]:
        files = {photo: cartons[photo] for photo in photos}
    copied = {photo: files[photo] for photo in photos}
    assert doubt(model(azimuths), photos, copied) is None


def test_a_fold_is_seen_where_no_two_photos_stand_in_one_place(cartons):
    """25 photos in steps of 14.4 degrees: folded by 180 degrees, they stand halfway between each other."""
    files = {**cartons, "P24": cartons["P00"]}
    files["P13"], files["P12"] = files["P14"], files["P13"]
    found = doubt(model([14.4 * n % 180.0 for n in range(24)]), names(24), files)
    assert found.twins == ()
    assert found.torn == (("P12", "P13"),)


def test_a_copy_of_a_file_is_the_same_photo(cartons):
    photos = [*names(24), *(f"P{n}" for n in range(24, 30))]
    copies = {f"P{n}": cartons[f"P{n - 24:02d}"] for n in range(24, 30)}
    assert doubt(model([*RING, *RING[:6]]), photos, {**cartons, **copies}) is None


def test_photos_in_no_order_that_stand_in_pairs_are_doubted(cartons):
    order = shuffled(range(24))
    places = [FOLDED[n] for n in order]
    files = {f"P{n:02d}": cartons[f"P{index:02d}"] for n, index in enumerate(order)}
    found = doubt(model(places), names(24), files)
    assert found.turn_deg is None
    assert len(found.twins) >= 9


def test_sides_that_were_skipped_do_not_hide_a_fold(cartons):
    """The photos between two sides are often those that are not registered."""
    kept = [n for n in range(24) if n % 6 not in (4, 5)]
    images = [image for n, image in enumerate(model([azimuth % 90.0 for azimuth in RING]).images) if n in kept]
    assert doubt(replace(model(FOLDED), images=tuple(images)), names(24), cartons) is not None


def test_photos_from_nearly_one_place_in_a_walk_are_no_repeats(cartons):
    rng = np.random.default_rng(2)
    around = [*RING, *(azimuth + 1.0 for azimuth in RING[:8])]
    poses = [look_at(a + rng.normal(), 25.0 + 6.0 * rng.normal(), 5.0 + 0.5 * rng.normal()) for a in around]
    walk = model(around)
    moved = replace(walk, images=tuple(replace(i, cam_from_world=p) for i, p in zip(walk.images, poses, strict=True)))
    files = {f"P{n:02d}": cartons[f"P{n % 24:02d}"] for n in range(32)}
    assert doubt(moved, names(32), files) is None


def test_neighbours_are_matched_within_reach_and_around_a_closed_ring():
    pairs = neighbours(names(24), 15.0)
    assert len(pairs) == 48
    assert {("P00", "P01"), ("P00", "P02"), ("P23", "P00"), ("P22", "P00")} <= set(pairs)
    half = neighbours(names(12), 15.0)
    assert len(half) == 11 + 10
    assert ("P11", "P00") not in half


def test_the_step_of_a_walk_is_known_only_in_order():
    assert walked(model(RING), names(24)).step_deg == pytest.approx(14.5, abs=0.1)  # 15 deg of azimuth at elevation 15
    assert walked(model(shuffled(RING)), names(24)).step_deg is None
    assert walked(model(FOLDED), names(24)).jumps == [11]


def test_numbers_in_names_count_as_numbers():
    assert by_number(["P10", "P9", "P1b", "P1"]) == ["P1", "P1b", "P9", "P10"]


def test_neighbours_are_linked_and_other_sides_are_not(tmp_path):
    photos = write_carton(tmp_path, ALL_DIFFERENT, [0.0, 15.0, 90.0])
    files = [PhotoFiles(tmp_path / "photos" / f"{p}.png", tmp_path / "cutouts" / f"{p}.png") for p in photos]
    assert linked(files[0], files[1]) > 60
    assert linked(files[0], files[2]) < 20
    assert linked(files[0], files[0]) > 100


def seen_by_both(prints_a, prints_b, folder, brighter=1.0):
    """Whether two photos from azimuth 40 whose shared points lie on a grid of the front look different."""
    pixels = np.stack(np.meshgrid(np.linspace(150, 300, 6), np.linspace(150, 250, 6)), axis=-1).reshape(-1, 2)
    both = model([40.0, 40.0])
    camera = replace(both.cameras[1], width_px=CAMERA.width_px, height_px=CAMERA.height_px)
    ids = np.arange(len(pixels))
    images = tuple(replace(image, features_px=pixels, point_ids=ids) for image in both.images)
    files = []
    for name, prints, gain in (("a", prints_a, 1.0), ("b", prints_b, brighter)):
        rgb, alpha = picture(prints, 40.0, seed=ord(name))
        Image.fromarray((rgb * gain).astype(np.uint8)).save(folder / f"{name}.png")
        Image.fromarray(alpha).save(folder / f"{name}-mask.png")
        files.append(PhotoFiles(folder / f"{name}.png", folder / f"{name}-mask.png"))
    return look_different(replace(both, images=images, cameras={1: camera}), "P00", "P01", *files)


def test_a_side_with_another_print_looks_different_and_other_light_does_not(tmp_path):
    assert seen_by_both((1, 2, 3, 4), (1, 5, 3, 4), tmp_path)
    assert not seen_by_both((1, 2, 3, 4), (1, 2, 3, 4), tmp_path)
    assert not seen_by_both((1, 2, 3, 4), (1, 2, 3, 4), tmp_path, brighter=0.6)


def request_of(cartons, rig):
    """What `pose` is asked: photos, masks, focal lengths and settings."""
    files = [PhotoFile(paths.photo, CAMERA.width_px, CAMERA.height_px) for paths in cartons.values()]
    masks = {photo: paths.mask for photo, paths in cartons.items()}
    return files, masks, dict.fromkeys(cartons), PoseParams(rig=rig, **QUICK)


@pytest.fixture(scope="module")
def mistaken(cartons, tmp_path_factory):
    """Poses of every photo matched with every other, in which sides are mistaken for each other: both rigs begin so."""
    return pose(*request_of(cartons, "handheld"), tmp_path_factory.mktemp("mistaken"))


@pytest.fixture
def resolved(cartons, mistaken, monkeypatch, tmp_path):
    """Resolves the sides for a rig."""
    monkeypatch.setattr(resolve, "pose", lambda *asked, pairs=None: pose(*asked, pairs=pairs) if pairs else mistaken)
    return lambda rig: resolve.resolved_poses(*request_of(cartons, rig), tmp_path, order=list(cartons))


def test_the_order_on_a_turntable_tells_sides_apart(resolved):
    told_apart = resolved("turntable")
    assert told_apart.by_order
    frame = product_frame(told_apart.posed.model, told_apart.posed.silhouettes, "turntable", "P00")
    assert len(frame.views) == 24
    for view, azimuth in zip(frame.views, RING, strict=True):
        assert abs((view.azimuth_deg - azimuth + 180.0) % 360.0 - 180.0) < 2.0, view.photo


def test_hand_held_photos_of_repeated_sides_are_held_and_named(resolved):
    with pytest.raises(RepeatedSides, match=r"look alike, .*: P\d+ and P\d+") as held:
        resolved("handheld")
    assert held.value.code == "sfm-repeated-sides"


def test_a_doubt_without_twins_names_the_photos_that_were_torn_apart():
    held = RepeatedSides(Doubt(twins=(), torn=(("P03", "P04"),), turn_deg=15.0))
    assert "P03 and P04 match and follow each other, but came out far apart" in held.what
