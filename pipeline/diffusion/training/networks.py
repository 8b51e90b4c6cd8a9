"""Builds the embedded checkpoint's three small networks (untrained), its tokenizer and its noise schedule."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pipeline.diffusion.scenes.vocabulary import vocabulary

SIZE_PX = 256
LATENT_PX = 32
MAX_WORDS = 24


@dataclass(frozen=True)
class Widths:
    """The channels of each network. The defaults are the shipped checkpoint's; tests build smaller ones."""

    vae: tuple[int, ...] = (16, 32, 64, 64)
    latents: int = 4  # diffusers' inpainting pipeline accepts no other number
    unet: tuple[int, ...] = (32, 32, 96, 160)
    text: int = 96
    text_layers: int = 2


def fastest_precision() -> AbstractContextManager[Any]:
    """Compute in bfloat16 on a CPU that has instructions for it; one without emulates them, ten times slower."""
    import torch

    able = torch.cpu.get_capabilities()
    fast = bool(able["avx512_bf16"] or able["amx_bf16"])
    return torch.autocast("cpu", torch.bfloat16, enabled=fast)


def build_vae(widths: Widths) -> Any:
    """A KL autoencoder, 8x down; one norm group, so that it can be initialised from a linear one (see `warmstart`)."""
    from diffusers import AutoencoderKL

    count = len(widths.vae)
    return AutoencoderKL(
        3, 3, ["DownEncoderBlock2D"] * count, ["UpDecoderBlock2D"] * count, widths.vae, 1,
        latent_channels=widths.latents, norm_num_groups=1, sample_size=SIZE_PX, mid_block_add_attention=False,
    )  # fmt: skip


def build_unet(widths: Widths) -> Any:
    """An inpainting UNet over noisy latents, the mask and the latents of the kept picture.

    Light, horizon and colour are global: the prompt is pooled and, with the time step, scales and shifts the features
    of every block. Only the smallest level, 4 x 4, has cross-attention; its zero padding tells positions apart.
    """
    from diffusers import UNet2DConditionModel

    plain = len(widths.unet) - 1
    return UNet2DConditionModel(
        sample_size=LATENT_PX,
        in_channels=2 * widths.latents + 1,
        out_channels=widths.latents,
        cross_attention_dim=widths.text,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
        attention_head_dim=4,
        norm_num_groups=8,
        layers_per_block=1,
        block_out_channels=widths.unet,
        down_block_types=(*["DownBlock2D"] * plain, "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", *["UpBlock2D"] * plain),
    )


def build_text_encoder(widths: Widths) -> Any:
    """A tiny CLIP text model over the closed vocabulary.

    The word embeddings have a large initial spread, so that minutes of training suffice to distinguish the words.
    """
    from transformers import CLIPTextConfig, CLIPTextModel

    tokenizer = build_tokenizer()
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=widths.text,
            projection_dim=widths.text,
            intermediate_size=2 * widths.text,
            num_hidden_layers=widths.text_layers,
            num_attention_heads=4,
            max_position_embeddings=MAX_WORDS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.get_input_embeddings().weight.data.normal_(0, 0.5)
    return model


def build_tokenizer() -> Any:
    """A tokenizer with one token per word of the vocabulary, lower-cased, in the tokenizer.json format."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<start>", "<end>", "<unknown>", *vocabulary()]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unknown>"))  # noqa: S106
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=MAX_WORDS,
        pad_token="<pad>",  # noqa: S106
        bos_token="<start>",  # noqa: S106
        eos_token="<end>",  # noqa: S106
        unk_token="<unknown>",  # noqa: S106
    )


def build_scheduler() -> Any:
    """DDIM on predicted clean latents with zero terminal SNR.

    Without zero terminal SNR near-white and near-black backdrops turn grey (Lin et al., "Common Diffusion Noise
    Schedules and Sample Steps are Flawed", 2023). Backdrops are smooth: after little training, predicting the clean
    picture errs towards smoothness, while predicting velocity or noise leaves residual noise.
    """
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="sample",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
