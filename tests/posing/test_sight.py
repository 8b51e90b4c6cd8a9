from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.core.domain import angle_between_deg
from pipeline.core.records import LevelPhoto, SeenTable, dump_json
from pipeline.posing import sight
from pipeline.posing.scene.structure import Structure
from pipeline.posing.sight import SURE, hints, seen_table
from pipeline.posing.up import UpHints, find_up
from tests.posing.test_judge import model
from tests.posing.test_up import rolled_model

Z = np.array([0.0, 0.0, 1.0])


def structure_of(shoot, confidence=0.95):
    """What `look` gives for a shoot whose second scene is the product turned over."""
    table = SimpleNamespace(up=Z, height=-1.0, confidence=confidence)
    scenes = [
        SimpleNamespace(model=shoot, table=table, shown={image.photo: None for image in shoot.images[:-1]}),
        SimpleNamespace(model=model([0.0]), table=table, shown={"turned-over": None}),
    ]
    return Structure(tuple(scenes))


@pytest.fixture
def looks(monkeypatch):
    """The number of looks so far; each sees the table of `looks.shoot`."""
    counted = SimpleNamespace(count=0, shoot=None)

    def look(photos, focal_px, scratch, seed):
        counted.count += 1
        return None if counted.shoot is None else structure_of(counted.shoot)

    monkeypatch.setattr(sight, "look", look)
    return counted


def one_side(roll_deg=11.0):
    """Cameras on an arc of 60 degrees, all rolled."""
    return rolled_model(arc_deg=60.0, roll_deg=roll_deg)


def test_the_table_decides_where_photos_from_one_side_cannot(looks, tmp_path):
    looks.shoot = shoot = one_side()
    assert find_up(shoot, "handheld", UpHints())[1].confidence < SURE["handheld"]
    known = hints(shoot, "handheld", UpHints(), [], {}, tmp_path)
    assert "turned-over" not in known.table_normals
    fit, up = find_up(shoot, "handheld", known)
    assert (up.source, looks.count) == ("table", 1)
    assert angle_between_deg(fit.up, Z) < 0.1
    assert up.confidence > 0.8


@pytest.mark.parametrize(
    ("rig", "shoot", "known"),
    [
        ("turntable", one_side(roll_deg=0.0), UpHints()),
        ("handheld", rolled_model(), UpHints()),
        ("handheld", one_side(), UpHints(stated=tuple(LevelPhoto(photo=p, roll_deg=-11) for p in ("P00", "P23")))),
    ],
    ids=["a turntable", "photos all round", "stated"],
)
def test_nobody_looks_for_a_table_where_up_is_known(looks, tmp_path, rig, shoot, known):
    assert hints(shoot, rig, known, [], {}, tmp_path) == known
    assert looks.count == 0


def test_without_a_table_the_hints_stay_as_they_are(looks, tmp_path):
    assert hints(one_side(), "handheld", UpHints(), [], {}, tmp_path) == UpHints()
    assert looks.count == 1


def test_what_cutout_saw_of_the_table_saves_the_look(looks, tmp_path):
    shoot = one_side()
    seen = SeenTable.model_validate_json(dump_json(seen_table(structure_of(shoot))))
    known = hints(shoot, "handheld", UpHints(), [], {}, tmp_path, seen=seen)
    fit, up = find_up(shoot, "handheld", known)
    assert (up.source, looks.count) == ("table", 0)
    assert angle_between_deg(fit.up, Z) < 0.1


def test_a_look_of_cutout_that_saw_no_table_is_not_repeated(looks, tmp_path):
    assert hints(one_side(), "handheld", UpHints(), [], {}, tmp_path, seen=seen_table(None)) == UpHints()
    assert looks.count == 0
