"""Writes the model card of a trained checkpoint: data, training, date, limits."""

from datetime import UTC, datetime
from pathlib import Path

from pipeline.core.domain import Frozen
from pipeline.diffusion.scenes.vocabulary import COLOURS, MATERIALS


class TrainingFigures(Frozen):
    """The figures of a training run.

    `vae_error`: mean absolute pixel error (0 to 255) on unseen scenes; `resolves_px`, `dim_rim_px`: see `acuity`.
    `start_digest`: digest of the checkpoint folder that it started from, None from scratch. `learning_rate`: its peak,
    None for the recipe's own.
    `latent_error`: mean squared error of the predicted clean latents over the last 100 steps, in units of their
    variance: 1 for an untrained model.
    """

    minutes: float
    scenes: int
    batch: int
    seed: int
    steps: int
    vae_parameters: int
    text_parameters: int
    unet_parameters: int
    vae_error: float
    resolves_px: int
    dim_rim_px: int
    latent_error: float
    start_digest: str | None = None
    learning_rate: float | None = None


def write_card(folder: Path, figures: TrainingFigures, *, today: datetime | None = None) -> None:
    """Write `folder`/README.md in the format of model hubs."""
    day = (today or datetime.now(UTC)).date().isoformat()
    text = f"""---
license: apache-2.0
library_name: diffusers
pipeline_tag: image-to-image
---
# Product backdrops, small

A `StableDiffusionInpaintPipeline` that paints product backdrops of 256 px, without product and shadow: a KL autoencoder
({figures.vae_parameters / 1e6:.1f} M parameters, 8x down), a CLIP text model over a closed vocabulary
({figures.text_parameters / 1e6:.1f} M) and an inpainting UNet ({figures.unet_parameters / 1e6:.1f} M, predicts clean
latents, zero terminal SNR), fp16 safetensors. In the mask, white is the backdrop to paint and black is the product.

- **Data**: {figures.scenes} scenes of the project's generator (`pipeline/diffusion/scenes/scene.py`) and their mirror
  images, with random product-shaped masks (`products.py`). No photographs, no third-party pictures.
- **Command**: `python -m pipeline.diffusion.training.train --out DIR --minutes {figures.minutes:g}
  --scenes {figures.scenes} --seed {figures.seed}{_more(figures)}`
- **Start**: {_start(figures.start_digest)}
- **Date**: {day}, {figures.minutes:g} CPU minutes on one core, excluding data generation; no GPU
- **Training figures**: {figures.steps} UNet steps of batch {figures.batch} ({figures.steps * figures.batch} samples);
  final error of the predicted latents {figures.latent_error} (1 = untrained); mean absolute error of the autoencoder on
  unseen scenes {figures.vae_error} of 255. Accuracy of material, light and horizon: `benchmarks/DIFFUSION.md`.
- **Vocabulary**: {", ".join(MATERIALS)}; {", ".join(COLOURS)}; soft, hard or window light from left, right
  or front; seamless, a low, middle or high horizon, or flat lay. Example:
  `tan wood, low horizon backdrop, soft light from left`. Other
  words are unknown tokens.
- **Limits**: 256 px, with the resolution of a picture of {figures.resolves_px} px. Learning the structure of materials
  would require training on a GPU; the engine therefore starts from a generated scene (`strength` in `backdrop.json`)
  and adds the scene's fine structure when it enlarges. {_rim(figures.dim_rim_px)}The model ignores what the product
  looks like. Not intended for people, places or objects.
"""
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "README.md").chmod(0o644)


def _more(figures: TrainingFigures) -> str:
    rate = "" if figures.learning_rate is None else f" --learning-rate {figures.learning_rate:g}"
    return (" --start CHECKPOINT" if figures.start_digest else "") + rate


def _start(digest: str | None) -> str:
    if digest is None:
        return "random weights; the autoencoder a linear one"
    start = f"the checkpoint with sha256 {digest[:12]}, trained on earlier scenes of the generator"
    return f"{start}; its\n  autoencoder is unchanged"


def _rim(dim_rim_px: int) -> str:
    if not dim_rim_px:
        return ""
    return f"The decoder darkens the outermost {dim_rim_px} px, which the engine corrects. "
