"""Enlarges by small networks of the project, twofold and fourfold, trained to be right on photographs, on one CPU core.

They predict what resampling lacks, without inventing: their training punished every deviation from the photograph.
Their model card is in `weights/README.md`.
"""

import math
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
    from pipeline.imaging.enlarging.network import Enlarger

WEIGHTS = Path(__file__).with_name("weights")
FILES = {2: "x2.safetensors", 4: "x4.safetensors"}  # by factor
TILE_PX = 256  # of the small picture; larger ones see fewer pixels twice, but need more memory


class Params(Licensed):
    """Which version of the networks is meant."""

    engine: Literal["embedded"] = "embedded"
    checkpoint_sha256: Sha256 = Field(
        default_factory=lambda: folder_digest(WEIGHTS), description="digest of the networks; default: those at hand"
    )

    @model_validator(mode="before")
    @classmethod
    def _with_licence(cls, values: Any) -> Any:
        return with_licence(values, lambda: WEIGHTS) if isinstance(values, dict) else values


def require_here(params: Params) -> str:
    """Return the networks that would run. Raises MissingEngine when one is not there or another version is pinned."""
    if missing := [name for name in FILES.values() if not (WEIGHTS / name).exists()]:
        raise MissingEngine(f"{WEIGHTS} has no {' and no '.join(missing)}", remedy="Install this project again")
    digest = folder_digest(WEIGHTS)
    if digest != params.checkpoint_sha256:
        raise MissingEngine(
            f"the embedded networks have digest {digest}; the setting pins {params.checkpoint_sha256}",
            remedy="Remove checkpoint_sha256, or install the version of this project that has it",
        )
    return f"embedded networks (sha256 {digest[:12]}), licence {in_words(licence_of(params))}"


def enlarges(_params: Params) -> bool:
    """Always true."""
    return True


def invents(_params: Params) -> bool:
    """Always false: the networks were trained for fidelity alone."""
    return False


def once(picture: Rgb, factor: int, where: Mask, params: Params) -> Rgb:
    """Enlarge the picture [h, w, 3] twofold, or fourfold if `factor` is more than 2.

    Raises MissingEngine as `require_here`.
    """
    from pipeline.imaging.enlarging.tiles import in_tiles

    require_here(params)
    net = _load(params.checkpoint_sha256, 2 if factor <= 2 else 4)
    return in_tiles(picture, where, net, net.factor, net.reach_px, tile_px=TILE_PX)


@lru_cache(maxsize=2)
def _load(_digest: str, factor: int) -> "Enlarger":
    return load_network(WEIGHTS / FILES[factor])


def load_network(path: Path) -> "Enlarger":
    """Read a network from its file, as `save_network` writes it."""
    from safetensors.torch import load_file

    from pipeline.imaging.enlarging.network import Enlarger

    weights = {name: weight.float() for name, weight in load_file(path).items()}
    blocks = sum(name.endswith("first.weight") for name in weights)
    net = Enlarger(math.isqrt(len(weights["tail.bias"]) // 3), len(weights["head.weight"]), blocks)
    net.load_state_dict(weights)
    return net.eval().requires_grad_(False)
