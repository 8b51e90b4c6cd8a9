"""The evidence that an asset's checks measure, and how their results are recorded.

A failed `reject` check keeps the asset out of the shop, a failed `review` check asks a person to look, `info` records.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from pipeline.core.arrays import F32, Alpha, Mask, Rgb, Rgba
from pipeline.core.backdrops import BackdropKind
from pipeline.core.linear import linear_to_srgb
from pipeline.core.reasons.table import require_reason
from pipeline.core.records import Check
from pipeline.imaging.channels.channel import Channel
from pipeline.imaging.compositing.framing import Patch, Placement, product_in_frame, product_mask

Severity = Literal["reject", "review", "info"]


@dataclass(frozen=True)
class Evidence:
    """One asset and everything its checks need.

    `picture`: the angle's straight-alpha sRGB RGBA [h, w, 4]. `behind`: backdrop with shadow, linear light [H, W, 3].
    `image`: the finished image before encoding, sRGB [H, W, 3]. `file`: the encoded bytes; `decoded`: its pixels, sRGB
    [H, W, 3]. `marking`: the IPTC term that the file must carry. `resized`: factor by which the edits enlarged the
    picture. `fitted`: as in `Picture`, 1 where the detail is that of photos. `backdrop`: without shadow, linear light
    [H, W, 3]; None: what it shows is not checked. `enlarged`: the picture with more px, if that is what composite
    resampled.
    """

    picture: Rgba
    placement: Placement
    behind: F32
    image: Rgb
    file: bytes
    decoded: Rgb
    channel: Channel
    kind: BackdropKind
    source: Literal["captured", "rendered"]
    marking: str
    resized: float = 1.0
    fitted: float = 1.0
    backdrop: F32 | None = None
    enlarged: Rgba | None = None

    @cached_property
    def product(self) -> Patch:
        """The cut-out in this frame, resampled again."""
        return product_in_frame(self.picture, self.placement, self.channel, self.enlarged)

    @cached_property
    def solid(self) -> Mask:
        """The product's pieces in the picture, [h, w]."""
        return product_mask(self.picture[..., 3])

    @cached_property
    def darkest(self) -> Alpha:
        """The lowest of the three channels of each decoded pixel, [H, W] uint8."""
        red, green, blue = np.moveaxis(self.decoded, -1, 0)
        return np.asarray(np.minimum(np.minimum(red, green), blue), np.uint8)

    @cached_property
    def alpha(self) -> F32:
        """The matte in the whole frame, [H, W], 0 to 1."""
        return self.product.alpha_in_frame(self.placement.width_px, self.placement.height_px)

    @cached_property
    def empty(self) -> Rgb:
        """The whole frame without the product, sRGB [H, W, 3]."""
        return linear_to_srgb(self.behind)

    @cached_property
    def expected(self) -> Rgb:
        """What the product's patch of the frame must show: picture over backdrop and shadow, sRGB [h, w, 3]."""
        return linear_to_srgb(self.product.over(self.behind))


def in_any_channel(tested: Mask) -> Mask:
    """Where any of three channels [..., 3] is True, [...]; numpy's own `any` takes ten times as long over three."""
    return np.asarray(tested[..., 0] | tested[..., 1] | tested[..., 2], np.bool_)


def finding(
    name: str, value: float, unit: str, words: str, *, threshold: float, passed: bool, severity: Severity
) -> Check:
    """Record a measurement and whether it passed; `words` say what it means for this asset.

    `name` is the code of the reason if the check fails. Raises ValueError when `pipeline.core.reasons` lacks it.
    """
    if severity != "info":
        require_reason(name, "rejected" if severity == "reject" else "in review")
    return Check(
        name=name,
        value=round(float(value), 4),
        unit=unit,
        threshold=threshold,
        passed=bool(passed),
        severity=severity,
        words=words,
    )


def note(name: str, value: float, unit: str, words: str) -> Check:
    """Record a measurement that is neither passed nor failed."""
    return Check(name=name, value=round(float(value), 4), unit=unit, severity="info", words=words)
