"""What one cut-out photo shows of its product."""

from pipeline.core.arrays import Rgba
from pipeline.core.domain import Frozen
from pipeline.language.colours import OPAQUE, ColourShare, colours_of
from pipeline.language.evidence.gloss import Gloss, gloss_of
from pipeline.language.evidence.pattern import Pattern, pattern_of
from pipeline.language.evidence.picture import Box, Readable, product_box, to_measure
from pipeline.language.evidence.readers.base import Line

OPAQUE_AT_LEAST = 100  # px at the size for measuring: fewer show no surface


class PhotoEvidence(Frozen):
    """What one photo shows. `share`: of its px that are product, 0 to 1; 0: nothing is visible, and the rest is empty.

    `box`: left, top, width, height of the product in px of the photo, as the boxes of `lines`. `whole`: the product
    does not reach the photo's edge. `pattern`, `gloss`: None where this photo cannot tell.
    """

    share: float
    box: Box = (0, 0, 0, 0)
    whole: bool = False
    colours: tuple[ColourShare, ...] = ()
    pattern: Pattern | None = None
    gloss: Gloss | None = None
    lines: tuple[Line, ...] = ()


def measured(picture: Rgba) -> PhotoEvidence:
    """Measure a cut-out photo [h, w, 4] uint8, straight alpha. Its text is not read. Deterministic."""
    box = product_box(picture)
    if box is None:
        return PhotoEvidence(share=0.0)
    small = to_measure(picture, box)
    if int((small[..., 3] >= OPAQUE).sum()) < OPAQUE_AT_LEAST:
        return PhotoEvidence(share=0.0)
    share = float((picture[..., 3] >= OPAQUE).mean())
    left, top, width, height = box
    whole = left > 0 and top > 0 and left + width < picture.shape[1] and top + height < picture.shape[0]
    return PhotoEvidence(
        share=round(share, 6),
        box=box,
        whole=whole,
        colours=colours_of(small),
        pattern=pattern_of(small),
        gloss=gloss_of(small),
    )


def in_photo(line: Line, source: Readable) -> Line:
    """A line that was read in `source`, with its box in px of the photo."""
    left, top, width, height = (round(value / source.scale) for value in line.box)
    return line.model_copy(update={"box": (source.left + left, source.top + top, width, height)})
