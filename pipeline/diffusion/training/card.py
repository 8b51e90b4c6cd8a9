"""The model card that travels with a trained checkpoint: what it learned from, how, when, and what it cannot do."""

from datetime import UTC, datetime
from pathlib import Path

from pipeline.core.domain import Frozen
from pipeline.diffusion.scenes.vocabulary import COLOURS, MATERIALS


class TrainingFigures(Frozen):
    """What a training run did.

    `vae_error`: mean absolute pixel error (0-255) on unseen scenes; `resolves_px`, `dim_rim_px`: see `acuity`.
    `latent_error`: mean squared error of the predicted clean latents over the last 100 steps, in units of their
    variance: 1 for a model that has learned nothing.
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


def write_card(folder: Path, figures: TrainingFigures, *, today: datetime | None = None) -> None:
    """Write `folder`/README.md in the layout that model hubs read."""
    day = (today or datetime.now(UTC)).date().isoformat()
    text = f"""---
license: apache-2.0
library_name: diffusers
pipeline_tag: image-to-image
---
# Product backdrops, small

A `StableDiffusionInpaintPipeline` that paints product backdrops of 256 px without product and without shadow: a KL
autoencoder ({figures.vae_parameters / 1e6:.1f} M parameters, 8x down), a CLIP text model over a closed vocabulary
({figures.text_parameters / 1e6:.1f} M) and an inpainting UNet ({figures.unet_parameters / 1e6:.1f} M, predicts clean
latents, zero terminal SNR), fp16 safetensors. White in the mask is the backdrop to paint, black
the product to leave out.

- **Data**: {figures.scenes} scenes of the project's own generator (`pipeline/diffusion/scenes/scene.py`) and their
  mirror images, random product-shaped masks (`products.py`). No photograph, no third party's picture.
- **Command**: `python -m pipeline.diffusion.training.train --out DIR --minutes {figures.minutes:g}
  --scenes {figures.scenes} --seed {figures.seed}`
- **Date**: {day}, {figures.minutes:g} CPU minutes on one core, making the data not counted; no GPU
- **Training figures**: {figures.steps} UNet steps of batch {figures.batch} ({figures.steps * figures.batch} samples);
  error of the predicted latents at the end {figures.latent_error} (1 = nothing learned); autoencoder's mean absolute
  error on unseen scenes {figures.vae_error} of 255. How well material, light and horizon are recognised:
  `benchmarks/DIFFUSION.md`.
- **Vocabulary**: {", ".join(MATERIALS)}; {", ".join(COLOURS)}; soft or hard light from left, right or front;
  seamless, or a low, middle or high horizon. For example `tan wood, low horizon backdrop, soft light from left`.
  Other words are unknown to it.
- **Limits**: 256 px, and no sharper than a picture of {figures.resolves_px} px. A material's structure asks for a GPU's
  training. The engine therefore starts it from a generated scene (`strength` in `backdrop.json`) and adds the scene's
  fine structure when it enlarges. {_rim(figures.dim_rim_px)}It ignores what the product looks like.
  Not for people, places or things.
"""
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "README.md").chmod(0o644)


def _rim(dim_rim_px: int) -> str:
    if not dim_rim_px:
        return ""
    return f"Its decoder darkens the outermost {dim_rim_px} px, which the engine evens out. "
