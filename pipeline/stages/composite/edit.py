"""The item of composite that applies shoot.yaml's exact edits to one angle's picture, with a key of its own."""

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Check, Edits

Rows = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


class EditInputs(Frozen):
    """One angle's picture, RGBA."""

    picture: Artifact


class EditParams(Frozen):
    """What is to be done to it."""

    edits: Edits


class Moved(Frozen):
    """Where the edits took the picture's px: the width before, the homography to the edited picture, the resizing."""

    width_px: int
    resized: float = 1.0
    homography: Rows


class EditReport(Frozen):
    """Where the picture's px went, and what every asset made of it says of that."""

    moved: Moved
    checks: tuple[Check, ...]


class EditOutputs(Frozen):
    """`picture`: PNG, RGBA: from here on the master that every asset is held against."""

    picture: Artifact
    report: EditReport


def edit(inputs: EditInputs, params: EditParams, work: Work) -> EditOutputs:
    """Edit one picture."""
    from pipeline.core.png import encode_png
    from pipeline.imaging.channels.encode import decode_image
    from pipeline.imaging.compositing.edits import edited, in_words

    before = decode_image(work.read(inputs.picture), "the angle's picture", "RGBA")
    after, matrix = edited(before, params.edits)
    words = f"edited as shoot.yaml says: {in_words(params.edits)}"
    said = Check(name="edits", value=1, unit="flag", severity="info", words=words)
    first, second, third = (tuple(row) for row in matrix.tolist())
    return EditOutputs(
        picture=work.put_bytes(encode_png(after), "image/png"),
        report=EditReport(
            moved=Moved(width_px=before.shape[1], resized=params.edits.resize, homography=(first, second, third)),
            checks=(said,),
        ),
    )


EDIT_ITEM = Stage("composite_edit", 2, EditInputs, EditParams, EditOutputs, edit)


def edit_angles(angles: Artifact, edits: dict[str, Edits], work: Work) -> dict[str, EditOutputs]:
    """Edit the pictures `<angle>.png` of a tree, by angle. BadInput: one is missing, or nothing is left."""
    tree, done = work.tree(angles), {}
    for name, asked in edits.items():
        if f"{name}.png" not in tree:
            raise BadInput(f"{name}.png is listed but was not made", remedy="run the steps above composite again")
        files = EditInputs(picture=tree[f"{name}.png"])
        done[name] = work.item(f"{name}/edits", EDIT_ITEM, files, EditParams(edits=asked))
    return done
