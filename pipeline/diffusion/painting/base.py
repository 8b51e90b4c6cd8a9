"""The Protocol of engines that paint backdrops: what one is asked for and returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pipeline.core.arrays import Rgb, Rgba
from pipeline.core.domain import Frozen
from pipeline.core.engines import Engine


@dataclass(frozen=True)
class BackdropRequest:
    """A backdrop to paint, `width_px` x `height_px`.

    `product`: straight-alpha sRGB uint8 [h, w, 4] of the picture that will stand before it, or None for an empty set.
    `extend`: the picture is a square that is painted on beyond its two ends, not cut from a square.
    """

    prompt: str
    width_px: int
    height_px: int
    seed: int
    product: Rgba | None = None
    extend: bool = False


@dataclass(frozen=True)
class PaintedBackdrop:
    """A painted backdrop: `rgb` [height_px, width_px, 3] sRGB uint8.

    `prompt`: the words that the model was asked with, a translation where its vocabulary is closed. `start`: what a
    diffusion started from. `passed_over`: words of the request that were not used. `native`: the square as painted.
    """

    rgb: Rgb
    prompt: str
    start: Literal["noise", "scene"] | None = None
    passed_over: tuple[str, ...] = ()
    native: Rgb | None = None


class PainterFacts(Frozen):
    """What the stage must know of an engine with its settings.

    `paints_behind_product`: it paints an empty set, in the product's place too. `closed_vocabulary`: words about the
    product are of no use to it. `batch`: how many backdrops it paints at once.
    """

    name: str
    checkpoint_digest: str | None = None
    paints_behind_product: bool = False
    closed_vocabulary: bool = False
    batch: int = 1


class Painter(Engine, Protocol):
    """A module that paints backdrops. See `pipeline.core.engines.Engine` for the rest of it."""

    def pinned(self, params: Any, /) -> Frozen:
        """The params with all that is not yet in them and can change a pixel: digests of weights, a model's defaults.

        Raises BadInput when there are no such weights.
        """
        ...

    def facts(self, params: Any, /) -> PainterFacts:
        """What the stage must know. Raises BadInput when there are no such weights."""
        ...

    def paint(self, requests: Sequence[BackdropRequest], params: Any, /) -> list[PaintedBackdrop]:
        """Paint requests with one prompt, size and extent together. Raises BadInput, MissingEngine."""
        ...
