"""Any photo, by an image segmentation checkpoint.

The checkpoint is a folder that `AutoModelForImageSegmentation` can read. Checkpoints of the BiRefNet class bring their
own code: it runs only if a setting allows it, and a folder is used only if its digest is the one that the settings pin.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field

from pipeline.core.arrays import F32, Alpha, Rgb
from pipeline.core.errors import MissingEngine
from pipeline.core.licences.settings import in_words, licence_of
from pipeline.core.pinned import PinnedCheckpoint, checkpoint_folder, require_pinned
from pipeline.core.weights import has_code

# ImageNet's mean and deviation, with which these models were trained
_MEAN, _STD = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)


class Params(PinnedCheckpoint):
    """Which checkpoint to use, and how to run it."""

    engine: Literal["checkpoint"] = "checkpoint"
    checkpoint: str = Field(min_length=1, description="folder of a segmentation checkpoint")
    allow_remote_code: bool = Field(default=False, description="let the checkpoint's own Python code run")
    checkpoint_side_px: int = Field(default=1024, ge=64, le=4096, description="side of the square that the model sees")


def require_here(params: Params) -> str:
    """Return the checkpoint that would run here. Raises MissingEngine, with a remedy, if it cannot be used."""
    folder = checkpoint_folder(params.checkpoint, "cutout")
    found = require_pinned(params, folder, "cutout")
    if has_code(folder) and not params.allow_remote_code:
        raise MissingEngine(
            f"cutout checkpoint {folder} brings its own Python code",
            remedy="Read that code, then set cutout's allow_remote_code: true",
        )
    return found


def licence(params: Params) -> str:
    """The licence of the checkpoint, what it allows, and who says so."""
    return in_words(licence_of(params))


def cut(rgb: Rgb, params: Params) -> Alpha:
    """Alpha [h, w] uint8 of a photo [h, w, 3] uint8, at the photo's size. Raises MissingEngine as `require_here`."""
    import torch

    require_here(params)
    model = _load(Path(params.checkpoint), params.checkpoint_sha256 or "", params.allow_remote_code, params.device)
    side = params.checkpoint_side_px
    square = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    pixels = torch.from_numpy(((square - _MEAN) / _STD).transpose(2, 0, 1))[None]
    with torch.inference_mode():
        output = model(pixels.to(params.device))
    small = product_probability(output)
    if not np.isfinite(small).all():
        raise MissingEngine(
            f"cutout checkpoint {params.checkpoint} returned values that are not numbers",
            remedy="Download the checkpoint again, because its weights are damaged, or use another",
        )
    height, width = rgb.shape[:2]
    alpha = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.round(np.clip(alpha, 0, 1) * 255), np.uint8)


def product_probability(output: Any) -> F32:
    """Probability of product [h, w], 0 to 1, from a model's output.

    Takes a list that ends in logits (BiRefNet, RMBG), logits, or DETR's masks. Of several classes, channel 0 is the
    backdrop. Raises MissingEngine for anything else.
    """
    import torch

    if hasattr(output, "pred_masks") and hasattr(output, "logits"):  # DETR: union of the queries that saw an object
        seen = 1 - output.logits[0].softmax(-1)[..., -1]
        union = (output.pred_masks[0].sigmoid() * seen[:, None, None]).amax(0)
        return np.asarray(union.float().cpu().numpy(), np.float32)
    while isinstance(output, list | tuple) and len(output):
        output = output[-1]
    logits = getattr(output, "logits", output)
    if not isinstance(logits, torch.Tensor) or logits.ndim not in {3, 4}:
        raise MissingEngine(
            f"the cutout checkpoint returned {type(output).__name__}, not logits of a mask",
            remedy="Use a checkpoint of the BiRefNet class, DETR, or one that returns logits [batch, classes, h, w]",
        )
    first = logits[0].float() if logits.ndim == 4 else logits.float()
    probability = first[0].sigmoid() if first.shape[0] == 1 else 1 - first.softmax(0)[0]
    return np.asarray(probability.cpu().numpy(), np.float32)


@lru_cache(maxsize=1)
def _load(folder: Path, digest: str, allow_remote_code: bool, device: str) -> Any:
    try:
        import torch
        from transformers import AutoModelForImageSegmentation
    except ImportError as error:
        raise MissingEngine(f"cutout engine checkpoint: {error}", remedy="Install torch and transformers") from error
    try:
        model = AutoModelForImageSegmentation.from_pretrained(
            folder, local_files_only=True, trust_remote_code=allow_remote_code, dtype=torch.float32
        )
        return model.to(device).eval()
    except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
        why = " ".join(str(error).split())[:300]
        raise MissingEngine(
            f"cutout checkpoint {folder} (digest {digest[:12]}) cannot be loaded on {device}: {why}",
            remedy="Use a folder that AutoModelForImageSegmentation reads, and a device that this machine has",
        ) from error
