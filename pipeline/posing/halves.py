"""The halves of a model of a product that was turned over between photos: each has an up of its own."""

from collections.abc import Collection, Sequence

from pipeline.core.colmap.model import SparseModel

Turned = Sequence[Collection[str]]
"""The photos of each half besides the first; empty for a product that was never turned over."""


def halves(model: SparseModel, turned: Turned) -> list[SparseModel]:
    """The model of each half, the first one first, in one frame."""
    photos = [image.photo for image in model.images]
    others = [photo for half in turned for photo in half]
    first = [photo for photo in photos if photo not in others]
    if len(first) == len(photos):
        return [model]
    parts = [model.without(set(photos) - set(half)) for half in (first, *turned)]
    return [part for part in parts if part.images]


def half_of(model: SparseModel, turned: Turned, photo: str) -> SparseModel:
    """The half that contains a photo; the first one if the photo is not registered."""
    parts = halves(model, turned)
    return next((part for part in parts if any(image.photo == photo for image in part.images)), parts[0])
