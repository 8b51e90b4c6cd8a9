"""Checkpoint folders in diffusers format: where they are, their facts file, their digest.

Nothing here loads torch or diffusers, because planning a shoot and parsing a DAG call it.
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
INDEX = "model_index.json"
_NOT_LOADED = frozenset({"safety_checker", "feature_extractor"})  # parts that may be missing
HUB = re.compile(r"hub:(?P<name>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)")


class CheckpointFacts(Frozen):
    """Facts about a checkpoint that diffusers' own files do not state (`backdrop.json`, optional).

    `paints_behind_product`: the picture is a clean backdrop also where the product stands; otherwise that place is
    filled smoothly, because a general inpainting model leaves the product there. `closed_vocabulary`: it cannot use
    words about the product. `resolves_px`: side of the picture that would hold as much detail (None: its own side).
    `dim_rim_px`: width of the rim that its decoder darkens. `strength` and `guidance`: the values that suit it best,
    used where a request gives none. `native_px`: side of the square that it paints best (None: from its configuration).
    """

    paints_behind_product: bool = False
    closed_vocabulary: bool = False
    resolves_px: int | None = Field(default=None, ge=8)
    dim_rim_px: int = Field(default=0, ge=0, le=32)
    strength: float = Field(default=1.0, ge=0.05, le=1)
    guidance: float = Field(default=7.5, ge=0, le=30)
    native_px: int | None = Field(default=None, ge=32, le=2048)


def folder_of(checkpoint: str) -> Path:
    """The folder of a checkpoint setting: `embedded`, a path, or `hub:owner/name@revision` in this machine's hub cache.

    Nothing is downloaded: a nightly run must not depend on someone else's server. Raises BadInput when a hub checkpoint
    is not in the cache, or its name lacks the revision.
    """
    if checkpoint == EMBEDDED:
        return EMBEDDED_FOLDER
    if not checkpoint.startswith("hub:"):
        return Path(checkpoint)
    match = HUB.fullmatch(checkpoint)
    if match is None:
        raise BadInput(
            f"checkpoint {checkpoint!r} is not of the form hub:owner/name@revision",
            remedy="Add the revision, so that the weights cannot change",
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    name, revision = match["name"], match["revision"]
    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        raise BadInput(
            f"checkpoint {checkpoint} is not in this machine's hub cache",
            remedy=f"Download it first: hf download {name} --revision {revision}",
        ) from None


@readable()
def pipeline_class(folder: Path) -> str:
    """The pipeline class of a checkpoint folder.

    Raises:
        BadInput: the folder is missing, is not a diffusers checkpoint, or its class cannot paint a backdrop.
    """
    index = folder / INDEX
    if not index.is_file():
        raise BadInput(
            f"{folder} is not a diffusers checkpoint: it has no {INDEX}",
            remedy="Name a folder that DiffusionPipeline.save_pretrained wrote, or leave the setting out",
        )
    try:
        name = json.loads(index.read_text(encoding="utf-8"))["_class_name"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{index} does not name a pipeline class: {error!r}",
            remedy="Save the checkpoint again with save_pretrained",
        ) from error
    if name not in FAMILIES:
        raise BadInput(
            f"{folder} contains a {name}, which cannot paint around a product",
            remedy=f"Use a checkpoint of one of: {', '.join(FAMILIES)}",
        )
    return str(name)


def editing_class(folder: Path) -> str:
    """The pipeline class of a checkpoint that paints a picture from several others.

    Raises BadInput as `pipeline_class`, and when its family cannot do that.
    """
    name = pipeline_class(folder)
    if FAMILIES[name].edits_with is None:
        able = ", ".join(known for known, family in FAMILIES.items() if family.edits_with)
        raise BadInput(
            f"{folder} contains a {name}, which cannot put one picture's garment on another's person",
            remedy=f"Use a checkpoint of one of: {able}",
        )
    return name


@readable()
def facts_of(folder: Path) -> CheckpointFacts:
    """Read `backdrop.json`, or return the defaults where a folder has none. Raises BadInput when it is not valid."""
    path = folder / FACTS_FILE
    if not path.is_file():
        return CheckpointFacts()
    try:
        return CheckpointFacts.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{path} is not valid: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise BadInput(what, remedy="Restore the file or remove it") from error


def checkpoint_digest(checkpoint: str) -> str:
    """Digest of a checkpoint setting's folder.

    Raises BadInput as `folder_of`, `pipeline_class`, `folder_digest`, and when weights of one of its parts are missing.
    """
    folder = folder_of(checkpoint)
    pipeline_class(folder)
    if missing := _missing(folder):
        what = f"checkpoint {folder} is not whole: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        raise BadInput(what, remedy="Download or save the checkpoint again; if it is the embedded one, install again")
    return folder_digest(folder)


@readable()
def _missing(folder: Path) -> list[str]:
    """What the index of a checkpoint and the indexes of its sharded weights name, and the folder lacks."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    parts = [name for name, value in index.items() if isinstance(value, list) and value[0] and name not in _NOT_LOADED]
    missing = [f"{part}/" for part in parts if not (folder / part).is_dir()]
    for part in parts:
        weights = {path.name for path in (folder / part).glob("*") if path.suffix in {".safetensors", ".bin"}}
        shards = {name for path in (folder / part).glob("*.safetensors.index.json") for name in _shards(path)}
        missing += [f"{part}/{name}" for name in sorted(shards - weights)]
        if (folder / part / "config.json").is_file() and not weights | shards:  # what has no weights has no such file
            missing.append(f"{part}/*.safetensors")
    return missing


def _shards(index: Path) -> set[str]:
    """The files over which a part's weights are divided. Raises BadInput when their index is damaged."""
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{index} is damaged: {error!r}", remedy="Download or save the checkpoint again") from error
