"""The three small networks of the project's own checkpoint, untrained, with its tokenizer and noise schedule."""

from dataclasses import dataclass
from typing import Any

from pipeline.diffusion.scenes.vocabulary import vocabulary

SIZE_PX = 256
LATENT_PX = 32
MAX_WORDS = 24


@dataclass(frozen=True)
class Widths:
    """How wide each network is; the defaults are the shipped checkpoint's, tests build smaller ones."""

    vae: tuple[int, ...] = (16, 32, 64, 64)
    latents: int = 4  # diffusers' inpainting pipeline takes no other
    unet: tuple[int, ...] = (32, 32, 96, 160)
    text: int = 96
    text_layers: int = 2


def build_vae(widths: Widths) -> Any:
    """A KL autoencoder, 8x down; one norm group, so that it can start out as a linear one (see `warmstart`)."""
    from diffusers import AutoencoderKL

    count = len(widths.vae)
    return AutoencoderKL(
        3, 3, ["DownEncoderBlock2D"] * count, ["UpDecoderBlock2D"] * count, widths.vae, 1,
        latent_channels=widths.latents, norm_num_groups=1, sample_size=SIZE_PX, mid_block_add_attention=False,
    )  # fmt: skip


def build_unet(widths: Widths) -> Any:
    """An inpainting UNet: noisy latents, the mask, latents of the kept picture.

    Light, horizon and colour are facts of the whole picture: the prompt is pooled and, with the time, scales and shifts
    what every block has found; cross-attention is left to the smallest level, 4 x 4, which knows by its borders where
    it is.
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

    Its word embeddings start far apart: 25 words must be told apart within minutes of training, not days.
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
    """One token a word of the vocabulary, lower-cased, in the plain tokenizer.json format."""
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

    Without the latter near-white and near-black backdrops come out grey (Lin et al., "Common Diffusion Noise Schedules
    and Sample Steps are Flawed", 2023). Backdrops are smooth, and a network of little training that names the clean
    picture errs on the smooth side; asked for velocity or noise, it leaves noise behind.
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
