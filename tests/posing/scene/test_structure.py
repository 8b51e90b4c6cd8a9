"""A look at whole photos finds up, the product and the backdrop on a cluttered table, or says that it does not."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.core.arrays import Mask, Pixels
from pipeline.core.domain import angle_between_deg, look_at
from pipeline.core.errors import BadInput
from pipeline.core.png import encode_png
from pipeline.imaging.cutout.mask.graph import cut_between
from pipeline.posing.scene import structure as structure_module
from pipeline.posing.scene.structure import BACKDROP, PRODUCT, Structure, look, scene_of
from tests.clutter import ClutteredShoot, clutter
from tests.posing import can
from tests.posing.drawn_scene import can_on_a_table, model_of_clutter
from tests.posing.posed_once import PosedOnce


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> ClutteredShoot:
    """Every second photo of the mug on a cluttered table, cameras rolled by up to 15 degrees."""
    return clutter(tmp_path_factory.mktemp("clutter"), every=2, side_px=480)


@pytest.fixture(scope="module")
def structure(shoot: ClutteredShoot) -> Structure:
    """What true poses tell about it."""
    scene = scene_of(model_of_clutter(shoot, np.random.default_rng(0)), shoot.photos)
    assert scene is not None
    return Structure((scene,))


def truth(shoot: ClutteredShoot, photo: str, like: Pixels) -> Mask:
    """The true matte in the size of the seeds, [h, w] bool."""
    small = cv2.resize(shoot.mattes[photo], (like.shape[1], like.shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small >= 128)


def iou(first: Mask, second: Mask) -> float:
    """Intersection over union."""
    return float((first & second).sum() / (first | second).sum())


def test_seeds_are_right_and_leave_little_unknown(shoot: ClutteredShoot, structure: Structure) -> None:
    for photo in shoot.photos:
        seeds = structure.seeds(photo)
        assert seeds is not None
        product = truth(shoot, photo, seeds)
        assert (seeds[product] == BACKDROP).mean() < 0.01
        assert (seeds[~product] == PRODUCT).sum() < 0.02 * product.sum()
        assert (seeds[product] == PRODUCT).mean() > 0.6


def test_masks_cut_from_seeds_match_the_true_mattes(shoot: ClutteredShoot, structure: Structure) -> None:
    scores = []
    for photo, path in shoot.photos.items():
        seeds = structure.seeds(photo)
        picture = cv2.imread(str(path))
        assert seeds is not None
        assert picture is not None
        mask = cut_between(np.ascontiguousarray(picture[..., ::-1], np.uint8), seeds)
        scores.append(iou(mask, shoot.mattes[photo] >= 128))
    assert np.mean(scores) >= 0.97
    assert min(scores) >= 0.94


def test_up_is_the_normal_of_the_table_in_every_rolled_camera(shoot: ClutteredShoot, structure: Structure) -> None:
    for photo in shoot.photos:
        up = structure.up_in_camera(photo)
        assert up is not None
        assert angle_between_deg(up, shoot.up_in_camera(photo)) < 0.5


def test_a_photo_of_no_scene_has_no_seeds_and_no_up(structure: Structure) -> None:
    assert structure.seeds("another") is None
    assert structure.up_in_camera("another") is None
    assert structure.agreement({"another": np.ones((4, 4), bool)}) == {}
    assert structure.corrected({"another": np.ones((4, 4), bool)}, ["another"]) == {}


def test_a_product_turned_over_gives_two_scenes_with_their_own_seeds(shoot: ClutteredShoot) -> None:
    model = model_of_clutter(shoot, np.random.default_rng(0))
    photos = sorted(shoot.photos)
    halves = [model.without(photos[6:]), model.without(photos[:6])]
    scenes = [scene_of(half, shoot.photos) for half in halves]
    structure = Structure(tuple(scene for scene in scenes if scene is not None))
    assert structure.photos == tuple(photos)
    assert [sorted(scene.shown) for scene in structure.scenes] == [photos[:6], photos[6:]]


def test_look_at_files_finds_up_and_is_the_same_from_run_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(structure_module, "pose", PosedOnce())
    photos = can_on_a_table(tmp_path / "photos", 8)
    first, second = (look(photos, dict.fromkeys(photos), tmp_path / run) for run in ("first", "second"))
    assert first is not None
    assert second is not None
    assert first.photos == second.photos == tuple(photos)
    for number, photo in enumerate(photos):
        seeds, up = first.seeds(photo), first.up_in_camera(photo)
        assert seeds is not None
        assert up is not None
        assert angle_between_deg(up, look_at(15.0 * number, 32.0, 1.0)[:3, 2]) < 1.0
        product = can.picture(15.0 * number, 32.0)[1] >= 128
        product = cv2.resize(product.astype(np.uint8), seeds.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        assert (seeds[product] == BACKDROP).mean() < 0.01
        assert (seeds[~product] == PRODUCT).mean() < 0.01
        assert (seeds[product] == PRODUCT).mean() > 0.35
        assert (seeds[~product] == BACKDROP).mean() > 0.8
        assert np.array_equal(seeds, second.seeds(photo))
        assert np.array_equal(up, second.up_in_camera(photo))


def test_photos_with_nothing_in_common_have_no_structure(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    photos = {}
    for name in ("a", "b", "c"):
        photos[name] = tmp_path / f"{name}.png"
        photos[name].write_bytes(encode_png(generator.integers(0, 255, (120, 160, 3)).astype(np.uint8)))
    assert look(photos, dict.fromkeys(photos), tmp_path / "scratch") is None


def test_a_file_that_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"a\.png"):
        look({"a": path}, {"a": None}, tmp_path / "scratch")
