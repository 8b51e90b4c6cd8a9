"""The evidence that the checks of one asset measure, and the form of their findings.

A `reject` finding keeps an asset out of the shop, a `review` finding asks for a person, `info` is for the record.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pipeline.core.arrays import F32, Rgb, Rgba
from pipeline.core.linear import linear_to_srgb
from pipeline.core.reasons.table import require_reason
from pipeline.core.records import Check
from pipeline.imaging.channels.channel import BackdropKind, Channel
from pipeline.imaging.compositing.framing import Patch, Placement, product_in_frame

Severity = Literal["reject", "review", "info"]


@dataclass(frozen=True)
class Evidence:
    """One asset and everything that its checks measure.

    `picture`: the angle's straight-alpha sRGB RGBA [h, w, 4]. `behind`: backdrop with shadow, linear light [H, W, 3].
    `image`: the finished image before encoding, sRGB [H, W, 3]. `file`: the encoded bytes; `decoded`: its pixels, sRGB
    [H, W, 3]. `marking`: the IPTC term that the file must carry. `resized`: factor by which the edits enlarged the
    picture.
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

    @cached_property
    def product(self) -> Patch:
        """What the cut-out gives in this frame, resampled anew."""
        return product_in_frame(self.picture, self.placement, self.channel)

    @cached_property
    def alpha(self) -> F32:
        """The matte in the whole frame, [H, W] 0 to 1."""
        return self.product.alpha_in_frame(self.placement.width_px, self.placement.height_px)

    @cached_property
    def empty(self) -> Rgb:
        """The whole frame without the product, sRGB [H, W, 3]."""
        return linear_to_srgb(self.behind)

    @cached_property
    def expected(self) -> Rgb:
        """What picture, backdrop and shadow must give in the product's patch of the frame, sRGB [h, w, 3]."""
        return linear_to_srgb(self.product.over(self.behind))


def finding(
    name: str, value: float, unit: str, words: str, *, threshold: float, passed: bool, severity: Severity
) -> Check:
    """One measurement with its verdict; `words` say what it means for this asset.

    `name` is the code of the reason if it fails. Raises ValueError when `pipeline.core.reasons` does not have it.
    """
    if severity != "info":
        require_reason(name, "rejected" if severity == "reject" else "needs review")
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
    """A measurement for the record, without a verdict."""
    return Check(name=name, value=round(float(value), 4), unit=unit, severity="info", words=words)
