import pytest

from pipeline.diffusion.networks import Widths

TINY = Widths(vae=(16, 16, 16, 16), unet=(16, 16), text=16, text_layers=1)


def save_tiny(folder, seed=0):
    """A random inpainting checkpoint of the same shape as the shipped one, made in a second."""
    import torch

    from pipeline.diffusion.networks import build_text_encoder, build_unet, build_vae, save_pipeline

    torch.manual_seed(seed)
    save_pipeline(folder, build_vae(TINY), build_text_encoder(TINY), build_unet(TINY))
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("checkpoint") / "tiny")
