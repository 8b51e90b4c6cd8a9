"""What an asset is compared with: its photo in the asset's framing, or the photo nearest to a rendered view."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.catalog.lineage import Lineage, LineageStep, SourcePhoto
from pipeline.contract.store import Store
from pipeline.core.arrays import Rgb
from pipeline.core.errors import BadInput
from pipeline.pages.disk_cache import DiskCache
from pipeline.pages.thumbnails import Side, encoded, open_picture

if TYPE_CHECKING:
    from pipeline.imaging.compositing.framing import Placement

VERSION = 1
OUTSIDE = (128, 128, 128)  # where the frame reaches beyond the photo


@dataclass(frozen=True)
class BeforePicture:
    """The photo of one asset and the cut-out that was placed, by digest; `frame_px`: the asset's size."""

    step: LineageStep
    photo: str
    picture: str
    frame_px: tuple[int, int]

    def made(self, store: Store, cache: DiskCache, side: Side) -> bytes:
        """The photo as the asset's frame shows it, JPEG, at most `side` px. Raises BadInput where it cannot be made."""
        key = f"before {VERSION} {self.step.key} {self.picture} {self.photo} {side}"
        return cache.get(key, lambda: self._make(store, side))

    def _make(self, store: Store, side: Side) -> bytes:
        import cv2
        import numpy as np
        from PIL import Image

        placement = self._placement(store)
        with open_picture(store, self.photo) as file:
            photo: Rgb = np.asarray(file.convert("RGB"))
        shrink = min(1.0, side / max(self.frame_px))
        # centres are at +0.5 in a placement and at 0 in OpenCV
        scale = placement.scale * shrink
        x, y = (placement.x_px * shrink + (scale - 1) / 2, placement.y_px * shrink + (scale - 1) / 2)
        size = (round(placement.width_px * shrink), round(placement.height_px * shrink))
        matrix = np.array([[scale, 0, x], [0, scale, y]])
        if scale < 1:  # average first, because warpAffine takes single pixels
            photo = cv2.blur(photo, (max(1, round(1 / scale)),) * 2)
        framed = cv2.warpAffine(photo, matrix, size, flags=cv2.INTER_LINEAR, borderValue=OUTSIDE)
        return encoded(Image.fromarray(framed))

    def _placement(self, store: Store) -> "Placement":
        """Where composite placed the picture: its framing rule, channel and matte are in the lineage."""
        import numpy as np

        from pipeline.imaging.channels.channel import Channel
        from pipeline.imaging.compositing.framing import place

        channel = Channel.model_validate(self.step.params["channel"])
        with open_picture(store, self.picture) as file:
            alpha = np.asarray(file.convert("RGBA"))[..., 3]
        placement = place(alpha, channel, channel.framing(self.step.params["kind"]))
        if (placement.width_px, placement.height_px) != self.frame_px:
            raise BadInput(
                f"the framing of step {self.step.key[:12]} has changed since it ran",
                remedy="Run the shoot again to compare it with its photo",
            )
        return placement


def before_of(lineage: Lineage) -> BeforePicture | None:
    """What the slider of an asset needs.

    None for a rendered asset, and for one whose picture was edited, which no photo matches pixel by pixel.
    """
    version, own = lineage.version, lineage.detail.photo
    if own is None or not lineage.steps or "channel" not in lineage.steps[0].params:
        return None
    step = lineage.steps[0]
    made = {(each.stage, each.item): each.key for each in lineage.steps}
    photos = [edge.sha256 for edge in lineage.edges if edge.producer_key == made.get(("ingest_photo", own), "")]
    cutouts = [edge.sha256 for edge in lineage.edges if edge.producer_key == made.get(("cutout_photo", own), "")]
    placed = next((edge for edge in lineage.edges if edge.step_key == step.key and edge.name == "picture"), None)
    if not photos or placed is None or placed.producer_key is None:
        return None
    corrected = lineage.step(placed.producer_key).stage == "render_correction"
    if not corrected and placed.sha256 not in cutouts:
        return None
    return BeforePicture(step, photos[0], placed.sha256, (version.width_px, version.height_px))


def nearest_of(lineage: Lineage) -> SourcePhoto | None:
    """The photo nearest to the view of a rendered asset, upright; None for a captured one."""
    cutouts = {edge.producer_key for edge in lineage.edges if edge.name == "nearest"}
    names = {step.item for step in lineage.steps if step.key in cutouts}
    ingested = {step.key: step.item for step in lineage.steps if step.stage == "ingest_photo" and step.item in names}
    if lineage.detail.asset.source != "rendered":
        return None
    return next(
        (
            SourcePhoto(name=ingested[edge.producer_key] or "", sha256=edge.sha256, media_type=edge.media_type)
            for edge in lineage.edges
            if edge.producer_key is not None and edge.producer_key in ingested
        ),
        None,
    )
