"""Enlarges by a small network of the project, trained to be right on photographs, on one CPU core.

It predicts what resampling lacks, without inventing: its training punished every deviation from the photograph. Its
model card is in `weights/README.md`.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from pipeline.core.arrays import Mask, Rgb
from pipeline.core.errors import MissingEngine
from pipeline.core.licences.settings import Licensed, in_words, licence_of, with_licence
from pipeline.core.pinned import Sha256
from pipeline.core.weights import folder_digest

if TYPE_CHECKING:
    from pipeline.imaging.enlarging.network import Doubler

WEIGHTS = Path(__file__).with_name("weights")


class Params(Licensed):
    """Which version of the network is meant."""

    engine: Literal["embedded"] = "embedded"
    checkpoint_sha256: Sha256 = Field(
        default_factory=lambda: folder_digest(WEIGHTS), description="digest of the network; default: the one at hand"
    )

    @model_validator(mode="before")
    @classmethod
    def _with_licence(cls, values: Any) -> Any:
        return with_licence(values, lambda: WEIGHTS) if isinstance(values, dict) else values


def require_here(params: Params) -> str:
    """Return the network that would run. Raises MissingEngine when another version is pinned."""
    digest = folder_digest(WEIGHTS)
    if digest != params.checkpoint_sha256:
        raise MissingEngine(
            f"the embedded network has digest {digest}; the setting pins {params.checkpoint_sha256}",
            remedy="Remove checkpoint_sha256, or install the version of this project that has it",
        )
    return f"embedded network (sha256 {digest[:12]}), licence {in_words(licence_of(params))}"


def enlarges(_params: Params) -> bool:
    """Always true."""
    return True


def invents(_params: Params) -> bool:
    """Always false: the network was trained for fidelity alone."""
    return False


def once(picture: Rgb, where: Mask, params: Params) -> Rgb:
    """Double the picture [h, w, 3]. Raises MissingEngine as `require_here`."""
    from pipeline.imaging.enlarging.network import REACH_PX
    from pipeline.imaging.enlarging.tiles import in_tiles

    require_here(params)
    return in_tiles(picture, where, _load(params.checkpoint_sha256), 2, REACH_PX)


@lru_cache(maxsize=1)
def _load(_digest: str) -> "Doubler":
    return load_network(WEIGHTS)


def load_network(folder: Path) -> "Doubler":
    """Read a network from a folder of `config.json` and `model.safetensors`, as `save_network` writes it."""
    from safetensors.torch import load_file

    from pipeline.imaging.enlarging.network import Doubler

    net = Doubler(**json.loads((folder / "config.json").read_bytes()))
    net.load_state_dict({name: weight.float() for name, weight in load_file(folder / "model.safetensors").items()})
    return net.eval().requires_grad_(False)
