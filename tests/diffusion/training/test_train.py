import stat
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.diffusion.training.train import TrainingRecipe, train
from tests.diffusion.conftest import TINY, save_tiny


def test_transplanted_autoencoder_reproduces_the_linear_one():
    """The reference is the linear autoencoder by itself."""
    import torch

    from pipeline.diffusion.training.data import scene_crops
    from pipeline.diffusion.training.networks import Widths, build_vae
    from pipeline.diffusion.training.warmstart import LinearAutoencoder, transplant

    torch.manual_seed(0)
    widths = Widths()
    crops = scene_crops(np.random.default_rng(0), batch=4, crop_px=64, shelf=4)
    linear, vae = LinearAutoencoder(widths.vae, widths.latents), build_vae(widths)
    linear.fit(crops, steps=60)
    transplant(linear, vae)
    pixels = torch.from_numpy(next(crops))
    with torch.no_grad():
        painted = vae.decode(vae.encode(pixels).latent_dist.mode()).sample
        plain = linear.decode(linear.encode(pixels))
    assert (painted - plain).abs().mean() * 127.5 < 3
    assert (painted - pixels).abs().mean() < 0.5 * (pixels - pixels.mean()).abs().mean()


def test_whitened_latents_are_uncorrelated_and_decode_the_same():
    import torch

    from pipeline.diffusion.training.data import scene_crops
    from pipeline.diffusion.training.warmstart import LinearAutoencoder

    torch.manual_seed(0)
    crops = scene_crops(np.random.default_rng(0), batch=4, crop_px=64, shelf=4)
    linear = LinearAutoencoder((16, 32, 64, 64), 8)
    pixels = torch.from_numpy(np.concatenate([next(crops) for _ in range(16)]))
    with torch.no_grad():
        before = linear.decode(linear.encode(pixels))
        linear._whiten(pixels)
        after = linear.decode(linear.encode(pixels))
        spread = torch.cov(linear.encode(pixels).transpose(0, 1).flatten(1))
    assert torch.allclose(before, after, atol=1e-3)
    assert (spread - spread.diag().diag()).abs().max() < 1e-3
    assert spread[-1, -1] == pytest.approx(1, rel=1e-3)


def test_acuity_measures_resolution_and_dark_rim():
    import cv2

    from pipeline.diffusion.training.acuity import dim_rim, resolved

    rng = np.random.default_rng(0)
    originals = rng.uniform(0, 255, (4, 256, 256))
    small = [cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA) for picture in originals]
    copies = np.stack([cv2.resize(picture, (256, 256), interpolation=cv2.INTER_CUBIC) for picture in small])
    assert 40 <= resolved(originals, copies) <= 72
    assert resolved(originals, originals) == 256
    assert dim_rim(originals, originals) == 0
    dark = originals.copy()
    dark[:, :5] -= 20
    dark[:, :, -9:] -= 20
    assert dim_rim(originals, dark) == 9


def test_shipped_widths_fit_the_inpainting_pipeline_of_diffusers():
    """It requires 4 noisy channels, the mask and 4 channels of the picture, and refuses others only when it paints."""
    from pipeline.diffusion.training.networks import Widths, build_unet, build_vae

    assert build_unet(Widths()).config.in_channels == 9
    assert build_vae(Widths()).config.latent_channels == 4


def test_word_pretraining_recognises_attributes():
    import torch

    from pipeline.diffusion.training.networks import Widths, build_text_encoder, build_tokenizer, build_unet
    from pipeline.diffusion.training.words import teach_words

    torch.manual_seed(0)
    widths = Widths(unet=(32, 32), text=32, text_layers=1)
    text, unet = build_text_encoder(widths), build_unet(widths)
    assert teach_words(text, unet.add_embedding, build_tokenizer(), seed=0, steps=150) > 0.9
    assert teach_words(build_text_encoder(widths), unet.add_embedding, build_tokenizer(), seed=0, steps=1) < 0.6


def test_mirrored_prompt_swaps_the_sides_and_nothing_else():
    from pipeline.diffusion.training.data import mirrored_prompt

    prompt = "bright wood, soft light from left , not right"
    assert mirrored_prompt(prompt) == "bright wood, soft light from right , not left"
    assert mirrored_prompt(mirrored_prompt(prompt)) == prompt
    assert mirrored_prompt("soft light from front") == "soft light from front"


