"""sfm: estimates the pose of every photo, in the product frame. Holds the shoot when too few can be registered."""

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
from pipeline.core.records import PhotoFacts, dump_json, load_list
from pipeline.posing.request import PoseParams, PoseReport

if TYPE_CHECKING:
    from pipeline.posing.colmap import PoseResult
    from pipeline.posing.photos import PhotoFile


class Inputs(Frozen):
    """Trees of photos (upright, sRGB) and of their cut-outs, and the `facts` of ingest."""

    photos: Artifact
    cutouts: Artifact
    facts: Artifact


class Params(PoseParams):
    """The settings of SfM, and when its result is good enough."""

    front: str = Field(description="the photo that shows the front, azimuth 0")
    use_masks: bool = Field(
        default=True, description="use only features on the product; a turntable's backdrop stands still"
    )
    min_registered: int = Field(default=8, ge=3, description="the shoot is held with fewer registered photos")
    min_registered_fraction: float = Field(
        default=0.7, gt=0, le=1, description="the shoot is held with a smaller share"
    )


class Outputs(Frozen):
    """`model`: tree `sparse/0/*.bin` in the product frame; `views`: JSON list of View."""

    model: Artifact
    views: Artifact
    report: PoseReport


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Estimate the poses and store them in the product frame.

    Raises Held when too few photos or not the front one are registered, BadInput, SfmFailed.
    """
    from pipeline.core.colmap.write import write_model
    from pipeline.posing.colmap import pose
    from pipeline.posing.judge import report_of, require_registered
    from pipeline.posing.photos import PhotoFile
    from pipeline.posing.product import product_frame

    facts = load_list(PhotoFacts, work.read(inputs.facts))
    if params.front not in {fact.photo for fact in facts}:
        raise BadInput(f"capture.front: there is no photo {params.front!r}", remedy="Name a photo of this shoot")
    folder = work.folder(inputs.photos, "photos")
    sizes_px = {fact.photo: (fact.width_px, fact.height_px) for fact in facts}
    photos = [PhotoFile(path, *sizes_px[path.stem]) for path in sorted(folder.iterdir())]
    masks = {path.stem: path for path in work.folder(inputs.cutouts, "cutouts").iterdir()} if params.use_masks else None
    work.progress(0, 2, f"registering {len(photos)} photos")
    posed = pose(photos, masks, {fact.photo: fact.focal_px for fact in facts}, params, work.scratch)
    names = [photo.photo for photo in photos]
    try:
        model = require_registered(
            posed,
            names,
            params.rig,
            params.front,
            min_registered=params.min_registered,
            min_fraction=params.min_registered_fraction,
        )
    except Held as held:
        held.picture = _picture(held, posed, photos, masks or {}, facts)
        raise
    work.progress(1, 2, f"{len(model.images)} of {len(photos)} photos registered")
    frame = product_frame(model, posed.silhouettes, params.rig, params.front)
    root = work.scratch / "model"
    write_model(frame.model, root / "sparse" / "0")
    return Outputs(
        model=work.put_folder(root),
        views=work.put_bytes(dump_json(list(frame.views))),
        report=report_of(posed, frame, names),
    )


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

    shown = shown_names({fact.photo: fact.source_name for fact in facts})
    tiles = [
        MatteTile(photo.photo, photo.path, mattes.get(photo.photo), fault(photo), shown.get(photo.photo))
        for photo in photos
    ]
    tiles.sort(key=lambda tile: tile.fault is None)
    return matte_sheet(held.what.partition(";")[0], "sfm is held", tiles, Verdicts(bad="not posed", good="posed"))


STAGE = Stage("sfm", 4, Inputs, Params, Outputs, run)
