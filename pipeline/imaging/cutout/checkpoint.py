"""Cuts a product out with an image segmentation checkpoint: any folder that `AutoModelForImageSegmentation` can read.

The embedded engine needs none of this. Checkpoints of the BiRefNet class carry their own code: it runs only when a
setting allows it, and a folder is only used when its digest is the one that the settings pin.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.core.arrays import F32, Alpha, Rgb
from pipeline.core.domain import Frozen
from pipeline.core.errors import MissingEngine, readable
from pipeline.core.weights import folder_digest, has_code

_MEAN, _STD = np.array(
    [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32
)  # ImageNet's, which these models were trained with


class CheckpointParams(Frozen):
    """Which checkpoint, and how it is run. `sha256` pins every file of the folder but its card."""

    folder: str
    sha256: str
    allow_remote_code: bool = False
    side_px: int = 1024
    device: str = "cpu"


class CheckpointCutout:
    """The engine. Raises MissingEngine when the checkpoint cannot be used, with what to do about it."""

    def __init__(self, params: CheckpointParams) -> None:
        """Check the folder's digest and load it; one process loads a checkpoint once."""
        folder = checked_folder(params.folder)
        digest = folder_digest(folder)
        if digest != params.sha256:
            raise MissingEngine(
                f"cutout checkpoint {folder} has digest {digest}, the setting pins {params.sha256 or 'nothing'}",
                remedy=f"if this is the revision you want, set cutout's checkpoint_sha256: {digest}",
            )
        if has_code(folder) and not params.allow_remote_code:
            raise MissingEngine(
                f"cutout checkpoint {folder} brings its own Python code",
                remedy="read that code, then set cutout's allow_remote_code: true",
            )
        self.params = params
        self.model = _load(folder, params.sha256, params.allow_remote_code, params.device)

    def cut(self, rgb: Rgb) -> Alpha:
        """Alpha [h, w] uint8 of a photo [h, w, 3] uint8, at the photo's size."""
        import torch

        side = self.params.side_px
        square = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
        pixels = torch.from_numpy(((square - _MEAN) / _STD).transpose(2, 0, 1))[None]
        with torch.inference_mode():
            output = self.model(pixels.to(self.params.device))
        small = product_probability(output)
        if not np.isfinite(small).all():
            raise MissingEngine(
                f"cutout checkpoint {self.params.folder} answered with values that are no numbers",
                remedy="fetch the checkpoint again: its weights are damaged, or use another",
            )
        height, width = rgb.shape[:2]
        alpha = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(np.round(np.clip(alpha, 0, 1) * 255), np.uint8)


def product_probability(output: Any) -> F32:
    """[h, w] 0 to 1 from what the model returned: a list that ends in logits (BiRefNet, RMBG), logits, or DETR's masks.

    Of class logits, channel 0 is the backdrop. Raises MissingEngine for anything else.
    """
    import torch

    if hasattr(output, "pred_masks") and hasattr(output, "logits"):  # DETR: the union of the queries that saw a thing
        seen = 1 - output.logits[0].softmax(-1)[..., -1]
        union = (output.pred_masks[0].sigmoid() * seen[:, None, None]).amax(0)
        return np.asarray(union.float().cpu().numpy(), np.float32)
    while isinstance(output, list | tuple) and len(output):
        output = output[-1]
    logits = getattr(output, "logits", output)
    if not isinstance(logits, torch.Tensor) or logits.ndim not in {3, 4}:
        raise MissingEngine(
            f"the cutout checkpoint returned {type(output).__name__}, not logits of a mask",
            remedy="use a checkpoint of the BiRefNet class, DETR, or one that returns logits [batch, classes, h, w]",
        )
    first = logits[0].float() if logits.ndim == 4 else logits.float()
    chance = first[0].sigmoid() if first.shape[0] == 1 else 1 - first.softmax(0)[0]
    return np.asarray(chance.cpu().numpy(), np.float32)


@readable()
def checked_folder(name: str) -> Path:
    """The checkpoint's folder. Raises MissingEngine when there is none."""
    folder = Path(name)
    if not name or not (folder / "config.json").is_file():
        raise MissingEngine(
            f"cutout checkpoint {name!r}: {'no folder is named' if not name else 'there is no config.json in it'}",
            remedy="set cutout's checkpoint to a folder written by save_pretrained, or cutout's engine to backdrop",
        )
    return folder


@lru_cache(maxsize=1)
def _load(folder: Path, digest: str, allow_remote_code: bool, device: str) -> Any:
    try:
        import torch
        from transformers import AutoModelForImageSegmentation
    except ImportError as error:
        raise MissingEngine(f"cutout engine checkpoint: {error}", remedy="install torch and transformers") from error
    try:
        model = AutoModelForImageSegmentation.from_pretrained(
            folder, local_files_only=True, trust_remote_code=allow_remote_code, dtype=torch.float32
        )
        return model.to(device).eval()
    except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
        why = " ".join(str(error).split())[:300]
        raise MissingEngine(
            f"cutout checkpoint {folder} (digest {digest[:12]}) cannot be loaded on {device}: {why}",
            remedy="use a folder that AutoModelForImageSegmentation reads, and a device that this machine has",
        ) from error
