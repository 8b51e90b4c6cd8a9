"""The Protocol of splat engines; imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pipeline.core.engines import Engine

if TYPE_CHECKING:
    from pipeline.core.colmap.model import Points
    from pipeline.splatting.fit.report import Hooks
    from pipeline.splatting.fit.result import Fit
    from pipeline.splatting.photos import PosedPhoto


class SplatEngine(Engine, Protocol):
    """A module that fits Gaussians to posed photos; its `Params` extends `PhotoSettings`.

    See `pipeline.core.engines.Engine` for the rest of the contract.
    """

    def fit(self, params: Any, photos: list[PosedPhoto], points: Points, hooks: Hooks, /) -> Fit:
        """Fit to `photos`, starting from the sparse `points` (may be empty), in the world frame of the poses.

        `params` are the engine's own. Resumes from `hooks.load()` if the engine can. Raises BadInput for photos that
        cannot be fitted, and as `require_here` does.
        """
        ...
