"""A checkpoint folder that is used only if its digest is the one that the settings pin."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from pipeline.core.device import require_device
from pipeline.core.errors import MissingEngine, readable
from pipeline.core.licences.settings import Licensed, in_words, licence_of, with_licence
from pipeline.core.weights import folder_digest

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PinnedCheckpoint(Licensed):
    """Settings of an engine that loads a checkpoint; each engine describes its kind of `checkpoint`."""

    checkpoint: str = Field(min_length=1, description="folder of a checkpoint")
    checkpoint_sha256: Sha256 | None = Field(
        default=None,
        description="digest of all files but the card; required, and the error gives the value",
    )
    device: str = Field(default="cpu", description="cpu or cuda")

    @model_validator(mode="before")
    @classmethod
    def _with_licence(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(name := values.get("checkpoint"), str):
            return values
        return with_licence(values, lambda: Path(name))


@readable()
def checkpoint_folder(name: str, engine: str, *files: str) -> Path:
    """The folder `name`. Raises MissingEngine unless it has config.json and, if given, one of `files`.

    `engine`: whose checkpoint it is, for the message.
    """
    folder = Path(name)
    for needed in (("config.json",), files):
        if needed and not any((folder / file).is_file() for file in needed):
            raise MissingEngine(
                f"{engine} checkpoint {name!r} has no {' or '.join(needed)}",
                remedy="Set the checkpoint to a folder written by save_pretrained, or use another engine",
            )
    return folder


def require_pinned(
    params: PinnedCheckpoint, folder: Path, engine: str, *, package: str = "transformers", extra: str | None = None
) -> str:
    """Return the checkpoint that would run here. Raises MissingEngine if its digest is another, or without its device.

    `engine`: whose checkpoint it is, for the message. `package`: what loads it, and the `extra` that brings that.
    """
    require_device(params.device)
    digest = folder_digest(folder)
    if digest != params.checkpoint_sha256:
        raise MissingEngine(
            f"{engine} checkpoint {folder} has digest {digest}; the setting pins {params.checkpoint_sha256 or 'none'}",
            remedy=f"If this is the revision to use, set {engine}'s checkpoint_sha256: {digest}",
        )
    if not find_spec(package):
        what = f"catalog-pipeline[{extra}]" if extra else f"torch and {package}"
        raise MissingEngine(f"the package {package} is not installed", remedy=f"Install {what}")
    licence = in_words(licence_of(params))
    return f"checkpoint {folder} (sha256 {digest[:12]}), licence {licence}, {package} {version(package)}"
