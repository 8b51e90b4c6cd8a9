"""Write trained networks as a checkpoint folder that diffusers and our own painting read."""

import copy
from pathlib import Path
from typing import Any

from pipeline.diffusion.painting.checkpoints import FACTS_FILE, CheckpointFacts
from pipeline.diffusion.training.acuity import Acuity
from pipeline.diffusion.training.networks import build_scheduler, build_tokenizer


def save_pipeline(folder: Path, vae: Any, text_encoder: Any, unet: Any, acuity: Acuity | None = None) -> None:
    """Write a complete `StableDiffusionInpaintPipeline` folder: fp16 safetensors, readable by every user.

    `acuity`: the measured resolution of the autoencoder; None for untrained weights. diffusers writes weights with mode
    0600, which another user in a container could not read.
    """
    import torch
    from diffusers import StableDiffusionInpaintPipeline

    halves = [copy.deepcopy(net).to(torch.float16).eval() for net in (vae, text_encoder, unet)]
    pipe = StableDiffusionInpaintPipeline(
        vae=halves[0], text_encoder=halves[1], tokenizer=build_tokenizer(), unet=halves[2], scheduler=build_scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipe.save_pretrained(folder, safe_serialization=True)
    facts = CheckpointFacts(
        paints_behind_product=True, closed_vocabulary=True, strength=0.3, guidance=1.2,
        resolves_px=acuity.resolves_px if acuity else None, dim_rim_px=acuity.dim_rim_px if acuity else 0,
    )  # fmt: skip
    (folder / FACTS_FILE).write_text(facts.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
