"""A colour correction a photo, learnt beside the splat, so that drift of exposure is not baked into the product."""

import torch

from pipeline.splatting.fit.adam import Adam

_VISITS = 400  # visits after which a photo's exposure has been learnt at the slowest pace
# Name, what none of it is, learning rate, and the force that draws it there. Drift is a gain first of all.
_TERMS = (("gain", 1.0, 2e-3, 0.02), ("bias", 0.0, 5e-4, 0.2))
NONE = {name: none for name, none, _, _ in _TERMS}


def learn(
    rows: dict[str, torch.Tensor], which: int, gradients: dict[str, torch.Tensor], adam: Adam, visits: float
) -> None:
    """One step for photo `which`, in place: `rows` and `gradients` by name, [photos, 3] and [3], `gain` and `bias`.

    `visits` is how often the fit will see the photo: few visits must teach more each. A correction is drawn towards
    none with the same small force however large it is (as L1 would): the photos around a dark one must not all grow
    brighter to meet it half-way.
    """
    pace = max(1.0, _VISITS / visits)
    for name, none, rate, pull in _TERMS:
        off = rows[name][which] - none
        adam.step(f"{name}/{which}", rows[name][which], gradients[name] + pull * off / (off.abs() + 0.01), rate * pace)
