"""Checkpoint folders in diffusers format: where the embedded one lies, what a folder says of itself, its digest.

Nothing here loads torch or diffusers, so that planning a shoot and parsing a DAG can name a checkpoint.
"""

import json
import re
from pathlib import Path

from pydantic import Field, ValidationError

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, readable
from pipeline.core.weights import folder_digest
from pipeline.diffusion.painting.families import FAMILIES

EMBEDDED = "embedded"
EMBEDDED_FOLDER = Path(__file__).parents[1] / "checkpoint"
FACTS_FILE = "backdrop.json"
HUB = re.compile(r"hub:(?P<name>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)")


class CheckpointFacts(Frozen):
    """What a checkpoint folder tells the engine beyond diffusers' own files (`backdrop.json`, optional).

    `paints_behind_product`: the picture is a clean backdrop in the product's place too; else that place is filled
    smoothly, because a general inpainting model leaves the product there. `closed_vocabulary`: words of the product
    are no use to it. `resolves_px`: its pictures hold no more than ones of so many pixels would (None: than their own).
    `dim_rim_px`: so far from the edge the decoder darkens, as one does that has seen too few edges. `strength` and
    `guidance`: what it looks best with, taken where a request says neither. `native_px`: the side of the square that it
    paints best (None: what its configuration says).
    """

    paints_behind_product: bool = False
    closed_vocabulary: bool = False
    resolves_px: int | None = Field(default=None, ge=8)
    dim_rim_px: int = Field(default=0, ge=0, le=32)
    strength: float = Field(default=1.0, ge=0.05, le=1)
    guidance: float = Field(default=7.5, ge=0, le=30)
    native_px: int | None = Field(default=None, ge=32, le=2048)


def folder_of(checkpoint: str) -> Path:
    """The folder that a setting names: `embedded`, a path, or `hub:owner/name@revision` in this machine's hub cache.

    Nothing is downloaded here: a night must not hang on somebody else's server. Raises BadInput when a hub checkpoint
    is not in the cache, or its name lacks the revision.
    """
    if checkpoint == EMBEDDED:
        return EMBEDDED_FOLDER
    if not checkpoint.startswith("hub:"):
        return Path(checkpoint)
    named = HUB.fullmatch(checkpoint)
    if named is None:
        raise BadInput(
            f"checkpoint {checkpoint!r} is not of the form hub:owner/name@revision",
            remedy="add the revision, so that the weights cannot change under you",
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    name, revision = named["name"], named["revision"]
    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        raise BadInput(
            f"checkpoint {checkpoint} is not in this machine's hub cache",
            remedy=f"fetch it first: hf download {name} --revision {revision}",
        ) from None


@readable()
def pipeline_class(folder: Path) -> str:
    """The pipeline class of a checkpoint folder.

    Raises:
        BadInput: the folder is missing, is no diffusers checkpoint, or holds a class that cannot paint a backdrop.
    """
    index = folder / "model_index.json"
    if not index.is_file():
        raise BadInput(
            f"{folder} is no diffusers checkpoint: it has no model_index.json",
            remedy="name the folder that DiffusionPipeline.save_pretrained wrote, or leave the setting out",
        )
    try:
        name = json.loads(index.read_text(encoding="utf-8"))["_class_name"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{index} names no pipeline class: {error!r}", remedy="save the checkpoint again with save_pretrained"
        ) from error
    if name not in FAMILIES:
        raise BadInput(
            f"{folder} holds a {name}, which cannot paint around a product",
            remedy=f"use a checkpoint of one of: {', '.join(FAMILIES)}",
        )
    return str(name)


@readable()
def facts_of(folder: Path) -> CheckpointFacts:
    """The folder's `backdrop.json`; a general inpainting model has none. Raises BadInput when it is not valid."""
    path = folder / FACTS_FILE
    if not path.is_file():
        return CheckpointFacts()
    try:
        return CheckpointFacts.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{path} is not valid: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise BadInput(what, remedy="restore the file or remove it") from error


def checkpoint_digest(checkpoint: str) -> str:
    """Digest of the folder that a setting names. Raises BadInput as `folder_of`, `pipeline_class`, `folder_digest`."""
    folder = folder_of(checkpoint)
    pipeline_class(folder)
    return folder_digest(folder)
