"""Enlarges by a checkpoint of any architecture that spandrel knows, such as SPAN, Compact, ESRGAN, DAT or HAT.

A checkpoint that was trained against a discriminator invents detail. It must not touch a product unless the preset
says `alter_product: true`, and whatever it makes of one then goes to review.
"""

from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pipeline.core.arrays import Mask, Rgb
from pipeline.core.errors import MissingEngine, readable
from pipeline.core.pinned import PinnedCheckpoint, require_pinned

ENDINGS = (".safetensors", ".pth")
REACH_PX = 24  # around a tile; few architectures see farther with any weight
DAMAGE = (OSError, ValueError, ImportError, KeyError, RuntimeError, TypeError, AttributeError)


class Params(PinnedCheckpoint):
    """Which checkpoint enlarges, and whether it may alter a product."""

    engine: Literal["checkpoint"] = "checkpoint"
    checkpoint: str = Field(
        min_length=1, description="folder with one .safetensors or .pth file of an architecture that spandrel knows"
    )
    trained_for: Literal["fidelity", "gan"] | None = Field(
        default=None,
        description="`gan`: against a discriminator, to look sharp; default: `gan` if it is farther from the product's "
        "own pixels than Lanczos resampling",
    )
    alter_product: bool = Field(
        default=False, description="let it enlarge products though it may alter them; the assets then go to review"
    )


@readable()
def weights_file(folder: Path) -> Path:
    """The checkpoint's only file of weights. Raises MissingEngine when there is none, or more than one."""
    files = sorted(path for path in folder.glob("*") if path.suffix in ENDINGS)
    if len(files) != 1:
        raise MissingEngine(
            f"upscale checkpoint {str(folder)!r} has {len(files)} files that end in {' or '.join(ENDINGS)}, not one",
            remedy="Put one file of weights, and its model card, into a folder of its own",
        )
    return files[0]


def require_here(params: Params) -> str:
    """Return the checkpoint that would run here. Raises MissingEngine, with a remedy, if it cannot be used."""
    weights_file(Path(params.checkpoint))
    return require_pinned(params, Path(params.checkpoint), "upscale", package="spandrel", extra="upscale")


def enlarges(_params: Params) -> bool:
    """Always true: a checkpoint is set in order to enlarge."""
    return True


def invents(params: Params) -> bool | None:
    """As the preset declares it; None: to be measured."""
    return None if params.trained_for is None else params.trained_for == "gan"


def once(picture: Rgb, _factor: int, where: Mask, params: Params) -> Rgb:
    """Enlarge the picture [h, w, 3] by the checkpoint's own scale.

    Raises MissingEngine as `require_here`, and when the checkpoint cannot be loaded or run.
    """
    from pipeline.imaging.enlarging.tiles import in_tiles

    require_here(params)
    net, scale = _load(weights_file(Path(params.checkpoint)), params.checkpoint_sha256 or "", params.device)
    try:
        return in_tiles(picture, where, net, scale, REACH_PX, device=params.device)
    except DAMAGE as error:
        raise _broken(params.checkpoint, error) from error


@lru_cache(maxsize=1)
def _load(file: Path, _digest: str, device: str) -> tuple[Any, int]:
    """The network and its scale, once per process; the digest is part of the cache's key."""
    import torch
    from safetensors.torch import load_file

    try:
        from spandrel import ImageModelDescriptor, ModelLoader, canonicalize_state_dict

        weights = load_file(file) if file.suffix == ".safetensors" else torch.load(file, weights_only=True)
        model = ModelLoader(device).load_from_state_dict(canonicalize_state_dict(weights))
    except Exception as error:  # spandrel's own errors derive from Exception alone
        raise _broken(str(file), error) from error
    if not isinstance(model, ImageModelDescriptor) or model.scale < 2 or model.input_channels != 3:
        raise MissingEngine(
            f"upscale checkpoint {file}, a {model.architecture.name}, does not enlarge colour pictures",
            remedy="Use a checkpoint for super-resolution of RGB pictures",
        )
    return model.eval(), int(model.scale)


def _broken(checkpoint: str, error: Exception) -> MissingEngine:
    why = " ".join(str(error).split())[:300]
    return MissingEngine(
        f"upscale checkpoint {checkpoint} cannot be used: {why}",
        remedy=f"Use a checkpoint that spandrel {version('spandrel')} can load and run",
    )
