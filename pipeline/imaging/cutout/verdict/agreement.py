"""How far the mattes of one shoot agree: one product has one size, one set of colours and one shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median

import cv2
import numpy as np

from pipeline.core.arrays import F32, Alpha, Mask, Rgb
from pipeline.imaging.cutout.backdrop_model import lab_of
from pipeline.imaging.cutout.verdict.doubts import ramp
from pipeline.imaging.cutout.verdict.verdict import BELIEVED

_EDGES = np.array([30.0, 45.0, 60.0, 75.0]), np.array([-24.0, -8.0, 8.0, 24.0]), np.array([-24.0, -8.0, 8.0, 24.0])
_SHAPE = 5, 5, 5  # bins of L, a and b
KNOWN_SHARE = 0.01  # of a product's area: the least of a colour that counts
FEW = 4  # photos; fewer cannot outvote one
FOREIGN_SHARE = 0.5  # of a matte in colours that no other matte has: it shows something else
_SIDE_PX = 256
MISFIT, FIT = 0.76, 0.9  # of the usual fit between silhouette and shape: beliefs 0 and 1
LEAST_USUAL_FIT = 0.75  # where even the usual silhouette fits worse, none is believed because the others are as bad

Colours = tuple[tuple[int, int], ...]  # (bin, thousandths of the product's area), those above 0


@dataclass(frozen=True)
class Matted:
    """One matte. `coverage`: product's share of the picture, 0 to 1. `belief`, `fault`: see `verdict.Verdict`.

    `silhouette`: [h, w] uint8, the matte at a long side of 256 px at most; None if its shape is not to be compared.
    """

    coverage: float
    colours: Colours
    belief: float
    fault: str | None
    silhouette: Alpha | None = field(default=None, compare=False)


ShapeFits = Callable[[Mapping[str, Mask]], Mapping[str, float]]
"""How well silhouettes (photo -> [h, w] bool) fit the shape that they show together, 0 to 1, by photo."""


def silhouette_of(alpha: Alpha) -> Alpha:
    """A matte [h, w] reduced to a long side of 256 px; a smaller one unchanged."""
    factor = min(1.0, _SIDE_PX / max(alpha.shape))
    size = max(1, round(alpha.shape[1] * factor)), max(1, round(alpha.shape[0] * factor))
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)


def colours_of(rgb: Rgb, alpha: Alpha) -> Colours:
    """The colours of the product in a photo [h, w, 3] with its matte [h, w], in bins of Lab."""
    step = max(1, max(alpha.shape) // _SIDE_PX)
    few, solid = rgb[::step, ::step], alpha[::step, ::step] >= 128
    if not solid.any():
        return ()
    lab = lab_of(np.ascontiguousarray(few))[solid]
    index = [np.digitize(lab[:, channel], edges) for channel, edges in enumerate(_EDGES)]
    counts = np.bincount(np.ravel_multi_index(index, _SHAPE), minlength=int(np.prod(_SHAPE)))
    parts = np.round(1000 * counts / counts.sum()).astype(int)
    return tuple((int(bin_), int(parts[bin_])) for bin_ in np.flatnonzero(parts))


def disagreements(mattes: Mapping[str, Matted], ratio: float) -> dict[str, str]:
    """Why mattes differ from the others of the shoot, by photo: `ratio` times in size, or in most of their colours.

    Mattes that have a fault of their own are not compared, and do not count.
    """
    sound = {name: matte for name, matte in mattes.items() if matte.fault is None}
    if not sound:
        return {}
    usual = median(matte.coverage for matte in sound.values())
    found = {}
    for name, matte in sound.items():
        if not usual / ratio <= matte.coverage <= usual * ratio:
            found[name] = f"the matte covers {matte.coverage:.1%} of the picture, the shoot's median is {usual:.1%}"
    spectra = {name: _spectrum(matte.colours) for name, matte in sound.items() if name not in found}
    if len(spectra) >= FEW:
        for name, spectrum in spectra.items():
            foreign = _foreign(spectrum, [other for each, other in spectra.items() if each != name])
            if foreign > FOREIGN_SHARE:
                found[name] = f"{foreign:.0%} of the matte has colours that the product has in no other photo"
    return found


def shaped(mattes: Mapping[str, Matted], fits_of: ShapeFits) -> dict[str, Matted]:
    """The mattes, believed less, or not at all, where they do not fit the shape that all of them show.

    A fit is compared with the shoot's median, because thin products fit any shape made of cells worse.
    """
    compared = {n: m.silhouette >= 128 for n, m in mattes.items() if m.fault is None and m.silhouette is not None}
    fits = fits_of(compared) if len(compared) >= FEW else {}
    if not fits:
        return dict(mattes)
    usual = max(median(fits.values()), LEAST_USUAL_FIT)
    return {name: _fitting(matte, fits[name] / usual) if name in fits else matte for name, matte in mattes.items()}


def _fitting(matte: Matted, fit: float) -> Matted:
    belief = min(matte.belief, round(ramp(fit, MISFIT, FIT), 4))
    off = f"the matte disagrees with the shape that the other photos show by {1 - fit:.0%}"
    return replace(matte, belief=belief, fault=off if belief < BELIEVED else matte.fault)


def _spectrum(colours: Colours) -> F32:
    flat = np.zeros(int(np.prod(_SHAPE)), np.float32)
    for bin_, thousandths in colours:
        flat[bin_] = thousandths / 1000
    return flat.reshape(_SHAPE)


def _foreign(own: F32, others: list[F32]) -> float:
    """Share of the product in bins that, with their neighbours, are empty in all other photos but one.

    Two photos must know a colour: the wrong matte of one must not vouch for the next.
    """
    from scipy.ndimage import maximum_filter

    known = np.sort(np.stack(others), axis=0)[-2]
    return float(own[maximum_filter(known, 3, mode="constant") < KNOWN_SHARE].sum())
