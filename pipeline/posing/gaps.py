"""Gaps around the product: arcs of azimuth without photos."""

import math
from collections.abc import Sequence
from itertools import pairwise

from pipeline.core.domain import Frozen

MAX_STEP_DEG = 15.0


class Gap(Frozen):
    """An arc of azimuths without photos, counter-clockwise from `from_deg` to `to_deg` (0 to 360 each)."""

    from_deg: float
    to_deg: float
    width_deg: float

    @property
    def label(self) -> str:
        """The arc as messages give it: `95-170°`."""
        return f"{self.from_deg:.0f}-{self.to_deg:.0f}°"

    @property
    def photos_to_shoot(self) -> int:
        """The number of evenly spaced photos that leave at most 15 deg between neighbours."""
        return max(1, math.ceil(self.width_deg / MAX_STEP_DEG - 1e-9) - 1)


def largest_gap(azimuths_deg: Sequence[float]) -> Gap:
    """The widest arc between neighbouring azimuths; the whole circle when there are fewer than two."""
    if not azimuths_deg:
        return Gap(from_deg=0.0, to_deg=360.0, width_deg=360.0)
    ordered = sorted(azimuth % 360.0 for azimuth in azimuths_deg)
    arcs = [(following - azimuth, azimuth) for azimuth, following in pairwise(ordered)]
    arcs.append((ordered[0] + 360.0 - ordered[-1], ordered[-1]))
    width, start = max(arcs, key=lambda arc: arc[0])
    return Gap(from_deg=start, to_deg=(start + width) % 360.0 if width < 360.0 else start, width_deg=width)


def gap_around(azimuths_deg: Sequence[float], azimuth_deg: float) -> Gap:
    """The arc without photos that contains `azimuth_deg`; the whole circle when there are no photos."""
    if not azimuths_deg:
        return largest_gap([])
    back = min((azimuth_deg - azimuth) % 360.0 for azimuth in azimuths_deg)
    ahead = min((azimuth - azimuth_deg) % 360.0 for azimuth in azimuths_deg)
    start, end = (azimuth_deg - back) % 360.0, (azimuth_deg + ahead) % 360.0
    return Gap(from_deg=start, to_deg=end, width_deg=back + ahead)
