import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.core.licences.folder import licence_in
from pipeline.core.licences.names import use_of
from pipeline.imaging.enlarging.embedded import load_network
from pipeline.imaging.enlarging.network import Enlarger
from pipeline.imaging.enlarging.training import data
from pipeline.imaging.enlarging.training.data import Pair, listed, pairs, read_photographs, views, with_print
from pipeline.imaging.enlarging.training.degrade import small_pictures, worn
from pipeline.imaging.enlarging.training.muon import orthogonal
from pipeline.imaging.enlarging.training.start import begun, fit_outputs
from pipeline.imaging.enlarging.training.train import Recipe, finish, train

TINY = Recipe(factor=2, minutes=0.05, small_px=16, size=(4, 1))


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


@pytest.mark.parametrize("factor", [2, 4])
def test_pairs_show_the_same_part_at_two_sizes(factor):
    rng = np.random.default_rng(0)
    batch = next(pairs(views([photograph(side=98)], factor, rng), rng, factor, 8, 6))
    assert batch.small.shape == (6, 3, 8, 8) and batch.large.shape == (6, 3, 8 * factor, 8 * factor)
    means = batch.large.reshape(6, 3, 8, factor, 8, factor).mean(axis=(3, 5))
    assert np.abs(means - batch.small).mean() < 0.04 and 0 <= batch.small.min() <= batch.large.max() <= 1


def test_large_photographs_are_seen_at_two_sizes_and_with_print():
    seen = views([photograph(side=96), photograph(side=960)], 2, np.random.default_rng(0))
    assert sorted(max(view.large.shape) for view in seen) == [96, 96, 192, 800, 960]


def test_small_pictures_wear_and_print_repeat_themselves_for_a_seed():
    picture = photograph()

    def many_worn(rng):
        return np.stack([worn(picture, rng) for _ in range(40)])

    for make in (many_worn, lambda rng: small_pictures(picture, 2, rng)[2], lambda rng: with_print(picture, rng)):
        assert np.array_equal(make(np.random.default_rng(3)), make(np.random.default_rng(3)))
        assert not np.array_equal(make(np.random.default_rng(3)), make(np.random.default_rng(4)))


def test_fitted_outputs_are_those_that_made_the_pictures():
    torch.manual_seed(0)
    teacher, net, small = Enlarger(2, 4, 1), Enlarger(2, 4, 1), torch.rand(8, 3, 24, 24)
    net.load_state_dict(teacher.state_dict())
    with torch.no_grad():
        large = teacher(small)
        net.tail.weight.zero_()
        net.linear.weight.zero_()
        fit_outputs(net, iter([Pair(small.numpy(), large.numpy())]))
        assert (net(small) - large).abs().max() < 1e-3


def test_larger_network_begins_with_the_features_of_a_smaller_one():
    rng = np.random.default_rng(0)
    seen = views([photograph()], 4, rng)
    before, small = Enlarger(2, 4, 1), torch.rand(1, 3, 9, 7)
    net = begun(Enlarger(4, 6, 2), pairs(seen, rng, 4, 12, 2), before)
    features = net.blocks[0](net.head(small))
    assert torch.allclose(features[:, :4], before.blocks(before.head(small)), atol=1e-6)


def test_orthogonal_matrix_keeps_directions_and_evens_their_lengths():
    torch.manual_seed(0)
    matrix = torch.randn(8, 72)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    lengths = left.T @ orthogonal(matrix) @ right.T
    assert (lengths - torch.diag(torch.diag(lengths))).abs().max() < 1e-3
    assert torch.diag(lengths).min() > 0.6 and torch.diag(lengths).max() < 1.3


def test_training_lowers_the_error_resumes_and_writes_a_card(photos, tmp_path, monkeypatch):
    """Time is counted in steps here, so that a busy machine trains as long."""
    ticks = iter(np.linspace(0, 1, 81))
    monkeypatch.setattr("pipeline.imaging.enlarging.training.train.CpuClock", _clock(ticks))
    pictures, out = read_photographs(photos, "training"), tmp_path / "out"
    run = train(pictures, out, TINY)
    assert run.step == 80 and np.mean(run.losses[-20:]) < np.mean(run.losses[:20])
    monkeypatch.setattr("pipeline.imaging.enlarging.training.train.CpuClock", _clock(iter([0.9, 1.0])))
    assert train(pictures, out, TINY).step == 81

    finish(run, photos, out / "checkpoint")
    loaded = load_network(out / "checkpoint" / "x2.safetensors").state_dict()
    kept = run.net.state_dict()
    assert all(np.allclose(loaded[name], kept[name], atol=1e-3) for name in kept)
    card = (out / "checkpoint" / "README.md").read_text()
    assert "test.png by A, CC0-1.0 (a package)" in card and "80 steps" in card and "begun at" not in card
    assert str(datetime.now(UTC).date()) in card and "| test.png | x2 |" in card and "x4" not in card
    assert licence_in(out / "checkpoint").use == "commercial"


def test_card_tells_of_the_network_at_which_training_began(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.imaging.enlarging.training.train.CpuClock", _clock(iter([0.5, 1.0, 0.5, 1.0])))
    pictures, first, second = read_photographs(photos, "training"), tmp_path / "first", tmp_path / "second"
    finish(train(pictures, first, TINY), photos, first)
    start, larger = first / "x2.safetensors", replace(TINY, factor=4, size=(6, 2))
    finish(train(pictures, second, larger, load_network(start)), photos, second, start)
    card = (second / "README.md").read_text()
    assert "begun at a network of 0.0 CPU minutes, 1 steps" in card and "| test.png | x4 |" in card


def _clock(ticks):
    class Clock:
        spent_seconds = 0.0

        def __init__(self, *_):
            pass

        def tick(self):
            return float(next(ticks))

    return Clock
