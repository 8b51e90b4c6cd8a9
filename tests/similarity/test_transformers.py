import numpy as np
import pytest

from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.weights import folder_digest
from pipeline.similarity.registry import ENGINES, text_vector, vectors_of
from pipeline.similarity.transformers import Params, require_here, shown
from tests.imaging.products import make_product
from tests.similarity.tiny_checkpoints import save_tiny

KINDS = ("clip", "siglip", "dinov2")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """kind -> params of a tiny checkpoint."""
    root = tmp_path_factory.mktemp("checkpoints")
    return {kind: pinned(save_tiny(root / kind, kind)) for kind in KINDS}


def pinned(folder):
    return Params(checkpoint=str(folder), checkpoint_sha256=folder_digest(folder))


@pytest.mark.parametrize("kind", KINDS)
def test_each_family_gives_one_unit_vector_per_picture(checkpoints, kind):
    pictures = [make_product(seed=seed, base=base) for seed, base in enumerate([(176, 92, 60), (40, 90, 190)])]
    vectors = vectors_of([*pictures, pictures[0]], checkpoints[kind])
    assert vectors.shape[0] == 3
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], vectors[2], atol=1e-5)
    assert vectors[0] @ vectors[1] < 0.99999


def test_batches_do_not_change_a_vector(checkpoints):
    pictures = [make_product(height=60, width=50, seed=seed) for seed in range(18)]
    together = vectors_of(pictures, checkpoints["clip"])
    alone = vectors_of(pictures[17:], checkpoints["clip"])
    assert np.allclose(together[17], alone[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_words_are_compared_with_pictures_in_one_space(checkpoints, kind):
    picture = vectors_of([make_product()], checkpoints[kind])[0]
    oak, marble = (text_vector(words, checkpoints[kind]) for words in ("light oak table", "white marble"))
    assert oak.shape == picture.shape
    assert oak @ oak == pytest.approx(1, abs=1e-5)
    assert abs(oak @ picture - marble @ picture) > 1e-6
    long = text_vector("light oak table " * 500, checkpoints[kind])
    assert long.shape == oak.shape


def test_words_are_refused_by_a_checkpoint_without_a_text_model(checkpoints):
    with pytest.raises(BadInput, match="no text model") as caught:
        text_vector("oak", checkpoints["dinov2"])
    assert "SigLIP" in caught.value.remedy
    with pytest.raises(BadInput, match="descriptor"):
        text_vector("oak", ENGINES.defaults())
    with pytest.raises(BadInput, match="no words"):
        text_vector("  ", checkpoints["clip"])


def test_unpinned_or_changed_checkpoint_is_refused_with_its_digest(tmp_path):
    folder = save_tiny(tmp_path / "clip", "clip")
    with pytest.raises(MissingEngine, match="pins none") as caught:
        require_here(Params(checkpoint=str(folder)))
    params = pinned(folder)
    assert params.checkpoint_sha256 in caught.value.remedy
    save_tiny(folder, "clip", seed=1)
    with pytest.raises(MissingEngine, match="pins"):
        vectors_of([make_product()], params)


def test_folder_without_image_processor_names_the_missing_file(tmp_path):
    folder = save_tiny(tmp_path / "clip", "clip")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(MissingEngine, match=r"preprocessor_config\.json"):
        require_here(pinned(folder))
    with pytest.raises(MissingEngine, match="nowhere"):
        require_here(Params(checkpoint=str(tmp_path / "nowhere")))


def test_image_processor_that_was_saved_with_its_tokenizer_is_found(tmp_path):
    from transformers import CLIPProcessor

    folder = save_tiny(tmp_path / "clip", "clip")
    apart = pinned(folder)
    vector, words = vectors_of([make_product()], apart), text_vector("oak", apart)
    whole = CLIPProcessor.from_pretrained(folder)
    for file in ("preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()
    whole.save_pretrained(folder)
    assert not (folder / "preprocessor_config.json").exists()
    assert np.allclose(vectors_of([make_product()], pinned(folder)), vector, atol=1e-6)
    assert np.allclose(text_vector("oak", pinned(folder)), words, atol=1e-6)


def test_damaged_weights_are_named(tmp_path):
    folder = save_tiny(tmp_path / "clip", "clip")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(MissingEngine, match="cannot be loaded"):
        vectors_of([make_product()], pinned(folder))


def test_product_is_shown_on_a_white_square_and_a_picture_whole():
    alone = make_product(height=300, width=260)
    square = shown(alone)
    assert square.shape[0] == square.shape[1]
    assert (square[0] == 255).all()
    whole = np.dstack([alone[..., :3], np.full((300, 260), 255, np.uint8)])
    assert np.array_equal(shown(whole), alone[..., :3])
