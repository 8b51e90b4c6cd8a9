"""The item stage of render that applies the edits of shoot.yaml to one angle's picture."""

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen, View
from pipeline.core.edits import EDIT_STAGE, EDIT_VERSION, Edits
from pipeline.core.records import Homography, Picture


class EditInputs(Frozen):
    """`picture`: PNG, RGBA."""

    picture: Artifact


class EditParams(Frozen):
    """The edits, and the view of the unedited picture, None when unknown."""

    edits: Edits
    view: View | None = None


class EditReport(Frozen):
    """The view of the edited picture, and how much larger it became, as recorded in `Picture`."""

    resized: float = 1.0
    view: View | None = None
    picture_from_view: Homography | None = None


class EditOutputs(Frozen):
    """`picture`: PNG, RGBA, edited."""

    picture: Artifact
    report: EditReport


def edit_angle(inputs: EditInputs, params: EditParams, work: Work) -> EditOutputs:
    """Edit one picture. Raises BadInput as `apply_edits` does."""
    from pipeline.core.png import decode_png, encode_png
    from pipeline.imaging.compositing.edits import apply_edits, edit_view, homography_rows, scale_of

    before = decode_png(work.read(inputs.picture))
    after, homography = apply_edits(before, params.edits)
    picture = work.put_bytes(encode_png(after), "image/png")
    resized = params.edits.resize if params.edits.size_px is None else scale_of(homography)
    if params.view is None:
        return EditOutputs(picture=picture, report=EditReport(resized=resized))
    view = params.view.scaled_to(before.shape[1])
    edited_view = edit_view(view, params.edits, homography, (after.shape[1], after.shape[0]))
    report = (
        EditReport(resized=resized, view=edited_view)
        if edited_view
        else EditReport(resized=resized, view=view, picture_from_view=homography_rows(homography))
    )
    return EditOutputs(picture=picture, report=report)


EDIT = Stage(EDIT_STAGE, EDIT_VERSION, EditInputs, EditParams, EditOutputs, edit_angle)


def edited(picture: Picture, file: Artifact, edits: Edits, work: Work) -> tuple[Picture, Artifact]:
    """Apply the edits of shoot.yaml to a picture."""
    item = EditParams(edits=edits, view=picture.view)
    done = work.item(f"{picture.angle.name}/edited", EDIT, EditInputs(picture=file), item)
    return picture.model_copy(update={"edits": edits, **dict(done.report)}), done.picture
