import cv2
import numpy as np
import pytest

from pipeline.core.png import decode_png, encode_png
from pipeline.imaging.cutout import seeded
from pipeline.imaging.cutout.seeds import BACKDROP, PRODUCT
from pipeline.imaging.cutout.still.camera import still_seeds
from tests.imaging.studio import iou
from tests.still_shoot import write_still_shoot


@pytest.fixture(scope="module")
def mug(tmp_path_factory):
    folder = tmp_path_factory.mktemp("still")
    truth = write_still_shoot(folder, "mug-001", side_px=448, every=3)
    return {name: folder / f"{name}.png" for name in truth}, truth


@pytest.fixture(scope="module")
def found(mug):
    return still_seeds(mug[0])


def share_of(seeds, value, truth, where):
    """Share of the true product's area that has a seed where the truth is something else."""
    small = cv2.resize(truth, seeds.shape[::-1], interpolation=cv2.INTER_AREA)
    return ((seeds == value) & where(small)).sum() / (small >= 128).sum()


def test_what_stands_still_is_backdrop_whatever_it_looks_like(mug, found):
    photos, truth = mug
    assert set(found.seeds) == set(photos) and "stood still in 8 of 8 photos" in found.why
    for name, seeds in found.seeds.items():
        assert share_of(seeds, PRODUCT, truth[name], lambda t: t < 5) < 0.02
        assert share_of(seeds, BACKDROP, truth[name], lambda t: t > 250) < 0.05
        assert share_of(seeds, PRODUCT, truth[name], lambda t: t >= 128) > 0.6


def test_seeds_cut_the_product_out_of_a_cluttered_room(mug, found):
    photos, truth = mug
    params = seeded.Params(seeds="still")
    cut = {name: seeded.cut(decode_png(path.read_bytes()), params, found.seeds[name]) for name, path in photos.items()}
    scores = [iou(cut[name], truth[name]) for name in photos]
    assert np.mean(scores) > 0.95 and min(scores) > 0.9


def test_the_same_photos_give_the_same_seeds(mug, found):
    photos, _ = mug
    again = still_seeds(photos)
    assert all(np.array_equal(again.seeds[name], found.seeds[name]) for name in photos)


def test_a_camera_that_moved_gives_no_seeds(mug, tmp_path):
    photos, _ = mug
    moved = {}
    for index, (name, path) in enumerate(photos.items()):
        moved[name] = tmp_path / path.name
        moved[name].write_bytes(encode_png(np.roll(decode_png(path.read_bytes()), 40 * index, axis=1)))
    found = still_seeds(moved)
    assert not found.seeds and "the camera moved" in found.why


def test_a_scene_without_change_gives_no_seeds(mug, tmp_path):
    path = next(iter(mug[0].values()))
    found = still_seeds({f"p{index}": path for index in range(8)})
    assert not found.seeds and found.why == "nothing changes from photo to photo"


def test_few_photos_or_photos_of_two_sizes_give_no_seeds(mug, tmp_path):
    photos, _ = mug
    assert "5 photos are too few" in still_seeds(dict(list(photos.items())[:5])).why
    (tmp_path / "portrait.png").write_bytes(encode_png(np.zeros((448, 300, 3), np.uint8)))
    assert "different sizes" in still_seeds({**photos, "portrait": tmp_path / "portrait.png"}).why
