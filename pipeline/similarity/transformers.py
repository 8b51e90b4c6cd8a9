"""What pictures show, by a CLIP, SigLIP or DINOv2 checkpoint.

The checkpoint is a folder that `AutoModel` and `AutoImageProcessor` can read, and it is used only if its digest is the
one that the settings pin. Code that it brings does not run. A picture of the product alone is shown to it on white,
cropped to the product, in the middle of a square; any other picture is shown whole.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from pipeline.core.arrays import F32, Rgb, Rgba
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.pinned import PinnedCheckpoint, checkpoint_folder, require_pinned

SEES: Literal["product", "picture"] = "picture"
ALIKE = 0.95  # a guess, not measured: it depends on the checkpoint
BATCH = 16  # pictures at once; does not change the result
MARGIN = 0.05  # of white around a product, as a share of its box's longer side
DAMAGE = (OSError, ValueError, ImportError, KeyError, RuntimeError, TypeError, AttributeError)


class Params(PinnedCheckpoint):
    """Which checkpoint to use, and where to run it."""

    engine: Literal["transformers"] = "transformers"
    checkpoint: str = Field(min_length=1, description="folder of a CLIP, SigLIP or DINOv2 checkpoint")
    device: str = Field(default="cpu", description="cpu, or cuda on one machine; a pod of this step has no GPU")


class Loaded(NamedTuple):
    """A checkpoint in memory. `tokenizer`: None for a model without words, such as DINOv2."""

    model: Any
    processor: Any
    tokenizer: Any


def require_here(params: Params) -> str:
    """Return the checkpoint that would run here. Raises MissingEngine, with a remedy, if it cannot be used."""
    folder = checkpoint_folder(params.checkpoint, "embed", "preprocessor_config.json", "processor_config.json")
    return require_pinned(params, folder, "embed")


def revision(params: Params) -> str:
    """The digest of the checkpoint; vectors of different checkpoints cannot be compared."""
    return params.checkpoint_sha256 or ""


def vectors(pictures: Sequence[Rgba], params: Params) -> F32:
    """One vector per picture, [n, d] float32 of unit length. Raises MissingEngine as `require_here`."""
    loaded = _loaded(params)
    parts = [
        _features(loaded, [shown(picture) for picture in pictures[start : start + BATCH]], params)
        for start in range(0, len(pictures), BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def text_vector(text: str, params: Params) -> F32:
    """The vector [d] of words, unit length, comparable with those of pictures; words beyond the model's limit are cut.

    Raises BadInput for a checkpoint that knows no words or an empty text, MissingEngine as `require_here`.
    """
    import torch

    if not text.strip():
        raise BadInput("there are no words to compare with pictures", remedy="Give a text")
    loaded = _loaded(params)
    if loaded.tokenizer is None:
        raise BadInput(
            f"embed checkpoint {params.checkpoint} compares pictures only: it has no text model",
            remedy="Use a CLIP or SigLIP checkpoint",
        )
    limit = int(loaded.model.config.text_config.max_position_embeddings)
    tokens = loaded.tokenizer(text, padding="max_length", truncation=True, max_length=limit, return_tensors="pt")
    if "siglip" in loaded.model.config.model_type:  # trained on padded texts without a mask
        tokens = {"input_ids": tokens["input_ids"]}
    with torch.inference_mode(), _reporting(params):
        output = loaded.model.get_text_features(**{name: value.to(params.device) for name, value in tokens.items()})
        vector: F32 = _unit(output, params)[0]
    return vector


def shown(picture: Rgba) -> Rgb:
    """A picture as the model sees it, [h, w, 3] uint8: a product alone is put on a white square that it fills."""
    opaque = picture[..., 3] >= 128
    if opaque.all():
        return picture[..., :3]
    rows, columns = (np.flatnonzero(opaque.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise BadInput("a picture shows no product: no pixel is opaque", remedy="Check the cut-out of this picture")
    box = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    alpha = box[..., 3:].astype(np.float32) / 255
    on_white = np.rint(box[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    height, width = on_white.shape[:2]
    side = max(height, width) + 2 * round(MARGIN * max(height, width))
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = on_white
    return square


def _features(loaded: Loaded, pictures: list[Rgb], params: Params) -> F32:
    import torch

    with torch.inference_mode(), _reporting(params):
        pixels = loaded.processor(images=pictures, return_tensors="pt", input_data_format="channels_last")
        inputs = {name: value.to(params.device) for name, value in pixels.items()}
        if hasattr(loaded.model, "get_image_features"):
            return _unit(loaded.model.get_image_features(**inputs), params)
        return _unit(loaded.model(**inputs), params)


def _unit(output: Any, params: Params) -> F32:
    """The features [n, d] of an output, each of unit length. Raises MissingEngine when they are not numbers."""
    pooled = getattr(output, "pooler_output", output)
    values = np.asarray(pooled.float().cpu().numpy(), np.float32)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    if values.ndim != 2 or not np.isfinite(values).all() or not lengths.all():
        raise MissingEngine(
            f"embed checkpoint {params.checkpoint} returned values that are not vectors",
            remedy="Download the checkpoint again, because its weights are damaged, or use another",
        )
    return np.asarray(values / lengths, np.float32)


def _loaded(params: Params) -> Loaded:
    require_here(params)
    return _load(Path(params.checkpoint), params.checkpoint_sha256 or "", params.device)


@lru_cache(maxsize=1)
def _load(folder: Path, digest: str, device: str) -> Loaded:
    """Load a checkpoint, once per process; `digest` is part of the cache's key."""
    try:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoImageProcessor, AutoModel, AutoTokenizer
    except ImportError as error:
        raise MissingEngine(f"embed engine transformers: {error}", remedy="Install torch and transformers") from error
    try:
        with _without_progress_bars():
            processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
            model = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32).to(device).eval()
            words = hasattr(model, "get_text_features")
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True) if words else None
    except (*DAMAGE, SafetensorError) as error:
        why = " ".join(str(error).split())[:300]
        raise MissingEngine(
            f"embed checkpoint {folder} (digest {digest[:12]}) cannot be loaded on {device}: {why}",
            remedy="Use a folder that AutoModel, AutoImageProcessor and, for words, AutoTokenizer read",
        ) from error
    return Loaded(model, processor, tokenizer)


@contextmanager
def _reporting(params: Params) -> Iterator[None]:
    """Turn an error of the model, such as of a class that needs other inputs, into MissingEngine."""
    try:
        yield
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        why = " ".join(str(error).split())[:300]
        raise MissingEngine(
            f"embed checkpoint {params.checkpoint} failed on {params.device}: {why}",
            remedy="Use a checkpoint of the classes CLIP, SigLIP or DINOv2",
        ) from error


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    from transformers.utils import logging

    shown_before = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown_before:
            logging.enable_progress_bar()
