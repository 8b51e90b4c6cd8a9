"""composite_kept_words: whether what may have altered a product has left the words on it legible."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.evidence import PhotoLines
from pipeline.core.records import Check, Picture
from pipeline.core.retouches import Alteration, Box
from pipeline.language.evidence.readers.base import Line
from pipeline.language.evidence.readers.registry import ENGINES
from pipeline.stages.composite.words import LETTER_PX, SURE, ReadPhotos, letter_px

if TYPE_CHECKING:  # loads the imaging libraries
    from pipeline.core.arrays import Rgb
    from pipeline.imaging.checks.words import Text
    from pipeline.language.evidence.picture import Readable

EVERYWHERE = (0.0, 0.0, 1e9, 1e9)  # px: a garment that a person wears has moved


class KeptWordsInputs(Frozen):
    """A picture of the product before it was altered, and after: PNG, RGBA; `after` may be RGB."""

    before: Artifact
    after: Artifact


class KeptWordsParams(Frozen):
    """`reader`: the engine that reads. `declared`: where words may change, as in `Alteration`.

    `moved`: the product is elsewhere in the picture after, which shows more than the product.
    """

    reader: dict[str, Any]
    declared: tuple[Box, ...] = ()
    moved: bool = False


class KeptWordsReport(Frozen):
    """`check`: the check `legible_text`."""

    check: Check


class KeptWordsOutputs(Frozen):
    """Only a report."""

    report: KeptWordsReport


def check_kept_words(inputs: KeptWordsInputs, params: KeptWordsParams, work: Work) -> KeptWordsOutputs:
    """Read the product before; words outside the declared areas must be read after, near the same place or anywhere."""
    from pipeline.core.png import decode_png
    from pipeline.imaging.checks.words import legibility, legible_text
    from pipeline.language.evidence.picture import product_box, to_read

    before = decode_png(work.read(inputs.before), channels=4)
    box = product_box(before)
    if box is None:
        return KeptWordsOutputs(report=KeptWordsReport(check=legibility(0, ())))
    shown = to_read(before, box)
    after = decode_png(work.read(inputs.after), channels=3 if params.moved else 4)
    rgb = after if params.moved else to_read(after, box).rgb
    engine = ENGINES.parse(params.reader)
    lines = ENGINES.of(engine).read(shown.rgb, engine)
    height, width = before.shape[:2]
    texts = _texts(lines, shown, params, (width, height))

    def read(picture: "Rgb") -> tuple[Line, ...]:
        return lines if picture is shown.rgb else ENGINES.of(engine).read(picture, engine)

    return KeptWordsOutputs(report=KeptWordsReport(check=legible_text(shown.rgb, rgb, texts, read)))


def _texts(lines: tuple[Line, ...], shown: "Readable", params: KeptWordsParams, size: tuple[int, int]) -> "list[Text]":
    """What the picture after must show: lines that are surely read, large enough, and outside the declared areas."""
    from pipeline.imaging.checks.words import Text

    texts = []
    for line in lines:
        if line.score < SURE or letter_px(line) < LETTER_PX:
            continue
        if any(_meets(line, box, shown, size) for box in params.declared):
            continue
        texts.append(Text(line.text, EVERYWHERE if params.moved else line.box))
    return texts


def _meets(line: Line, box: Box, shown: "Readable", size: tuple[int, int]) -> bool:
    """Whether a line of the picture as read meets a box, which is given in shares of the picture of `size`."""
    corner = shown.left, shown.top
    for axis in (0, 1):
        low, high = (
            corner[axis] + side / shown.scale for side in (line.box[axis], line.box[axis] + line.box[axis + 2])
        )
        if high <= box[axis] * size[axis] or low >= box[axis + 2] * size[axis]:
            return False
    return True


KEPT_WORDS_ITEM = Stage("composite_kept_words", 1, KeptWordsInputs, KeptWordsParams, KeptWordsOutputs, check_kept_words)


def declared(alterations: tuple[Alteration, ...]) -> tuple[Box, ...]:
    """Where words may change: where something was removed. Refining and try-on must keep all."""
    return tuple(each.box for each in alterations if each.operation == "retouch")


@dataclass(frozen=True)
class Words:
    """What the words on pictures are compared with: photos, and the pictures before they were altered.

    `photographed`, `reader`: None where the step that knows them was held or not needed.
    """

    photographed: ReadPhotos | None
    reader: dict[str, Any] | None
    unaltered: dict[str, Artifact]

    def check(self, picture: Picture, file: Artifact, unedited: Artifact | None, work: Work) -> tuple[Check, ...]:
        """The check `legible_text` of an angle that was rendered or altered; of two, that which fails.

        A rendered angle is compared with the photos before words were removed from it, unless it was edited as well.
        """
        before = self.unaltered.get(f"{picture.angle.name}.png")
        seen = file if before is None or picture.edits else before
        found = self.photographed.check(picture, seen, work) if self.photographed else ()
        if before is None or self.reader is None:
            return found
        inputs = KeptWordsInputs(before=before, after=unedited or file)
        params = KeptWordsParams(reader=self.reader, declared=declared(picture.alterations))
        kept = work.item(f"{picture.angle.name}/kept-words", KEPT_WORDS_ITEM, inputs, params).report.check
        return (min((*found, kept), key=lambda check: bool(check.passed)),)

    def check_worn(self, name: str, garment: Artifact, worn: Artifact, work: Work) -> tuple[Check, ...]:
        """The check `legible_text` of a garment that a person wears: they must be read somewhere in it."""
        if self.reader is None:
            return ()
        inputs, params = KeptWordsInputs(before=garment, after=worn), KeptWordsParams(reader=self.reader, moved=True)
        return (work.item(f"{name}/kept-words", KEPT_WORDS_ITEM, inputs, params).report.check,)


def words_of(photographed: ReadPhotos | None, lines: Artifact | None, unaltered: Artifact | None, work: Work) -> Words:
    """Words that pictures must keep. `lines`: as read in the photos; `unaltered`: tree `<angle>.png` of render."""
    reader = PhotoLines.model_validate_json(work.read(lines)).reader if lines else None
    return Words(photographed, reader, work.tree(unaltered) if unaltered else {})
