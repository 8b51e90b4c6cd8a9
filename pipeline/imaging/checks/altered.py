"""What may have altered the product itself, as a check that no measurement can pass."""

from collections.abc import Sequence

import numpy as np

from pipeline.core.arrays import Rgb, Rgba
from pipeline.core.records import Check
from pipeline.core.retouches import Alteration, Box
from pipeline.imaging.checks.evidence import finding


def check_alterations(alterations: Sequence[Alteration]) -> tuple[Check, ...]:
    """One failed check for all alterations: a person has to look, and the record keeps what was done."""
    if not alterations:
        return ()
    done = "; ".join(f"{each.operation} {_where(each.box)}({each.what})" for each in alterations)
    words = f"the product itself may have been altered: {done}"
    return (finding("altered", len(alterations), "count", words, threshold=0, passed=False, severity="review"),)


def _where(box: Box) -> str:
    if box == (0.0, 0.0, 1.0, 1.0):
        return ""
    left, top, right, bottom = (f"{side:.0%}" for side in box)
    return f"from {left} to {right} of the width and {top} to {bottom} of the height "


def unaltered(picture: Rgba, photo: Rgb, cutout: Rgba, boxes: Sequence[Box]) -> Rgba:
    """The picture [h, w, 4] as it was before, inside the boxes: colours of the photo, alpha of the cut-out.

    What is outside is the picture's own, so that it can be compared with the photo.
    """
    if not boxes or picture.shape[:2] != photo.shape[:2] or picture.shape != cutout.shape:
        return picture
    height, width = picture.shape[:2]
    out = picture.copy()
    for left, top, right, bottom in boxes:
        rows = slice(int(np.floor(top * height + 1e-3)), int(np.ceil(bottom * height - 1e-3)))
        columns = slice(int(np.floor(left * width + 1e-3)), int(np.ceil(right * width - 1e-3)))
        out[rows, columns, :3] = photo[rows, columns]
    return out
