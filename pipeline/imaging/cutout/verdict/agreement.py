"""How far the mattes of one shoot agree: one product has one size, one set of colours and one shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Protocol

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
MISFIT, FIT = 0.06, 0.03  # share of a matte that contradicts the shape of the others: beliefs 0 and 1
USUAL_AT_MOST = 0.03  # where all mattes contradict each other by more, none is excused by the others

Colours = tuple[tuple[int, int], ...]  # (bin, thousandths of the product's area), those above 0


@dataclass(frozen=True)
class Matted:
    """One matte. `coverage`: product's share of the picture, 0 to 1. `belief`, `fault`: see `verdict.Verdict`.

    `silhouette`: [h, w] uint8, the matte at a long side of 256 px at most; None if its shape is not to be compared.
    `misfit`: share of it that contradicts the shape of the others, more than usual in this shoot; 0 if not compared.
    """

    coverage: float
    colours: Colours
    belief: float
    fault: str | None
    silhouette: Alpha | None = field(default=None, compare=False)
    misfit: float = 0.0


class ShapeFit(Protocol):
    """Pieces of a silhouette that contradict the others', as shares of its area.

    `extra`: the others show that nothing is there. `lost`: they show product where it has none.
    """

    @property
    def extra(self) -> float: ...  # noqa: D102
    @property
    def lost(self) -> float: ...  # noqa: D102


ShapeFits = Callable[[Mapping[str, Mask]], Mapping[str, ShapeFit]]
"""How far silhouettes (photo -> [h, w] bool) contradict the shape that they show together, by photo."""


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
    """The mattes, believed less, or not at all, where they contradict the shape that all of them show.

    A piece is compared with the shoot's median, because thin products fit any shape made of cells worse.
    """
    compared = silhouettes_of({name: matte for name, matte in mattes.items() if matte.fault is None})
    fits = fits_of(compared) if len(compared) >= FEW else {}
    if not fits:
        return dict(mattes)
    extra = min(median(fit.extra for fit in fits.values()), USUAL_AT_MOST)
    lost = min(median(fit.lost for fit in fits.values()), USUAL_AT_MOST)
    return {
        name: _fitting(matte, fits[name].extra - extra, fits[name].lost - lost) if name in fits else matte
        for name, matte in mattes.items()
    }


def silhouettes_of(mattes: Mapping[str, Matted]) -> dict[str, Mask]:
    """The silhouettes of the mattes whose shape can be compared, [h, w] bool, by photo."""
    return {name: matte.silhouette >= 128 for name, matte in mattes.items() if matte.silhouette is not None}


def _fitting(matte: Matted, extra: float, lost: float) -> Matted:
    misfit = max(extra, lost, 0.0)
    belief = min(matte.belief, round(1 - ramp(misfit, FIT, MISFIT), 4))
    if extra >= lost:
        off = f"{extra:.0%} of the matte is something beside the product, as the other photos show"
    else:
        off = f"a piece of the product, {lost:.0%} of the matte, is missing, as the other photos show"
    return replace(matte, belief=belief, fault=off if belief < BELIEVED else matte.fault, misfit=misfit)


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
