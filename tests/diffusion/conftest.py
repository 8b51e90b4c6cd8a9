from functools import cache

import numpy as np
import pytest

from pipeline.diffusion.training.networks import Widths
from pipeline.diffusion.training.warmstart import LinearAutoencoder, transplant

TINY = Widths(vae=(16, 16, 16, 16), latents=4, unet=(16, 16), text=16, text_layers=1)


def save_tiny(folder, seed=0):
    """A random inpainting checkpoint of the same shape as the shipped one, made in a second."""
    import torch

    from pipeline.diffusion.training.networks import build_text_encoder, build_unet, build_vae
    from pipeline.diffusion.training.save import save_pipeline

    torch.manual_seed(seed)
    vae = build_vae(TINY)
    transplant(_linear(), vae)
    vae.register_to_config(scaling_factor=1.0)  # its latents have unit spread
    save_pipeline(folder, vae, build_text_encoder(TINY), build_unet(TINY))
    return folder


@cache
def _linear():
    """A linear autoencoder after a few steps: enough to hold a scene's colour and light."""
    import torch

    from pipeline.diffusion.training.data import scene_crops

    torch.manual_seed(0)
    linear = LinearAutoencoder(TINY.vae, TINY.latents)
    linear.fit(scene_crops(np.random.default_rng(0), batch=4, crop_px=64, shelf=24), steps=60)
    return linear


def save_tiny_xl(folder):
    """A random SDXL inpainting checkpoint: two text encoders, pooled text, sizes as conditions. Native size 64 px."""
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLInpaintPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    from pipeline.diffusion.training.networks import MAX_WORDS, build_tokenizer, build_vae

    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    text = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, projection_dim=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=MAX_WORDS, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=9, out_channels=4, cross_attention_dim=64, attention_head_dim=4, norm_num_groups=8,
        layers_per_block=1, block_out_channels=(16, 16), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=8 * 6 + 32, use_linear_projection=True,
    )  # fmt: skip
    StableDiffusionXLInpaintPipeline(
        vae=build_vae(TINY), text_encoder=CLIPTextModel(text), text_encoder_2=CLIPTextModelWithProjection(text),
        tokenizer=tokenizer, tokenizer_2=tokenizer, unet=unet,
        scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear"),
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def tiny_xl(tmp_path_factory):
    return save_tiny_xl(tmp_path_factory.mktemp("checkpoint") / "tiny_xl")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("checkpoint") / "tiny")
