"""How much of a product a generative model has painted over."""

from pipeline.core.arrays import Rgba


def changed_share(before: Rgba, after: Rgba) -> float:
    """Share of the opaque pixels of `before` [h, w, 4] whose colour is another in `after`, 0 to 1."""
    opaque = before[..., 3] >= 128
    changed = (before[..., :3] != after[..., :3]).any(axis=2) & opaque
    return round(float(changed.sum()) / max(1.0, float(opaque.sum())), 4)
