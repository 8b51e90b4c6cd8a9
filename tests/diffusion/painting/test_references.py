"""Families that paint a picture from several others, and pipelines that choose their own size."""

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.calling import Sampling, inpaint
from pipeline.diffusion.painting.checkpoints import editing_class
from pipeline.diffusion.painting.families import FAMILIES, Family
from pipeline.diffusion.painting.loading import load_engine
from tests.diffusion.tiny_references import save_tiny_klein, save_tiny_qwen_edit, small_megapixel

SAVE = {
    "Flux2Klein": save_tiny_klein,
    "QwenImageEditPlus": lambda folder: save_tiny_qwen_edit(folder, "QwenImageEditPlusPipeline"),
}
ASKED = Sampling(prompt="the person wears it", seeds=(3,), steps=2, guidance=2.0)


@pytest.fixture(scope="module", autouse=True)
def _small_megapixel():
    with small_megapixel():
        yield


def flat(*colour):
    return np.full((64, 64, 3), colour, np.uint8)


@pytest.mark.parametrize("kind", SAVE)
def test_a_picture_is_painted_from_both_references_and_again_the_same(kind, tmp_path):
    engine = load_engine(str(SAVE[kind](tmp_path / kind)), edits=True)
    person, garment = flat(200, 160, 140), flat(10, 20, 160)
    painted = engine.edit([person, garment], (48, 80), ASKED)
    assert painted.shape == (80, 48, 3) and painted.dtype == np.float32
    assert np.array_equal(engine.edit([person, garment], (48, 80), ASKED), painted)
    for references in ([person, flat(160, 20, 10)], [flat(20, 160, 140), garment]):
        assert not np.array_equal(engine.edit(references, (48, 80), ASKED), painted)


def test_a_family_that_edits_one_picture_only_is_refused_by_name(tiny_xl):
    with pytest.raises(BadInput, match=r"StableDiffusionXLInpaintPipeline, which cannot .*Flux2KleinPipeline"):
        editing_class(tiny_xl)
    assert {name for name, family in FAMILIES.items() if family.edits_with} == {
        "Flux2KleinPipeline",
        "Flux2KleinInpaintPipeline",
        "QwenImageEditPlusPipeline",
    }


def test_a_pipeline_that_chooses_its_own_size_gives_the_requested_one():
    class Pipe:
        scheduler = SimpleNamespace(config=None)

        def __call__(self, **asked):
            return SimpleNamespace(images=np.full((1, self.side, self.side, 3), 0.5))

    Pipe.scheduler = type("Scheduler", (), {"config": None, "from_config": classmethod(lambda cls, _: cls())})()
    for Pipe.side in (32, 64, 128):
        (painted,) = inpaint(Pipe(), Family(), [flat(0, 0, 0)], [np.full((64, 64), 255, np.uint8)], ASKED)
        assert painted.shape == (64, 64, 3) and np.allclose(painted, 0.5)
