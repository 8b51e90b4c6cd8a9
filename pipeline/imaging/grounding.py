"""Finds in a picture what words name, by a zero-shot detection checkpoint.

The checkpoint is a folder of the OWL-ViT, OWLv2 or Grounding DINO class. It is used only if its digest is the one that
the settings pin.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from pipeline.core.arrays import Rgba
from pipeline.core.errors import MissingEngine
from pipeline.core.pinned import PinnedCheckpoint, checkpoint_folder, require_pinned
from pipeline.core.retouches import Box

DAMAGE = (OSError, ValueError, ImportError, KeyError, RuntimeError, TypeError, AttributeError)


class GroundingParams(PinnedCheckpoint):
    """Which checkpoint finds things by words."""

    checkpoint: str = Field(min_length=1, description="folder of an OWL-ViT, OWLv2 or Grounding DINO checkpoint")
    score_at_least: float = Field(default=0.3, ge=0, le=1, description="below it, nothing was found")


class Found(NamedTuple):
    """What was found: its box, and how sure the checkpoint is, 0 to 1."""

    box: Box
    score: float


def require_here(params: GroundingParams) -> str:
    """Return the checkpoint that would run here. Raises MissingEngine, with a remedy, if it cannot be used."""
    return require_pinned(params, checkpoint_folder(params.checkpoint, "grounding"), "grounding")


def find(picture: Rgba, words: str, params: GroundingParams) -> Found | None:
    """The thing that the words fit best in a straight-alpha picture [h, w, 4], seen on white; None if none fits.

    Raises MissingEngine as `require_here`, and when the checkpoint cannot be loaded or run.
    """
    import numpy as np
    import torch

    require_here(params)
    processor, model = _load(Path(params.checkpoint), params.checkpoint_sha256 or "", params.device)
    alpha = picture[..., 3:].astype(np.float32) / 255
    on_white = np.rint(picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    height, width = on_white.shape[:2]
    text: Any = f"{words.lower()}." if "grounding" in model.config.model_type else [[words.lower()]]
    try:
        given = processor(text=text, images=on_white, return_tensors="pt", input_data_format="channels_last")
        with torch.inference_mode():
            output = model(**{name: value.to(params.device) for name, value in given.items()})
        (found,) = processor.post_process_grounded_object_detection(
            output, threshold=params.score_at_least, target_sizes=[(height, width)]
        )
    except DAMAGE as error:
        why = " ".join(str(error).split())[:300]
        raise MissingEngine(
            f"grounding checkpoint {params.checkpoint} failed on {params.device}: {why}",
            remedy="Use a checkpoint of the class OWL-ViT, OWLv2 or Grounding DINO",
        ) from error
    if not len(found["scores"]):
        return None
    best = int(found["scores"].argmax())
    left, top, right, bottom = found["boxes"][best].tolist()
    box = tuple(min(1.0, max(0.0, side)) for side in (left / width, top / height, right / width, bottom / height))
    if not (box[0] < box[2] and box[1] < box[3]):
        return None
    return Found(box, round(float(found["scores"][best]), 4))


@lru_cache(maxsize=1)
def _load(folder: Path, digest: str, device: str) -> tuple[Any, Any]:
    """The processor and the model, once per process; `digest` is part of the cache's key."""
    import torch
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
        model = AutoModelForZeroShotObjectDetection.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        return processor, model.to(device).eval()
    except DAMAGE as error:
        why = " ".join(str(error).split())[:300]
        raise MissingEngine(
            f"grounding checkpoint {folder} (digest {digest[:12]}) cannot be loaded on {device}: {why}",
            remedy="Use a folder that AutoModelForZeroShotObjectDetection and AutoProcessor read",
        ) from error
