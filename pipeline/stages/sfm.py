"""sfm: estimates the pose of every photo, in the product frame. Holds the shoot when too few can be registered."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, Held
from pipeline.core.photo_names import shown_names
from pipeline.core.records import LevelPhoto, PhotoFacts, SeenTable, dump_json, load_list
from pipeline.posing.sfm.request import PoseParams, PoseReport

if TYPE_CHECKING:
    from pipeline.core.colmap.model import SparseModel
    from pipeline.posing.sfm.colmap import PoseResult
    from pipeline.posing.sfm.photos import PhotoFile
    from pipeline.posing.sides.resolve import Resolved

SHOWN_PAIRS = 10


class Inputs(Frozen):
    """Trees of photos (upright, sRGB) and of their cut-outs, and the `facts` of ingest.

    `table`: JSON SeenTable, what cutout saw; None if it did not look.
    """

    photos: Artifact
    cutouts: Artifact
    facts: Artifact
    table: Artifact | None = None


class Params(PoseParams):
    """The settings of SfM, and when its result is good enough."""

    front: str = Field(description="the photo that shows the front, azimuth 0")
    use_masks: bool = Field(
        default=True, description="use only features on the product; a turntable's backdrop stands still"
    )
    up: tuple[LevelPhoto, ...] = Field(default=(), description="photos whose roll is stated, which tells where up is")
    level: bool = Field(default=False, description="the camera was held level for every photo")
    min_registered: int = Field(default=8, ge=3, description="the shoot is held with fewer registered photos")
    min_registered_fraction: float = Field(
        default=0.7, gt=0, le=1, description="the shoot is held with a smaller share"
    )


class Outputs(Frozen):
    """`model`: tree `sparse/0/*.bin` in the product frame; `views`: JSON list of View; `up`: JSON Up."""

    model: Artifact
    views: Artifact
    up: Artifact
    report: PoseReport


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Estimate the poses and store them in the product frame.

    Raises Held when too few photos or not the front one are registered, BadInput, SfmFailed.
    """
    from pipeline.core.colmap.write import write_model
    from pipeline.posing.halves import half_of
    from pipeline.posing.judge import report_of
    from pipeline.posing.product import product_frame
    from pipeline.posing.sfm.photos import PhotoFile
    from pipeline.posing.sight import hints
    from pipeline.posing.up import UpHints

    facts = load_list(PhotoFacts, work.read(inputs.facts))
    if params.front not in {fact.photo for fact in facts}:
        raise BadInput(f"capture.front: there is no photo {params.front!r}", remedy="Name a photo of this shoot")
    folder = work.folder(inputs.photos, "photos")
    sizes_px = {fact.photo: (fact.width_px, fact.height_px) for fact in facts}
    photos = [PhotoFile(path, *sizes_px[path.stem]) for path in sorted(folder.iterdir())]
    masks = {path.stem: path for path in work.folder(inputs.cutouts, "cutouts").iterdir()} if params.use_masks else None
    work.progress(0, 2, f"registering {len(photos)} photos")
    focal_px = {fact.photo: fact.focal_px for fact in facts}
    resolved = _resolved(photos, masks, facts, params, work)
    model, names = _registered(resolved.posed, photos, masks, params, facts), [photo.photo for photo in photos]
    work.progress(1, 2, f"{len(model.images)} of {len(photos)} photos registered")
    known = UpHints(stated=params.up, level=params.level, masked=masks is not None)
    turned = resolved.posed.answer.joined
    standing = half_of(model, turned, params.front)
    table = None if inputs.table is None else SeenTable.model_validate_json(work.read(inputs.table))
    up = hints(standing, params.rig, known, photos, focal_px, work.scratch / "sight", params.seed, table)
    frame = product_frame(model, resolved.posed.silhouettes, params.rig, params.front, up, turned)
    root = work.scratch / "model"
    write_model(frame.model, root / "sparse" / "0")
    return Outputs(
        model=work.put_folder(root),
        views=work.put_bytes(dump_json(list(frame.views))),
        up=work.put_bytes(dump_json(frame.up)),
        report=report_of(resolved, frame, names),
    )


def _resolved(
    photos: "list[PhotoFile]",
    masks: Mapping[str, Path] | None,
    facts: list[PhotoFacts],
    params: Params,
    work: Work,
) -> "Resolved":
    """The poses. Raises WrongSides with a picture of photos that were placed wrong to each other."""
    from pipeline.imaging.sheet.mattes import MatteTile, Verdicts, matte_sheet
    from pipeline.posing.sides.resolve import resolved_poses, shooting_order
    from pipeline.posing.sides.wrong import WrongSides

    focal_px = {fact.photo: fact.focal_px for fact in facts}
    try:
        return resolved_poses(photos, masks, focal_px, params, work.scratch, order=shooting_order(facts))
    except WrongSides as held:
        files = {photo.photo: photo.path for photo in photos}
        shown = shown_names(facts)
        tiles = [
            MatteTile(photo, files[photo], (masks or {}).get(photo), f"{held.relation} {shown[other]}", shown[photo])
            for pair in held.pairs[:SHOWN_PAIRS]
            for photo, other in (pair, pair[::-1])
        ]
        title = re.split("[,:]", held.what)[0]
        held.picture = matte_sheet(title, "sfm is held", tiles, Verdicts(bad="placed wrong", good="posed"))
        raise


def _registered(
    posed: "PoseResult",
    photos: "list[PhotoFile]",
    masks: Mapping[str, Path] | None,
    params: Params,
    facts: list[PhotoFacts],
) -> "SparseModel":
    """The model. Raises Held with a picture of the photos when too few of them are registered."""
    from pipeline.posing.judge import require_registered

    try:
        return require_registered(
            posed,
            [photo.photo for photo in photos],
            params.rig,
            params.front,
            min_registered=params.min_registered,
            min_fraction=params.min_registered_fraction,
        )
    except Held as held:
        held.picture = _picture(held, posed, photos, masks or {}, facts)
        raise


def _picture(
    held: Held, posed: "PoseResult", photos: "list[PhotoFile]", mattes: Mapping[str, Path], facts: list[PhotoFacts]
) -> bytes:
    """All photos with their mattes as PNG, those without a pose first."""
    from pipeline.imaging.sheet.mattes import MatteTile, Verdicts, matte_sheet

    registered = {image.photo for image in posed.model.images} if posed.model else set()
    empty = {photo.name for photo in posed.unusable}

    def fault(photo: "PhotoFile") -> str | None:
        if photo.name in empty:
            return "nothing was cut out (see cutout)"
        if photo.photo in posed.strays:
            return "its position is beside the ring of the others"
        return None if photo.photo in registered else "it could not be matched to the others"

    shown = shown_names(facts)
    tiles = [
        MatteTile(photo.photo, photo.path, mattes.get(photo.photo), fault(photo), shown.get(photo.photo))
        for photo in photos
    ]
    tiles.sort(key=lambda tile: tile.fault is None)
    return matte_sheet(held.what.partition(";")[0], "sfm is held", tiles, Verdicts(bad="not posed", good="posed"))


STAGE = Stage("sfm", 7, Inputs, Params, Outputs, run)
