"""Random checkpoints of production families, a few kilobytes each, made on the spot: nothing is downloaded."""

from pipeline.diffusion.painting.checkpoints import FACTS_FILE, CheckpointFacts
from pipeline.diffusion.training.networks import MAX_WORDS, build_text_encoder, build_tokenizer, build_vae
from tests.diffusion.conftest import TINY, save_tiny_xl

NATIVE_PX = 64


def _clip(text_hidden=32):
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(build_tokenizer()), hidden_size=text_hidden, projection_dim=text_hidden,
            intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=MAX_WORDS,
            bos_token_id=1, eos_token_id=2, pad_token_id=0,
        )
    )  # fmt: skip


def _flux_parts(in_channels):
    """A flow-matching transformer, its autoencoder (8 px a latent, 4 channels) and its two text encoders."""
    import torch
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    return {
        "scheduler": FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        "vae": AutoencoderKL(
            block_out_channels=(16,) * 4, layers_per_block=1, norm_num_groups=1, latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
            shift_factor=0.1, scaling_factor=0.4, use_quant_conv=False, use_post_quant_conv=False,
        ),
        "text_encoder": _clip(),
        "tokenizer": build_tokenizer(),
        "text_encoder_2": T5EncoderModel(
            T5Config(vocab_size=len(build_tokenizer()), d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
        ),
        "tokenizer_2": build_tokenizer(),
        "transformer": FluxTransformer2DModel(
            patch_size=1, in_channels=in_channels, out_channels=16, num_layers=1, num_single_layers=1,
            attention_head_dim=16, num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8), guidance_embeds=True,
        ),
    }  # fmt: skip


def save_tiny_flux(folder, kind):
    """`kind`: FluxFillPipeline or FluxKontextPipeline."""
    import diffusers

    fill = kind == "FluxFillPipeline"
    in_channels = 16 + 16 + 4 * 8 * 8 if fill else 16  # noisy and masked latents, and the mask, packed 2 x 2
    getattr(diffusers, kind)(**_flux_parts(in_channels)).save_pretrained(folder)
    facts = CheckpointFacts(native_px=NATIVE_PX, guidance=30 if fill else 2.5)
    (folder / FACTS_FILE).write_text(facts.model_dump_json())
    return folder


def save_tiny_controlnet(folder):
    """Stable Diffusion with a ControlNet for inpainting."""
    import torch
    from diffusers import ControlNetModel, DDIMScheduler, StableDiffusionControlNetInpaintPipeline, UNet2DConditionModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, cross_attention_dim=TINY.text, attention_head_dim=4,
        norm_num_groups=8, layers_per_block=1, block_out_channels=(16, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32, 32, 32))
    with torch.no_grad():  # its output layers start at zero, and a control that changes nothing tests nothing
        for layer in (*net.controlnet_down_blocks, net.controlnet_mid_block):
            layer.weight.normal_(0, 0.2)
    StableDiffusionControlNetInpaintPipeline(
        vae=build_vae(TINY), text_encoder=build_text_encoder(TINY), tokenizer=build_tokenizer(), unet=unet,
        controlnet=net, scheduler=DDIMScheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def save_tiny_controlnet_xl(folder):
    """SDXL with a ControlNet for inpainting, from the parts of the tiny SDXL checkpoint."""
    import torch
    from diffusers import (
        ControlNetModel,
        StableDiffusionXLControlNetInpaintPipeline,
        StableDiffusionXLInpaintPipeline,
        UNet2DConditionModel,
    )

    whole = StableDiffusionXLInpaintPipeline.from_pretrained(save_tiny_xl(folder.with_name("xl")))
    torch.manual_seed(0)
    unet = UNet2DConditionModel.from_config({**whole.unet.config, "in_channels": 4})
    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32, 32, 32))
    with torch.no_grad():
        for layer in (*net.controlnet_down_blocks, net.controlnet_mid_block):
            layer.weight.normal_(0, 0.2)
    StableDiffusionXLControlNetInpaintPipeline(
        vae=whole.vae, text_encoder=whole.text_encoder, text_encoder_2=whole.text_encoder_2, tokenizer=whole.tokenizer,
        tokenizer_2=whole.tokenizer_2, unet=unet, controlnet=net, scheduler=whole.scheduler, add_watermarker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder
