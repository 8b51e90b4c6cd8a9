"""The Protocol of engines that paint backdrops, with its request and its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pipeline.core.arrays import Rgb, Rgba
from pipeline.core.domain import Frozen
from pipeline.core.engines import Engine

MARGIN_PX = 4  # distance of the mask from the product at native resolution: the autoencoder's latents are 8 px wide


@dataclass(frozen=True)
class BackdropRequest:
    """A backdrop to paint, `width_px` x `height_px`.

    `product`: the picture that will stand in front of it, straight-alpha sRGB uint8 [h, w, 4]; None for an empty set.
    `extend`: paint a square and extend it at both ends of the longer side, instead of cropping a square.
    `camera_elevation_deg`: how far above the product's horizon its camera stands, None if no picture is known.
    """

    prompt: str
    width_px: int
    height_px: int
    seed: int
    product: Rgba | None = None
    extend: bool = False
    camera_elevation_deg: float | None = None


@dataclass(frozen=True)
class PaintedBackdrop:
    """A painted backdrop: `rgb` [height_px, width_px, 3] sRGB uint8.

    `prompt`: the prompt that the model received, a translation where its vocabulary is closed. `start`: what the
    diffusion started from. `passed_over`: words of the request that were not used. `understood`: share of its words
    that were, 0 to 1. `native`: the square as painted.
    """

    rgb: Rgb
    prompt: str
    start: Literal["noise", "scene"] | None = None
    passed_over: tuple[str, ...] = ()
    understood: float = 1.0
    native: Rgb | None = None


class PainterFacts(Frozen):
    """What the stage must know about an engine and its settings.

    `paints_behind_product`: it paints an empty set, also where the product stands. `closed_vocabulary`: it cannot use
    words about the product. `batch`: how many backdrops it paints at once.
    """

    name: str
    checkpoint_digest: str | None = None
    paints_behind_product: bool = False
    closed_vocabulary: bool = False
    batch: int = 1


class Painter(Engine, Protocol):
    """A module that paints backdrops. See `pipeline.core.engines.Engine` for the rest of it.

    An engine that can vary its settings also has `varied(params, number)`: its params for the try `number`, from 3, of
    a backdrop whose checks failed.
    """

    def pinned(self, params: Any, /) -> Frozen:
        """Return the params completed with everything else that can change a pixel: weight digests, a model's defaults.

        Raises BadInput when the weights are missing.
        """
        ...

    def facts(self, params: Any, /) -> PainterFacts:
        """Return what the stage must know. Raises BadInput when the weights are missing."""
        ...

    def paint(self, requests: Sequence[BackdropRequest], params: Any, /) -> list[PaintedBackdrop]:
        """Paint requests that share prompt, size and `extend` in one batch. Raises BadInput, MissingEngine."""
        ...
