import sys

import numpy as np
import pytest

from pipeline.core.errors import MissingEngine
from pipeline.core.weights import folder_digest
from pipeline.imaging.enlarging import checkpoint
from pipeline.imaging.enlarging.registry import ENGINES, enlarge
from tests.imaging.enlarging.tiny_checkpoints import compact, needs_spandrel, stand_in

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 52, 3)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _torchvision(monkeypatch):
    stand_in(monkeypatch)
    checkpoint._load.cache_clear()


def pinned(folder, **settings):
    values = {"engine": "checkpoint", "checkpoint": str(folder), "checkpoint_sha256": folder_digest(folder)}
    return ENGINES.parse({**values, **settings})


@needs_spandrel
@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_checkpoint_of_either_format_enlarges(tmp_path, ending):
    params = pinned(compact(tmp_path / "tiny", noise=0.0, ending=ending))
    made = enlarge(PICTURE, 2, params)
    assert np.array_equal(made, PICTURE.repeat(2, axis=0).repeat(2, axis=1))  # without detail it repeats each pixel


@needs_spandrel
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_checkpoint_of_scale_two_reaches_every_whole_factor(tmp_path, factor):
    made = enlarge(PICTURE, factor, pinned(compact(tmp_path / "tiny", noise=0.0)))
    assert made.shape == (40 * factor, 52 * factor, 3)
    assert abs(float(made.mean()) - float(PICTURE.mean())) < 12


@needs_spandrel
def test_report_names_digest_licence_and_library(tmp_path):
    params = pinned(compact(tmp_path / "tiny", noise=0.0))
    words = ENGINES.require_here(params)
    assert params.checkpoint_sha256[:12] in words and "apache-2.0 (commercial" in words and "spandrel" in words


def test_folder_must_have_exactly_one_file_of_weights(tmp_path):
    folder = compact(tmp_path / "tiny", noise=0.0)
    (folder / "second.pth").write_bytes(b"")
    with pytest.raises(MissingEngine, match=r"has 2 files that end in \.safetensors or \.pth, not one"):
        ENGINES.require_here(pinned(folder))
    with pytest.raises(MissingEngine, match="has 0 files"):
        ENGINES.require_here(pinned(tmp_path / "none"))


@needs_spandrel
def test_digest_must_be_the_pinned_one(tmp_path):
    folder = compact(tmp_path / "tiny", noise=0.0)
    with pytest.raises(MissingEngine, match="the setting pins none") as error:
        ENGINES.require_here(pinned(folder, checkpoint_sha256=None))
    assert folder_digest(folder) in error.value.remedy


@needs_spandrel
def test_what_spandrel_does_not_know_is_named(tmp_path):
    folder = compact(tmp_path / "tiny", noise=0.0)
    (folder / "tiny.safetensors").write_bytes(b"not weights")
    with pytest.raises(MissingEngine, match=r"tiny\.safetensors cannot be used: .+") as error:
        enlarge(PICTURE, 2, pinned(folder))
    assert "spandrel" in error.value.remedy


def test_missing_library_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.core.pinned.find_spec", lambda _: None)
    with pytest.raises(MissingEngine, match="spandrel is not installed") as error:
        ENGINES.require_here(pinned(compact(tmp_path / "tiny", noise=0.0)))
    assert "catalog-pipeline[upscale]" in error.value.remedy


@needs_spandrel
def test_no_code_of_a_pickled_checkpoint_is_run(tmp_path):
    import torch

    folder = tmp_path / "evil"
    folder.mkdir()

    class Evil:
        def __reduce__(self):
            return sys.exit, (3,)

    torch.save({"params": Evil()}, folder / "evil.pth")
    with pytest.raises(MissingEngine, match="cannot be used"):
        enlarge(PICTURE, 2, pinned(folder))
