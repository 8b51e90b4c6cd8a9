"""Random checkpoints of families that edit by references, made on the spot: FLUX.2 klein, Qwen-Image-Edit, Z-Image."""

from contextlib import contextmanager

import pytest

from pipeline.core.still_processor import still_class
from pipeline.diffusion.painting.checkpoints import FACTS_FILE, CheckpointFacts
from tests.diffusion.tiny_checkpoints import NATIVE_PX
from tests.language.tiny_writers import tiny_tokenizer

WORDS = "{% for m in messages %}{{ m['content'] }}{% endfor %}"


def _words():
    """A tokenizer and a Qwen3 language model; FLUX.2 klein reads the model's layer 27."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = tiny_tokenizer([], "")
    tokenizer.chat_template = WORDS
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=28, head_dim=8,
            num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=1024, pad_token_id=0,
        )
    )  # fmt: skip
    return tokenizer, model


def _saved(pipe, folder, guidance):
    pipe.save_pretrained(folder)
    (folder / FACTS_FILE).write_text(CheckpointFacts(native_px=NATIVE_PX, guidance=guidance).model_dump_json())
    return folder


def save_tiny_klein(folder, kind="Flux2KleinPipeline"):
    import diffusers
    import torch

    torch.manual_seed(0)
    tokenizer, text_encoder = _words()
    vae = diffusers.AutoencoderKLFlux2(
        block_out_channels=(8,) * 4,
        layers_per_block=1,
        norm_num_groups=1,
        latent_channels=4,
        mid_block_add_attention=False,
    )
    transformer = diffusers.Flux2Transformer2DModel(
        in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=3 * 16, timestep_guidance_channels=16, axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    )  # fmt: skip
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    made = getattr(diffusers, kind)(
        scheduler=scheduler, vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, transformer=transformer
    )
    return _saved(made, folder, 2.0)


def save_tiny_z_image(folder, kind="ZImagePipeline"):
    import diffusers
    import torch

    torch.manual_seed(0)
    tokenizer, text_encoder = _words()
    vae = diffusers.AutoencoderKL(
        block_out_channels=(16,) * 4, layers_per_block=1, norm_num_groups=1, latent_channels=16,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        shift_factor=0.1, scaling_factor=0.4, use_quant_conv=False, use_post_quant_conv=False,
    )  # fmt: skip
    transformer = diffusers.ZImageTransformer2DModel(
        in_channels=16, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=16,
        axes_dims=[8, 4, 4], axes_lens=[1024, 32, 32],
    )  # fmt: skip
    with torch.no_grad():
        for name, weight in transformer.named_parameters():
            if "pad_token" in name:
                weight.normal_(0, 0.1)
    made = getattr(diffusers, kind)(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=text_encoder,
        tokenizer=tokenizer, transformer=transformer,
    )  # fmt: skip
    return _saved(made, folder, 2.0)


def save_tiny_qwen_edit(folder, kind="QwenImageEditPipeline"):
    import diffusers
    import torch
    import transformers as tf

    torch.manual_seed(0)
    special = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokenizer = tiny_tokenizer(special, "<|vision_start|><|image_pad|><|vision_end|>")
    start, end, image, video = map(tokenizer.convert_tokens_to_ids, special)
    text_encoder = tf.Qwen2_5_VLForConditionalGeneration(
        tf.Qwen2_5_VLConfig(
            vision_config={
                "depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
                "patch_size": 14, "fullatt_block_indexes": [0], "window_size": 56,
            },
            text_config={
                "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                "num_key_value_heads": 2, "vocab_size": len(tokenizer) + 5, "max_position_embeddings": 4096,
                "rope_parameters": {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0},
            },
            image_token_id=image, video_token_id=video, vision_start_token_id=start, vision_end_token_id=end,
        )
    )  # fmt: skip
    vae = diffusers.AutoencoderKLQwenImage(
        base_dim=8, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
    )  # fmt: skip
    transformer = diffusers.QwenImageTransformer2DModel(
        in_channels=16, out_channels=4, num_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip
    pictures = tf.Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=84 * 84)
    made = getattr(diffusers, kind)(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), vae=vae,
        text_encoder=text_encoder, tokenizer=tokenizer, transformer=transformer,
        processor=still_class(tf.Qwen2VLProcessor)(image_processor=pictures, tokenizer=tokenizer),
    )  # fmt: skip
    return _saved(made, folder, 2.0)


@contextmanager
def small_megapixel():
    """Let Qwen-Image's pipelines paint 64 x 64 px, where they insist on a megapixel: ten seconds a picture."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_inpaint, pipeline_qwenimage_edit_plus

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline_qwenimage_edit_inpaint, "calculate_dimensions", lambda area, ratio: (64, 64, None))
        patch.setattr(pipeline_qwenimage_edit_plus, "calculate_dimensions", lambda area, ratio: (64, 64))
        yield
