from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from pipeline.contract.runner import Runner
from pipeline.core.errors import BadInput, Held, MissingEngine
from pipeline.core.png import decode_png, encode_png
from pipeline.core.records import SeenTable
from pipeline.posing.scene import structure
from pipeline.stages.cutout.stage import STAGE, Inputs, Params
from tests.imaging.studio import iou, photograph
from tests.still_shoot import still_shoot


@pytest.fixture(scope="module")
def scenes():
    return {f"p{seed}": photograph(size=240, seed=seed) for seed in range(3)}


def tree(store, pictures):
    return store.put_tree({f"{name}.png": store.put(encode_png(p), "image/png") for name, p in pictures.items()})


def cut(store, pictures, mattes=None, **params):
    inputs = Inputs(photos=tree(store, pictures), mattes=tree(store, mattes) if mattes else None)
    return Runner(store).run(STAGE, inputs, Params(**params))


def test_every_photo_is_cut_out(store, scenes):
    outputs, _, _ = cut(store, {name: scene.rgb for name, scene in scenes.items()})
    found = store.tree(outputs.cutouts)
    assert list(found) == ["p0.png", "p1.png", "p2.png"]
    for name, scene in scenes.items():
        rgba = decode_png(store.read(found[f"{name}.png"]))
        assert iou(rgba[..., 3], scene.alpha) > 0.98
        inside = rgba[..., 3] == 255
        assert np.array_equal(rgba[inside][:, :3], scene.rgb[inside])
    assert (outputs.report.engine, outputs.report.seeds) == ("backdrop", None)
    assert outputs.report.why == "backdrop: 3 of 3 believed"
    assert outputs.report.licence == "no weights"
    assert outputs.report.failed == ()


def test_replacing_one_photo_recomputes_one(store, scenes):
    pictures = {name: scene.rgb for name, scene in scenes.items()}
    cut(store, pictures)
    _, manifest, _ = cut(store, {**pictures, "p1": photograph(size=240, seed=9).rgb})
    assert {name: item.computed for name, item in manifest.items.items()} == {"p0": False, "p1": True, "p2": False}


def test_matte_made_by_hand_overrides_the_engine(store, scenes):
    hand = np.zeros((240, 240), np.uint8)
    hand[100:140, 100:150] = 255
    outputs, _, _ = cut(store, {"p0": scenes["p0"].rgb, "p1": scenes["p1"].rgb}, {"p0": hand})
    rgba = decode_png(store.read(store.tree(outputs.cutouts)["p0.png"]))
    assert np.array_equal(rgba[..., 3], hand)
    assert outputs.report.by_hand == 1


@pytest.mark.parametrize(
    ("name", "matte", "words"),
    [
        ("p0", np.zeros((240, 239), np.uint8), r"mattes/p0\.png.*239x240.*240x240"),
        ("p0", np.zeros((240, 240, 3), np.uint8), r"mattes/p0\.png.*mode is RGB"),
        ("p7", np.zeros((240, 240), np.uint8), r"mattes/p7\.png does not belong to a photo"),
    ],
)
def test_matte_that_does_not_fit_is_bad_input(store, scenes, name, matte, words):
    with pytest.raises(BadInput, match=words):
        cut(store, {"p0": scenes["p0"].rgb}, {name: matte})


def test_photo_without_product_holds_the_shoot_and_is_named(store, scenes):
    blank = photograph(size=240, shadow=0).rgb
    blank[:] = blank[4, 4]
    pictures = {"p0": scenes["p0"].rgb, "blank": blank}
    with pytest.raises(Held, match="1 of 2 photos: blank: no product"):
        cut(store, pictures)
    outputs, _, _ = cut(store, pictures, max_failed_photos=1)
    assert outputs.report.failed == ("blank: no product was found",)
    assert decode_png(store.read(store.tree(outputs.cutouts)["blank.png"]))[..., 3].max() == 0


def test_matte_far_from_the_median_size_has_failed(store, scenes):
    far = photograph(size=240).rgb
    far[:] = far[4, 4]
    far[100:116, 100:118] = (176, 52, 44)
    pictures = {**{name: scene.rgb for name, scene in scenes.items()}, "tiny": far}
    with pytest.raises(Held, match=r"1 of 4 photos: tiny: the matte covers 0\.5%"):
        cut(store, pictures)


def test_a_missing_checkpoint_is_a_missing_engine(store, scenes, tmp_path):
    with pytest.raises(MissingEngine, match="checkpoint"):
        cut(store, {"p0": scenes["p0"].rgb}, engine="checkpoint", checkpoint=str(tmp_path / "none"))


@pytest.fixture(scope="module")
def cluttered():
    return list(still_shoot("mug-001", side_px=448, every=3))


