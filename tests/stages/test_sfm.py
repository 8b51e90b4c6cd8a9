import io

import numpy as np
import pytest
from PIL import Image

from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.colmap.read import read_model
from pipeline.core.domain import View, angle_between_deg, camera_centre
from pipeline.core.errors import BadInput, Held
from pipeline.core.media import media_type_of
from pipeline.core.records import LevelPhoto, PhotoFacts, Up, dump_json, load_list
from pipeline.posing.sides import resolve
from pipeline.posing.sides.folds import Fold, Folded
from pipeline.posing.sides.repeats import Doubt, RepeatedSides
from pipeline.stages.sfm import STAGE, Inputs, Params
from tests.posing.can import ring, write_shoot
from tests.posing.posed_once import PosedOnce

SHOTS = [*ring(16, 12.0), *ring(6, 38.0, start_deg=15.0, first=17)]
QUICK = {"max_side_px": 480, "max_features": 1024, "timeout_seconds": 300}
POSED_ONCE = PosedOnce()  # the tests differ in what is made of the poses


@pytest.fixture(scope="module")
def shoot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shoot")
    write_shoot(folder, SHOTS)
    store = Store(folder / "store")

    def tree(name):
        files = sorted((folder / name).iterdir())
        return store.put_tree({file.name: store.put(file.read_bytes(), media_type_of(file.name)) for file in files})

    facts = [
        PhotoFacts(
            photo=shot.photo, source_name=f"{shot.photo}.jpg", width_px=480, height_px=400, focal_px=600.0,
            sharpness=100.0, exposure_ev=0.0, clipped_fraction=0.0,
        ) for shot in SHOTS
    ]  # fmt: skip
    inputs = Inputs(
        photos=tree("photos"), cutouts=tree("cutouts"), facts=store.put(dump_json(facts), "application/json")
    )
    return store, inputs


def test_two_rings_are_posed_in_the_product_frame(shoot, monkeypatch, tmp_path):
    monkeypatch.setattr(resolve, "pose", POSED_ONCE)
    store, inputs = shoot
    outputs = Runner(store).run(STAGE, inputs, Params(front="DSC_0003", **QUICK)).outputs
    views = {view.photo: view for view in load_list(View, store.read(outputs.views))}
    assert outputs.report.registered == len(views) == len(SHOTS)
    assert outputs.report.rings == 2
    assert views["DSC_0003"].azimuth_deg == pytest.approx(0, abs=1e-6)
    assert outputs.report.up == Up.model_validate_json(store.read(outputs.up))
    assert (outputs.report.up.source, outputs.report.by_order) == ("turntable", False)
    assert outputs.report.up.confidence > 0.9
    for shot in SHOTS:
        view = views[shot.photo]
        off = (view.azimuth_deg - (shot.azimuth_deg - SHOTS[2].azimuth_deg) + 180) % 360 - 180
        # a drawn can of 480 px and few features; tests/samples requires 2 degrees of photos
        assert abs(off) < 6.0, shot
        assert view.elevation_deg == pytest.approx(shot.elevation_deg, abs=4.0), shot
    files = store.tree(outputs.model)
    assert sorted(files) == [f"sparse/0/{name}.bin" for name in ("cameras", "images", "points3D")]
    for name, artifact in files.items():
        (tmp_path / name.rsplit("/", 1)[1]).write_bytes(store.read(artifact))
    model = read_model(tmp_path)
    for image in model.images:
        assert image.name == f"{image.photo}.png"
        assert np.allclose(image.centre, camera_centre(views[image.photo].pose))


