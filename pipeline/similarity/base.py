"""The Protocol of vector engines."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from pipeline.core.arrays import F32, Rgba
from pipeline.core.engines import Engine


class VectorEngine(Engine, Protocol):
    """A module that turns pictures into vectors. See `pipeline.core.engines.Engine` for the rest of it.

    `SEES`: what a finished asset shows the engine: the `product` alone, which needs its matte, or the whole `picture`.
    `ALIKE`: two shoots may show one product if the mean cosine of their photos' best matches is at least this.
    An engine that can compare words with pictures also has `text_vector(text, params)`, [d] float32 of unit length.
    """

    SEES: Literal["product", "picture"]
    ALIKE: float

    def revision(self, params: Any, /) -> str:
        """What besides the engine's name fixes the meaning of its vectors: a version, or a checkpoint's digest."""
        ...

    def vectors(self, pictures: Sequence[Rgba], params: Any, /) -> F32:
        """One vector per picture, [n, d] float32 of unit length.

        A picture is [h, w, 4] uint8 sRGB with straight alpha, of any size. Raises BadInput, MissingEngine.
        """
        ...
