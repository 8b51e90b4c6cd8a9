"""Zero-shot detection by checkpoints of random weights, made on the spot: what they find is chance."""

import numpy as np
import pytest

from pipeline.core.errors import MissingEngine
from pipeline.core.weights import folder_digest
from pipeline.imaging import grounding
from pipeline.imaging.grounding import GroundingParams, find, require_here
from tests.language.tiny_writers import tiny_tokenizer

PICTURE = np.dstack([np.full((48, 64, 3), 120, np.uint8), np.full((48, 64), 255, np.uint8)])


def save_owl(folder):
    import torch
    import transformers as tf

    torch.manual_seed(0)
    tokenizer = tiny_tokenizer([], "")
    tokenizer.model_max_length = 16
    words = {
        "vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 16, "pad_token_id": 0,
    }  # fmt: skip
    seen = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 32, "patch_size": 8,
    }  # fmt: skip
    config = tf.OwlViTConfig(text_config=words, vision_config=seen, projection_dim=16)
    tf.OwlViTForObjectDetection(config).save_pretrained(folder)
    pictures = tf.OwlViTImageProcessorPil(size={"height": 32, "width": 32}, do_center_crop=False)
    tf.OwlViTProcessor(image_processor=pictures, tokenizer=tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def owl(tmp_path_factory):
    return save_owl(tmp_path_factory.mktemp("grounding") / "owl")


def params(folder, **values):
    return GroundingParams(checkpoint=str(folder), checkpoint_sha256=folder_digest(folder), **values)


def test_the_best_box_lies_in_the_picture_and_is_found_again(owl):
    found = find(PICTURE, "hang tag", params(owl, score_at_least=0))
    left, top, right, bottom = found.box
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1 and 0 <= found.score <= 1
    assert find(PICTURE, "hang tag", params(owl, score_at_least=0)) == found
    assert find(PICTURE, "hang tag", params(owl, score_at_least=1)) is None


def test_a_checkpoint_is_used_only_by_its_digest(owl):
    with pytest.raises(MissingEngine, match=r"the setting pins none.*checkpoint_sha256: [0-9a-f]{64}"):
        find(PICTURE, "tag", GroundingParams(checkpoint=str(owl)))
    assert "transformers" in require_here(params(owl))


def test_a_folder_that_detects_nothing_by_words_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    grounding._load.cache_clear()
    with pytest.raises(MissingEngine, match=r"cannot be loaded on cpu.*Use a folder"):
        find(PICTURE, "tag", params(tmp_path))