def test_the_same_photos_held_by_hand_stand_as_upright(shoot, monkeypatch):
    monkeypatch.setattr(resolve, "pose", POSED_ONCE)
    store, inputs = shoot
    report, views = None, {}
    for rig in ("turntable", "handheld"):
        outputs = Runner(store).run(STAGE, inputs, Params(front="DSC_0003", rig=rig, **QUICK)).outputs
        report = outputs.report
        views[rig] = {view.photo: view for view in load_list(View, store.read(outputs.views))}
    assert (report.rings, report.ring_residual_deg, report.up.source) == (0, None, "horizon")
    assert report.up.confidence > 0.9
    for photo, view in views["handheld"].items():
        ups = [pose.pose[:3, 2] for pose in (view, views["turntable"][photo])]
        assert angle_between_deg(*ups) < 1.0, photo


def test_a_photo_whose_roll_is_stated_must_be_registered(shoot, monkeypatch):
    monkeypatch.setattr(resolve, "pose", POSED_ONCE)
    store, inputs = shoot
    stated = (LevelPhoto(photo="DSC_9999"),)
    with pytest.raises(Held, match=r"capture\.up: DSC_9999 could not be registered"):
        Runner(store).run(STAGE, inputs, Params(front="DSC_0003", up=stated, **QUICK))


def test_an_unknown_front_photo_is_bad_input(shoot):
    store, inputs = shoot
    with pytest.raises(BadInput, match="no photo 'front'"):
        Runner(store).run(STAGE, inputs, Params(front="front", **QUICK))


def test_a_shoot_of_blank_photos_is_held_again_from_the_cache(tmp_path):
    store = Store(tmp_path)
    blank, full = tmp_path / "blank.png", tmp_path / "full.png"
    Image.new("RGB", (80, 60), "white").save(blank)
    Image.new("RGBA", (80, 60), "white").save(full)
    names = [f"P{i}" for i in range(9)]
    trees = [
        store.put_tree({f"{name}.png": store.put(path.read_bytes(), "image/png") for name in names})
        for path in (blank, full)
    ]
    facts = [
        PhotoFacts(
            photo=name,
            source_name=name,
            width_px=80,
            height_px=60,
            sharpness=0.0,
            exposure_ev=0.0,
            clipped_fraction=1.0,
        )
        for name in names
    ]
    inputs = Inputs(photos=trees[0], cutouts=trees[1], facts=store.put(dump_json(facts), "application/json"))
    for _ in range(2):
        with pytest.raises(Held, match="0 of 9 photos registered, 8 are needed"):
            Runner(store).run(STAGE, inputs, Params(front="P0", **QUICK))
    manifest = store.manifest("sfm", STAGE.request(inputs, Params(front="P0", **QUICK)).key)
    assert manifest.held.picture is not None
    sheet = Image.open(io.BytesIO(store.read(manifest.held.picture)))
    assert (sheet.format, sheet.width) == ("PNG", 2000)


PAIRS = (("DSC_0001", "DSC_0009"), ("DSC_0002", "DSC_0010"))


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (
            RepeatedSides(Doubt(twins=PAIRS, torn=(), turn_deg=None)),
            "DSC_0001 and DSC_0009, DSC_0002 and DSC_0010 came out in one place",
        ),
        (
            Folded(Fold(parts=(("DSC_0001", "DSC_0002"), ("DSC_0009", "DSC_0010")), tied=3, unlike=(), seams=PAIRS)),
            "outlines of DSC_0001, DSC_0002 contradict those of DSC_0009, DSC_0010",
        ),
    ],
    ids=["mistaken", "folded"],
)
def test_photos_that_were_placed_wrong_to_each_other_are_shown(shoot, monkeypatch, error, what):
    """The poses themselves are tested in tests/posing/sides."""
    store, inputs = shoot

    def wrong(*arguments, **settings):
        raise error

    monkeypatch.setattr("pipeline.posing.sides.resolve.resolved_poses", wrong)
    params = Params(front="DSC_0003", seed=7 + len(error.code), **QUICK)
    with pytest.raises(Held, match=what):
        Runner(store).run(STAGE, inputs, params)
    held = store.manifest("sfm", STAGE.request(inputs, params).key).held
    assert held.code == error.code
    assert Image.open(io.BytesIO(store.read(held.picture))).format == "PNG"
