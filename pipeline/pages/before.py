"""What an asset is compared with: its photo in the asset's framing, or a photo beside it where nothing else is true.

An asset whose product may have been altered is compared with the picture before, with the altered areas outlined.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.catalog.lineage import Lineage, LineageEdge, LineageStep, SourcePhoto
from pipeline.contract.store import Store
from pipeline.core.arrays import F64, Rgb
from pipeline.core.disk_cache import DiskCache
from pipeline.core.edits import EDIT_STAGE, EDIT_VERSION, Edits
from pipeline.core.errors import BadInput
from pipeline.core.retouches import Box
from pipeline.pages.thumbnails import Side, encoded, open_picture

if TYPE_CHECKING:
    from pipeline.imaging.compositing.framing import Placement

VERSION = 3
OUTSIDE = (128, 128, 128)  # where the frame reaches beyond the photo
OUTLINE = (230, 60, 30)  # of an altered area
ALTERING = {"render_refinement", "render_retouch"}
GONE = "The photo can no longer be laid over this picture. Run the shoot again to compare them."
RENDERED = "Rendered from the splat, so no photo has this framing."
OLD_EDITS = "An earlier release edited this picture, so the photo cannot be laid over it. Run the shoot again for that."
WORN = "A model has put the product on a person. This is the product alone."
UNKNOWN = "It is not recorded where the photo lies in this picture. Run the shoot again to lay them over each other."


@dataclass(frozen=True)
class BeforePicture:
    """The photo of one asset and the picture that was placed, by digest; `frame_px`: the asset's size.

    `step`: made the asset. `edit`: edited the picture, None if nothing did. `altered`: areas in which the product may
    have been altered, as shares of the unedited picture; None: it was not. `photo` is then the picture before.
    """

    step: LineageStep
    photo: str
    picture: str
    frame_px: tuple[int, int]
    edit: LineageStep | None = None
    altered: tuple[Box, ...] | None = None

    def made(self, store: Store, cache: DiskCache, side: Side) -> bytes:
        """The photo as the asset's frame shows it, JPEG, at most `side` px. Raises BadInput where it cannot be made."""
        key = f"before {VERSION} {self.step.key} {self.picture} {self.photo} {side}"
        return cache.get(key, lambda: self._make(store, side))

    def _make(self, store: Store, side: Side) -> bytes:
        import cv2
        import numpy as np
        from PIL import Image

        from pipeline.imaging.compositing.edits import scale_of

        with open_picture(store, self.photo) as file:
            behind = Image.new("RGBA", file.size, OUTSIDE)
            photo: Rgb = np.asarray(Image.alpha_composite(behind, file.convert("RGBA")).convert("RGB"))
        placement = self._placement(store)
        shrink = min(1.0, side / max(self.frame_px))
        matrix = np.diag([shrink, shrink, 1.0]) @ placement.matrix @ self._edited(photo, store)
        scale = scale_of(matrix)
        if scale < 1:  # average first, because a warp takes single pixels
            photo = cv2.blur(photo, (max(1, round(1 / scale)),) * 2)
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])  # OpenCV's centres are at 0
        size = (round(placement.width_px * shrink), round(placement.height_px * shrink))
        framed = cv2.warpPerspective(photo, np.linalg.inv(half) @ matrix @ half, size, borderValue=OUTSIDE)
        for left, top, right, bottom in self.altered or ():
            corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) * photo.shape[1::-1]
            seen = np.round(cv2.perspectiveTransform(corners[None], matrix)).astype(np.int32)
            cv2.polylines(framed, [seen], isClosed=True, color=OUTLINE, thickness=max(1, side // 600))
        return encoded(Image.fromarray(framed))

    def _edited(self, photo: Rgb, store: Store) -> F64:
        """The homography [3, 3] from the photo's px to those of the picture that was placed."""
        import numpy as np

        from pipeline.imaging.compositing.edits import edit_mapping

        if self.edit is None:
            return np.eye(3)
        edits = Edits.model_validate(self.edit.params["edits"])
        matrix, size_px = edit_mapping((photo.shape[1], photo.shape[0]), edits)
        with open_picture(store, self.picture) as file:
            if file.size != size_px:
                raise _changed(self.edit, "edits")
        return matrix

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
            raise _changed(self.step, "framing")
        return placement


def _changed(step: LineageStep, what: str) -> BadInput:
    return BadInput(
        f"the {what} of step {step.key[:12]} has changed since it ran",
        remedy="Run the shoot again to compare it with its photo",
    )


@dataclass(frozen=True)
class Beside:
    """A photo to show beside an asset, and why it does not lie over it, as sentences."""

    photo: SourcePhoto
    why: str


def before_of(lineage: Lineage) -> BeforePicture | None:
    """What the slider of an asset needs; None where no photo lies over it pixel by pixel."""
    version, own = lineage.version, lineage.detail.photo
    if not lineage.steps or "channel" not in lineage.steps[0].params:
        return None
    step, size = lineage.steps[0], (version.width_px, version.height_px)
    placed, edit = _picture_of(lineage, step), _edit_of(lineage)
    shown = placed if edit is None else _picture_of(lineage, edit)
    if placed is None or shown is None or (edit is not None and edit.version != EDIT_VERSION):
        return None
    shown, altered = _unaltered(lineage, shown)
    if own is None:
        return None if altered is None else BeforePicture(step, shown.sha256, placed.sha256, size, edit, altered)
    photo, cutouts = _photo(lineage, own), [edge.sha256 for edge in _made_by(lineage, "cutout_photo", own)]
    if photo is None or shown.producer_key is None:
        return None
    if lineage.step(shown.producer_key).stage != "render_correction" and shown.sha256 not in cutouts:
        return None
    return BeforePicture(step, photo.sha256, placed.sha256, size, edit, altered)


def _unaltered(lineage: Lineage, shown: LineageEdge) -> tuple[LineageEdge, tuple[Box, ...] | None]:
    """The picture before the operations that may have altered the product, and their areas; None if there were none."""
    areas: list[Box] = []
    altered, edge = False, shown
    while edge.producer_key is not None and (step := lineage.step(edge.producer_key)).stage in ALTERING:
        altered = True
        if box := step.report.get("alteration", {}).get("box"):
            areas.append(tuple(box))
        edge = next(each for each in lineage.edges if each.step_key == step.key and each.name == "picture")
    return edge, tuple(areas) if altered else None


def _worn(lineage: Lineage) -> SourcePhoto | None:
    """The product alone, for an asset in which a person wears it."""
    worn = {step.key for step in lineage.steps if step.stage == "background_worn"}
    return next(
        (
            SourcePhoto(name="the product alone", sha256=edge.sha256, media_type=edge.media_type)
            for edge in lineage.edges
            if edge.step_key in worn and edge.name == "garment"
        ),
        None,
    )


def beside_of(lineage: Lineage) -> Beside | None:
    """The photo that stands beside an asset where the slider cannot: its own, or the nearest of a rendered one."""
    own = lineage.detail.photo
    if (product := _worn(lineage)) is not None:
        return Beside(product, WORN)
    if lineage.detail.asset.source == "rendered":
        nearest = {edge.producer_key for edge in lineage.edges if edge.name == "nearest"}
        names = [step.item for step in lineage.steps if step.key in nearest and step.item]
        photo = next((found for name in names if (found := _photo(lineage, name))), None)
        return Beside(photo, f"{RENDERED} The nearest is {photo.name}.") if photo else None
    photo = _photo(lineage, own) if own else None
    if photo is None:
        return None
    if before_of(lineage) is not None:
        return Beside(photo, GONE)
    return Beside(photo, UNKNOWN if _edit_of(lineage) is None else OLD_EDITS)


def _edit_of(lineage: Lineage) -> LineageStep | None:
    """The step that edited the picture which was placed."""
    placed = _picture_of(lineage, lineage.steps[0]) if lineage.steps else None
    if placed is None or placed.producer_key is None:
        return None
    producer = lineage.step(placed.producer_key)
    return producer if producer.stage == EDIT_STAGE else None


def _picture_of(lineage: Lineage, step: LineageStep) -> LineageEdge | None:
    """What the step read as its picture."""
    return next((edge for edge in lineage.edges if edge.step_key == step.key and edge.name == "picture"), None)


def _made_by(lineage: Lineage, stage: str, item: str) -> list[LineageEdge]:
    """The edges from what a step made of one photo."""
    keys = {step.key for step in lineage.steps if (step.stage, step.item) == (stage, item)}
    return [edge for edge in lineage.edges if edge.producer_key in keys]


def _photo(lineage: Lineage, name: str) -> SourcePhoto | None:
    """The photo of this name, upright as ingest made it."""
    edges = _made_by(lineage, "ingest_photo", name)
    return SourcePhoto(name=name, sha256=edges[0].sha256, media_type=edges[0].media_type) if edges else None
