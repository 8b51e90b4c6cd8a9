import json

import numpy as np
import pytest

from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.weights import folder_digest
from pipeline.imaging.cutout.checkpoint import Params, cut, require_here

CODE = '''
import torch
from transformers import PretrainedConfig, PreTrainedModel


class TinyConfig(PretrainedConfig):
    model_type = "tiny-matte"


class TinyMatte(PreTrainedModel):
    """Product where a picture is redder than green; returns a list that ends in logits, as BiRefNet does."""

    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.mix = torch.nn.Conv2d(3, 1, 1)
        self.post_init()

    def forward(self, pixels):
        return [pixels[:, :1] * 0, self.mix(pixels)]
'''


@pytest.fixture
def with_code(tmp_path):
    """A checkpoint folder like BiRefNet's: its own code beside its weights."""
    import torch
    from safetensors.torch import save_file

    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "tiny.py").write_text(CODE)
    auto = {"AutoConfig": "tiny.TinyConfig", "AutoModelForImageSegmentation": "tiny.TinyMatte"}
    config = {"model_type": "tiny-matte", "architectures": ["TinyMatte"], "auto_map": auto}
    (folder / "config.json").write_text(json.dumps(config))
    weights = {"mix.weight": torch.tensor([4.0, -4.0, 0.0]).reshape(1, 3, 1, 1), "mix.bias": torch.tensor([-4.0])}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "README.md").write_text("---\nlicense: bria-rmbg-2.0\ntags: [x]\n---\n# Tiny\n")
    return folder


@pytest.fixture
def without_code(tmp_path):
    """A random DETR for segmentation, with model and backbone from transformers."""
    from transformers import DetrConfig, DetrForSegmentation, ResNetConfig

    backbone = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1],
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=backbone, d_model=64,
        encoder_layers=1, decoder_layers=1, encoder_attention_heads=8, decoder_attention_heads=8, encoder_ffn_dim=16,
        decoder_ffn_dim=16, num_queries=4, num_labels=3,
    )  # fmt: skip
    folder = tmp_path / "detr"
    DetrForSegmentation(config).save_pretrained(folder)
    return folder


def red_square():
    rgb = np.full((60, 80, 3), 200, np.uint8)
    rgb[20:50, 30:60] = (220, 20, 20)
    return rgb


def params(folder, **more):
    return Params(checkpoint=str(folder), checkpoint_sha256=folder_digest(folder), checkpoint_side_px=64, **more)


@pytest.mark.timeout(120)
def test_checkpoint_with_its_own_code_cuts_if_allowed(with_code):
    alpha = cut(red_square(), params(with_code, allow_remote_code=True))
    assert alpha.shape == (60, 80)
    assert alpha[24:46, 34:56].min() > 200
    assert alpha[:14].max() < 60


def test_code_does_not_run_unless_allowed(with_code):
    with pytest.raises(MissingEngine, match="Python code") as caught:
        require_here(params(with_code))
    assert "allow_remote_code" in caught.value.remedy


def test_revision_other_than_the_pinned_one_is_refused(with_code):
    pinned = params(with_code, allow_remote_code=True)
    (with_code / "tiny.py").write_text(CODE + "# changed\n")
    with pytest.raises(MissingEngine, match="pins") as caught:
        require_here(pinned)
    assert folder_digest(with_code) in caught.value.remedy


@pytest.mark.timeout(120)
def test_class_of_transformers_cuts_without_its_own_code(without_code):
    alpha = cut(red_square(), params(without_code))
    assert alpha.shape == (60, 80)
    assert alpha.dtype == np.uint8


def test_missing_folder_is_a_missing_engine_with_a_remedy(tmp_path):
    with pytest.raises(MissingEngine, match="nowhere") as caught:
        require_here(Params(checkpoint=str(tmp_path / "nowhere")))
    assert "save_pretrained" in caught.value.remedy


def test_folder_of_another_model_type_is_a_missing_engine(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(MissingEngine, match="cannot be loaded"):
        cut(red_square(), params(tmp_path))


def test_weights_that_are_not_numbers_give_no_matte(with_code):
    """Cast to a byte, they would give an empty matte, and the product would be lost silently."""
    import torch
    from safetensors.torch import save_file

    weights = {"mix.weight": torch.full((1, 3, 1, 1), float("nan")), "mix.bias": torch.zeros(1)}
    save_file(weights, with_code / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(MissingEngine, match=f"{with_code} returned values that are not numbers"):
        cut(red_square(), params(with_code, allow_remote_code=True))


def test_half_downloaded_folder_is_named(with_code):
    (with_code / "model.safetensors").unlink()
    (with_code / "model.safetensors").symlink_to("/nowhere/blob")
    with pytest.raises(BadInput, match=r"model\.safetensors cannot be read: No such file"):
        folder_digest(with_code)
