import stat

import numpy as np
import pytest

from pipeline.diffusion.train import Recipe, train
from tests.diffusion.conftest import TINY


def test_the_autoencoder_starts_as_a_blur_and_not_as_noise():
    """Plain twin: average 8 x 8 pixels, interpolate bilinearly."""
    import torch

    from pipeline.diffusion.networks import Widths, build_vae
    from pipeline.diffusion.training_data import scene_crops

    torch.manual_seed(0)
    pixels = torch.from_numpy(next(scene_crops(np.random.default_rng(0), batch=4)))
    vae = build_vae(Widths())
    with torch.no_grad():
        latents = vae.encode(pixels).latent_dist.mode()
        painted = vae.decode(latents).sample
    small = torch.nn.functional.avg_pool2d(pixels, 8)
    plain = torch.nn.functional.interpolate(small, scale_factor=8, mode="bilinear")
    inner = (..., slice(16, -16), slice(16, -16))
    assert (painted - plain)[inner].abs().mean() * 127.5 < 5
    assert (painted - pixels)[inner].abs().mean() < 0.5 * (pixels - pixels.mean()).abs().mean()
    assert 0.2 < latents[:, :3].std() < 5


@pytest.mark.slow
def test_training_goes_on_where_it_stopped_and_leaves_a_pipeline(tmp_path, monkeypatch):
    recipe = Recipe(minutes=0.12, vae_share=0.3, scenes=16, batch=2, widths=TINY)
    first = train(tmp_path, recipe)
    pipeline = tmp_path / "pipeline"
    assert first.steps > 0
    assert "16 scenes" in (pipeline / "README.md").read_text()
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in pipeline.rglob("*") if path.is_file())
    second = train(tmp_path, Recipe(minutes=0.2, vae_share=0.3, scenes=16, batch=2, widths=TINY))
    assert second.steps > first.steps

    from diffusers import DiffusionPipeline

    loaded = DiffusionPipeline.from_pretrained(pipeline, local_files_only=True)
    assert type(loaded).__name__ == "StableDiffusionInpaintPipeline"
    assert loaded.vae.config.scaling_factor != pytest.approx(0.18215)
