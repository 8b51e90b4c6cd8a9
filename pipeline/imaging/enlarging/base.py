"""The Protocol of engines that enlarge."""

from typing import Any, Protocol

from pipeline.core.arrays import Mask, Rgb
from pipeline.core.engines import Engine


class Upscaler(Engine, Protocol):
    """A module that enlarges pictures. See `pipeline.core.engines.Engine` for the rest of it."""

    def enlarges(self, params: Any, /) -> bool:
        """Whether the engine enlarges anything, or leaves all to composite's resampling."""
        ...

    def invents(self, params: Any, /) -> bool | None:
        """Whether the engine may invent detail, because it was trained to look sharp; None: it is not known."""
        ...

    def once(self, picture: Rgb, factor: int, where: Mask, params: Any, /) -> Rgb:
        """The picture [h, w, 3] enlarged once, by the whole factor of the engine's own, 2 or more, that suits `factor`.

        The same for the same picture. Where `where` [h, w] is False, the result does not matter. Raises MissingEngine
        as `require_here`.
        """
        ...
