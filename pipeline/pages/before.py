"""What an asset is compared with: its photo in the asset's framing, or the photo nearest to a rendered view.

An asset whose product may have been altered is compared with the picture before, with the altered areas outlined.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.catalog.lineage import Lineage, LineageEdge, LineageStep, SourcePhoto
from pipeline.contract.store import Store
from pipeline.core.arrays import Rgb
from pipeline.core.errors import BadInput
from pipeline.core.retouches import Box
from pipeline.pages.disk_cache import DiskCache
from pipeline.pages.thumbnails import Side, encoded, open_picture

if TYPE_CHECKING:
    from pipeline.imaging.compositing.framing import Placement

VERSION = 2
OUTSIDE = (128, 128, 128)  # where the frame reaches beyond the photo
OUTLINE = (230, 60, 30)  # of an altered area
ALTERING = {"render_refinement", "render_retouch"}


@dataclass(frozen=True)
class BeforePicture:
    """The photo of one asset and the cut-out that was placed, by digest; `frame_px`: the asset's size.

    `altered`: areas in which the product may have been altered, as shares of the picture; None: it was not.
    """

    step: LineageStep
    photo: str
    picture: str
    frame_px: tuple[int, int]
    altered: tuple[Box, ...] | None = None

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
            behind = Image.new("RGBA", file.size, OUTSIDE)
            photo: Rgb = np.asarray(Image.alpha_composite(behind, file.convert("RGBA")).convert("RGB"))
        height, width = photo.shape[:2]
        shrink = min(1.0, side / max(self.frame_px))
        # centres are at +0.5 in a placement and at 0 in OpenCV
        scale = placement.scale * shrink
        x, y = (placement.x_px * shrink + (scale - 1) / 2, placement.y_px * shrink + (scale - 1) / 2)
        size = (round(placement.width_px * shrink), round(placement.height_px * shrink))
        matrix = np.array([[scale, 0, x], [0, scale, y]])
        if scale < 1:  # average first, because warpAffine takes single pixels
            photo = cv2.blur(photo, (max(1, round(1 / scale)),) * 2)
        framed = cv2.warpAffine(photo, matrix, size, flags=cv2.INTER_LINEAR, borderValue=OUTSIDE)
        for left, top, right, bottom in self.altered or ():
            corners = ((left * width, top * height), (right * width, bottom * height))
            first, second = ((round(px * scale + x), round(py * scale + y)) for px, py in corners)
            cv2.rectangle(framed, first, second, OUTLINE, max(1, side // 600))
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

    None for a rendered asset that nothing altered, and for one whose picture was edited, which no photo matches pixel
    by pixel.
    """
    version, own = lineage.version, lineage.detail.photo
    if not lineage.steps or "channel" not in lineage.steps[0].params:
        return None
    step, size = lineage.steps[0], (version.width_px, version.height_px)
    placed = next((edge for edge in lineage.edges if edge.step_key == step.key and edge.name == "picture"), None)
    if placed is None or placed.producer_key is None:
        return None
    unaltered, areas = _unaltered(lineage, placed)
    if own is None:
        return None if areas is None else BeforePicture(step, unaltered.sha256, placed.sha256, size, areas)
    made = {(each.stage, each.item): each.key for each in lineage.steps}
    photos = [edge.sha256 for edge in lineage.edges if edge.producer_key == made.get(("ingest_photo", own), "")]
    cutouts = [edge.sha256 for edge in lineage.edges if edge.producer_key == made.get(("cutout_photo", own), "")]
    if not photos or unaltered.producer_key is None:
        return None
    corrected = lineage.step(unaltered.producer_key).stage == "render_correction"
    if not corrected and unaltered.sha256 not in cutouts:
        return None
    return BeforePicture(step, photos[0], placed.sha256, size, areas)


def _unaltered(lineage: Lineage, placed: LineageEdge) -> tuple[LineageEdge, tuple[Box, ...] | None]:
    """The picture before the operations that may have altered the product, and their areas; None if there were none."""
    areas: list[Box] = []
    altered, edge = False, placed
    while edge.producer_key is not None and (step := lineage.step(edge.producer_key)).stage in ALTERING:
        altered = True
        if box := step.report.get("alteration", {}).get("box"):
            areas.append(tuple(box))
        edge = next(each for each in lineage.edges if each.step_key == step.key and each.name == "picture")
    return edge, tuple(areas) if altered else None


def worn_from(lineage: Lineage) -> list[SourcePhoto]:
    """The pictures behind an asset in which a person wears the product: the person's photo, and the product alone."""
    step = next((each for each in lineage.steps if each.stage == "background_worn"), None)
    return [
        SourcePhoto(name=edge.source_path or edge.name, sha256=edge.sha256, media_type=edge.media_type)
        for name in ("person", "garment")
        for edge in lineage.edges
        if step is not None and edge.step_key == step.key and edge.name == name
    ]


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
