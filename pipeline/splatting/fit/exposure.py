"""A colour correction per photo, learnt with the splat, so that exposure drift is not baked into the product."""

import torch

from pipeline.splatting.fit.adam import Adam

_VISITS = 400  # visits per photo from which the base learning rates suffice
# Name, neutral value, learning rate, and strength of the pull towards neutral. Drift is mostly a gain.
_TERMS = (("gain", 1.0, 2e-3, 0.02), ("bias", 0.0, 5e-4, 0.2))
NEUTRAL = {name: neutral for name, neutral, _, _ in _TERMS}


def learn(
    rows: dict[str, torch.Tensor], which: int, gradients: dict[str, torch.Tensor], adam: Adam, visits: float
) -> None:
    """Take one step for photo `which`, in place: `rows` [photos, 3] and `gradients` [3] by name, `gain` and `bias`.

    `visits` is how often the fit will see the photo: the fewer, the larger each step. A correction is pulled towards
    neutral with the same small force whatever its size (as by L1): the photos around a dark one must not all brighten
    to meet it halfway.
    """
    pace = max(1.0, _VISITS / visits)
    for name, neutral, rate, pull in _TERMS:
        offset = rows[name][which] - neutral
        adam.step(
            f"{name}/{which}", rows[name][which], gradients[name] + pull * offset / (offset.abs() + 0.01), rate * pace
        )