def test_a_turntable_in_a_cluttered_room_is_cut_by_what_stands_still(store, cluttered):
    outputs, manifest, _ = cut(store, {photo.name: photo.rgb for photo in cluttered})
    report = outputs.report
    assert (report.engine, report.seeds, report.failed, report.redone) == ("seeded", "still", (), ())
    assert report.why.startswith("backdrop: 0 of 3 believed (") and report.why.endswith(
        "seeded by still: 3 of 3 believed"
    )
    found = store.tree(outputs.cutouts)
    for photo in cluttered:
        assert iou(decode_png(store.read(found[f"{photo.name}.png"]))[..., 3], photo.truth) > 0.9
    engines = {
        store.manifest("cutout_photo", item.key).request.params["matte"]["engine"] for item in manifest.items.values()
    }
    assert engines == {"seeded"} and len(manifest.items) == len(cluttered)


def test_a_hopeless_shoot_is_held_after_three_photos(store):
    noise = np.random.default_rng(0).integers(0, 255, (9, 30, 40, 3)).astype(np.uint8)
    pictures = {f"p{index}": part.repeat(8, 0).repeat(8, 1) for index, part in enumerate(noise)}
    with pytest.raises(Held, match=r"in 3 of 3 photos tried, of 9: ") as held:
        cut(store, pictures, engine="backdrop")
    assert held.value.code == "cutout-product-not-found"
    key = STAGE.request(Inputs(photos=tree(store, pictures)), Params(engine="backdrop")).key
    manifest = store.manifest("cutout", key)
    assert manifest.held.picture is not None and len(manifest.items) == 3


def test_seeds_that_a_shoot_cannot_give_are_named(store, scenes):
    with pytest.raises(Held, match="no seeds by still: 3 photos are too few"):
        cut(store, {name: scene.rgb for name, scene in scenes.items()}, engine="seeded", seeds="still")


class Seen:
    """A look at whole photos that knows the truth; its first seeds take a piece of the surroundings for product."""

    table_confidence = 0.9

    def __init__(self, scenes, wrong):
        self.truth = {photo: scene.alpha for photo, scene in scenes.items()}
        self.scenes, self.wrong = [SimpleNamespace(shown=self.truth)], wrong

    def up_in_camera(self, photo):
        return np.array([0.0, -0.8, -0.6])

    def seeds(self, photo, *, corrected=False):
        solid = (self.truth[photo] >= 128).astype(np.uint8)
        near = cv2.dilate(solid, np.ones((9, 9), np.uint8))
        seeds = np.where(cv2.erode(solid, np.ones((9, 9), np.uint8)) > 0, 255, 128 * near).astype(np.uint8)
        if photo == self.wrong and not corrected:
            seeds[np.roll(solid, 45, axis=1) > 0] = 255
        return seeds

    def agreement(self, silhouettes):
        true = {photo: self.truth[photo] >= 128 for photo in silhouettes}
        return {
            photo: SimpleNamespace(
                extra=float((own & ~true[photo]).sum() / own.sum()), lost=float((true[photo] & ~own).sum() / own.sum())
            )
            for photo, own in silhouettes.items()
        }

    def corrected(self, silhouettes, doubted):
        return {photo: self.seeds(photo, corrected=True) for photo in doubted}


@pytest.fixture
def looked(monkeypatch):
    """Five photos, and the function that makes a look at them give a certain result."""
    scenes = {f"p{seed}": photograph(size=240, seed=seed) for seed in range(5)}

    def gives(wrong):
        monkeypatch.setattr(structure, "look", lambda *_: Seen(scenes, wrong) if wrong is not None else None)
        return scenes

    return gives


def test_a_photo_that_contradicts_the_others_is_cut_once_more(store, looked):
    scenes = looked("p2")
    pictures = {name: scene.rgb for name, scene in scenes.items()}
    outputs, manifest, _ = cut(store, pictures, engine="seeded", seeds="structure")
    assert (outputs.report.failed, outputs.report.redone) == (
        (),
        ("p2: seeded by structure and the other mattes",),
    )
    found = store.tree(outputs.cutouts)
    for name, scene in scenes.items():
        assert iou(decode_png(store.read(found[f"{name}.png"]))[..., 3], scene.alpha) > 0.95
    item = store.manifest("cutout_photo", manifest.items["p2"].key)
    assert item.outputs["cutout"]["sha256"] == found["p2.png"].sha256


def test_the_table_that_was_seen_is_handed_on(store, looked):
    scenes = looked("")
    pictures = {name: scene.rgb for name, scene in scenes.items()}
    outputs, _, _ = cut(store, pictures, engine="seeded", seeds="structure")
    table = SeenTable.model_validate_json(store.read(outputs.table))
    assert table == SeenTable(confidence=0.9, up_in_camera=dict.fromkeys(pictures, (0.0, -0.8, -0.6)))
    outputs, _, _ = cut(store, pictures)
    assert (outputs.report.engine, outputs.table) == ("backdrop", None)


def test_a_look_without_a_table_is_handed_on_too(store, looked):
    pictures = {name: scene.rgb for name, scene in looked(None).items()}
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    outputs, _, _ = cut(store, {**pictures, "p9": noise}, max_failed_photos=1)
    assert SeenTable.model_validate_json(store.read(outputs.table)) == SeenTable()
    assert outputs.report.failed[0].startswith("p9: ")