def test_pool_and_batch_pair_each_scene_with_its_mirror_image(tmp_path):
    """From pure noise the two of a pair differ in one word, so their predictions differ by nothing else."""
    import torch

    from pipeline.diffusion.training.data import make_pool, mirrored_prompt
    from pipeline.diffusion.training.losses import prediction_error
    from pipeline.diffusion.training.networks import build_vae

    torch.manual_seed(0)
    pool = make_pool(tmp_path / "latents.npz", build_vae(TINY), scenes=6, seed=0)
    assert [mirrored_prompt(spec.prompt) for spec in pool.specs[::2]] == [spec.prompt for spec in pool.specs[1::2]]
    seen = []

    def text(input_ids):
        seen.append(input_ids)
        return SimpleNamespace(last_hidden_state=input_ids)

    def unet(given, steps, states):
        seen.extend([given, steps])
        return SimpleNamespace(sample=torch.zeros_like(given[:, : pool.latents.shape[1]]))

    error = prediction_error(text, unet, pool, np.random.default_rng(0), batch=8)
    tokens, given, steps = seen
    assert torch.equal(steps[::2], steps[1::2]) and (steps[:2] == 999).all()
    assert torch.allclose(given[0], given[1], atol=1e-5), "noise and mask"
    assert ((tokens[::2] != tokens[1::2]).sum(1) <= 1).all()
    latents = torch.from_numpy(np.concatenate([pool.latents, pool.plain]).astype(np.float32))
    assert all(((latents + each).abs().amax((1, 2, 3)) < 1e-3).any() for each in error)


def recipe(minutes, start=None):
    return TrainingRecipe(
        minutes=minutes, vae_share=0.3, linear_steps=5, word_steps=2, scenes=16, batch=2, widths=TINY, start=start
    )


@pytest.mark.slow
def test_training_resumes_and_writes_a_pipeline(tmp_path, monkeypatch):
    clock = SimpleNamespace(process_time=count().__next__)  # a CPU second passes from one step to the next
    monkeypatch.setattr("pipeline.core.cpu_clock.time", clock)
    first = train(tmp_path, recipe(minutes=0.12))
    pipeline = tmp_path / "pipeline"
    assert first.steps > 0
    assert "16 scenes" in (pipeline / "README.md").read_text()
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in pipeline.rglob("*") if path.is_file())
    second = train(tmp_path, recipe(minutes=0.5))
    assert second.steps > first.steps

    from diffusers import DiffusionPipeline

    loaded = DiffusionPipeline.from_pretrained(pipeline, local_files_only=True)
    assert type(loaded).__name__ == "StableDiffusionInpaintPipeline"
    assert loaded.vae.config.scaling_factor != pytest.approx(0.18215)


def test_training_on_keeps_the_weights_and_the_embedding_of_every_word_that_stays(tmp_path):
    import json

    import torch
    from safetensors.torch import load_file

    from pipeline.diffusion.training.networks import build_text_encoder, build_tokenizer, build_unet
    from pipeline.diffusion.training.save import copy_networks

    saved = save_tiny(tmp_path / "saved")
    words = json.loads((saved / "tokenizer" / "tokenizer.json").read_text())
    vocabulary = words["model"]["vocab"]
    vocabulary["oak"], vocabulary["marble"] = vocabulary["marble"], vocabulary["oak"]  # saved in another order
    del vocabulary["window"]
    (saved / "tokenizer" / "tokenizer.json").write_text(json.dumps(words))
    torch.manual_seed(1)
    text, unet = build_text_encoder(TINY), build_unet(TINY)
    untrained = text.get_input_embeddings().weight.detach().clone()
    copy_networks(saved, text_encoder=text, unet=unet)
    torch.manual_seed(2)
    other_text, other_unet = build_text_encoder(TINY), build_unet(TINY)
    copy_networks(saved, text_encoder=other_text, unet=other_unet)
    own = build_tokenizer().get_vocab()
    rows, others = text.get_input_embeddings().weight, other_text.get_input_embeddings().weight
    assert all(
        torch.equal(*pair) for pair in zip(unet.state_dict().values(), other_unet.state_dict().values(), strict=True)
    )
    assert torch.equal(rows[own["window"]], untrained[own["window"]]), "a new word starts untrained"
    assert (rows[own["marble"]] == others[own["marble"]]).all()
    assert not torch.equal(rows[own["marble"]], rows[own["oak"]])
    stored = load_file(next((saved / "text_encoder").glob("*.safetensors")))
    (table,) = (weights.float() for name, weights in stored.items() if name.endswith("token_embedding.weight"))
    assert torch.equal(rows[own["marble"]], table[vocabulary["marble"]])


def test_misplaced_row_costs_more_than_equal_random_error():
    import torch

    from pipeline.diffusion.training.losses import multiscale_loss

    torch.manual_seed(0)
    line = torch.zeros(1, 4, 32, 32)
    line[:, :, 20] = 1.0
    noise = torch.randn(1, 4, 32, 32)
    noise *= line.square().mean().sqrt() / noise.square().mean().sqrt()
    assert multiscale_loss(line) > 10 * multiscale_loss(noise)
    assert multiscale_loss(line) == pytest.approx(multiscale_loss(line.transpose(2, 3)).item())
    assert multiscale_loss(torch.zeros(1, 4, 32, 32)) == 0
