"""How far the mattes of one shoot agree: one product has one size and one set of colours."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from pipeline.core.arrays import F32, Alpha, Rgb
from pipeline.imaging.cutout.backdrop_model import lab_of

_EDGES = np.array([30.0, 45.0, 60.0, 75.0]), np.array([-24.0, -8.0, 8.0, 24.0]), np.array([-24.0, -8.0, 8.0, 24.0])
_SHAPE = 5, 5, 5  # bins of L, a and b
KNOWN_SHARE = 0.01  # of a product's area: the least of a colour that counts
FEW = 4  # photos; fewer cannot outvote one
FOREIGN_SHARE = 0.5  # of a matte in colours that no other matte has: it shows something else
_SIDE_PX = 256

Colours = tuple[tuple[int, int], ...]  # (bin, thousandths of the product's area), those above 0


@dataclass(frozen=True)
class Matted:
    """One matte. `coverage`: product's share of the picture, 0 to 1. `belief`, `fault`: see `verdict.Verdict`."""

    coverage: float
    colours: Colours
    belief: float
    fault: str | None


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
