"""The vector engines. To add one, write a module that meets `VectorEngine` and list it here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry
from pipeline.core.errors import BadInput
from pipeline.similarity import descriptor, transformers
from pipeline.similarity.base import VectorEngine

if TYPE_CHECKING:
    from pipeline.core.arrays import F32, Rgba

ENGINES: Registry[VectorEngine] = Registry("embed", descriptor, transformers)


def vectors_of(pictures: "Sequence[Rgba]", params: Frozen) -> "F32":
    """One vector per picture [h, w, 4] uint8 (straight alpha) with the engine of `params`: [n, d], unit length.

    The cosine of two vectors is their dot product. Raises BadInput and MissingEngine as the engine does.
    """
    return ENGINES.of(params).vectors(pictures, params)


def text_vector(text: str, params: Frozen) -> "F32":
    """The vector [d] of unit length of words, to be compared with those of pictures of the same params.

    Raises BadInput when the engine or its checkpoint knows no words, MissingEngine when it cannot be used.
    """
    engine = ENGINES.of(params)
    if not hasattr(engine, "text_vector"):
        raise BadInput(
            f"the vector engine {params.engine} compares pictures only, not words",  # type: ignore[attr-defined]
            remedy="Use the engine transformers with a CLIP or SigLIP checkpoint",
        )
    vector: F32 = engine.text_vector(text, params)
    return vector
