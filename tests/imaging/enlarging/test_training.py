import hashlib
import json
from datetime import UTC, datetime

import numpy as np
import pytest
import yaml
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.core.licences.folder import licence_in
from pipeline.core.licences.names import use_of
from pipeline.imaging.enlarging.embedded import load_network
from pipeline.imaging.enlarging.training import data
from pipeline.imaging.enlarging.training.data import listed, pairs, read_photographs, with_print
from pipeline.imaging.enlarging.training.degrade import degraded
from pipeline.imaging.enlarging.training.train import Recipe, finish, train

TINY = Recipe(minutes=0.05, batch=2, crop_px=32, width=4, blocks=1)


def photograph(seed=0, side=96):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (side // 8, side // 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder with one photograph to train on and one to test on, and the list that names them."""
    folder, entries = tmp_path / "photos", []
    folder.mkdir()
    for seed, role in enumerate(("training", "test")):
        path = folder / f"{role}.png"
        Image.fromarray(photograph(seed)).save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entry = {"file": path.name, "of": "a package", "author": "A", "licence": "CC0-1.0", "sha256": digest}
        entries.append({**entry, "role": role})
    (tmp_path / "list.yaml").write_text(yaml.safe_dump(entries))
    monkeypatch.setattr(data, "LIST", tmp_path / "list.yaml")
    return folder


def test_every_listed_photograph_may_be_used_and_has_one_role():
    training, test = listed("training"), listed("test")
    assert training and test and not {each.sha256 for each in training} & {each.sha256 for each in test}
    for each in (*training, *test):
        assert each.author and (each.licence == "public domain" or use_of(each.licence) == "commercial")
        assert "-SA" not in each.licence  # weights would have to be shared alike


def test_missing_or_other_photograph_is_named(photos):
    (photos / "training.png").write_bytes(b"other")
    with pytest.raises(BadInput, match=r"training\.png has sha256 .*, not ") as error:
        read_photographs(photos, "training")
    assert "a package" in error.value.remedy
    (photos / "training.png").unlink()
    with pytest.raises(BadInput, match=r"there is no training\.png"):
        read_photographs(photos, "training")


@pytest.mark.parametrize("scale", [2, 4])
def test_pairs_show_the_same_part_at_two_sizes(scale):
    batch = next(pairs([photograph()], np.random.default_rng(0), scale, 32, 6))
    assert batch.small.shape == (6, 3, 32 // scale, 32 // scale) and batch.large.shape == (6, 3, 32, 32)
    means = batch.large.reshape(6, 3, 32 // scale, scale, 32 // scale, scale).mean(axis=(3, 5))
    assert np.abs(means - batch.small).mean() < 0.04 and 0 <= batch.small.min() <= batch.large.max() <= 1


def test_degrading_and_printing_repeat_themselves_for_a_seed():
    picture = photograph()
    for make in (lambda rng: degraded(picture, 2, rng), lambda rng: with_print(picture, rng)):
        assert np.array_equal(make(np.random.default_rng(3)), make(np.random.default_rng(3)))
        assert not np.array_equal(make(np.random.default_rng(3)), make(np.random.default_rng(4)))


def test_training_lowers_the_error_resumes_and_writes_a_card(photos, tmp_path, monkeypatch):
    """Time is counted in steps here, so that a busy machine trains as long."""
    ticks = iter(np.linspace(0, 1, 81))
    monkeypatch.setattr("pipeline.imaging.enlarging.training.train.CpuClock", _clock(ticks))
    pictures, out = read_photographs(photos, "training"), tmp_path / "out"
    run = train(pictures, out, TINY)
    assert run.step == 80 and np.mean(run.losses[-20:]) < np.mean(run.losses[:20])
    monkeypatch.setattr("pipeline.imaging.enlarging.training.train.CpuClock", _clock(iter([0.9, 1.0])))
    assert train(pictures, out, TINY).step == 81

    finish(run, photos, out / "checkpoint", TINY)
    assert json.loads((out / "checkpoint" / "config.json").read_text()) == {"width": 4, "blocks": 1}
    loaded = load_network(out / "checkpoint").state_dict()
    kept = run.net.state_dict()
    assert all(np.allclose(loaded[name], kept[name], atol=1e-3) for name in kept)
    card = (out / "checkpoint" / "README.md").read_text()
    assert "test.png by A, CC0-1.0 (a package)" in card and "80 steps" in card and "Stopped early" in card
    assert str(datetime.now(UTC).date()) in card and "| test.png | x4 |" in card
    assert licence_in(out / "checkpoint").use == "commercial"


def _clock(ticks):
    class Clock:
        spent_seconds = 0.0

        def __init__(self, *_):
            pass

        def tick(self):
            return float(next(ticks))

    return Clock
