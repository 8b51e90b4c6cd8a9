"""sfm: where every photo was taken from, and the product frame. Holds a shoot when too few photos can be related."""

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import PhotoFacts, dump_json, load_list
from pipeline.posing.request import PoseParams, PoseReport


class Inputs(Frozen):
    """Upright sRGB photos, their cut-outs and what ingest learned about them."""

    photos: Artifact
    cutouts: Artifact
    facts: Artifact


class Params(PoseParams):
    """How to find the poses, and when they are good enough."""

    front: str = Field(description="the photo that shows the front, azimuth 0")
    use_masks: bool = Field(default=True, description="look at the product only; a turntable's backdrop does not turn")
    min_registered: int = Field(default=8, ge=3, description="fewer registered photos than this hold the shoot")
    min_registered_fraction: float = Field(default=0.7, gt=0, le=1, description="so does a smaller share of the photos")


class Outputs(Frozen):
    """`model`: tree `sparse/0/*.bin` in the product frame; `views`: JSON list of View."""

    model: Artifact
    views: Artifact
    report: PoseReport


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Pose the photos, judge the result, and write it in the product frame."""
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
    work.progress(0, 2, f"relating {len(photos)} photos to each other")
    posed = pose(photos, masks, {fact.photo: fact.focal_px for fact in facts}, params, work.scratch)
    names = [photo.photo for photo in photos]
    model = require_registered(
        posed,
        names,
        params.rig,
        params.front,
        min_registered=params.min_registered,
        min_fraction=params.min_registered_fraction,
    )
    work.progress(1, 2, f"{len(model.images)} of {len(photos)} photos registered")
    frame = product_frame(model, posed.silhouettes, params.rig, params.front)
    root = work.scratch / "model"
    write_model(frame.model, root / "sparse" / "0")
    return Outputs(
        model=work.put_folder(root),
        views=work.put_bytes(dump_json(list(frame.views))),
        report=report_of(posed, frame, names),
    )


STAGE = Stage("sfm", 3, Inputs, Params, Outputs, run)
