"""composite_words: whether the words on the product, as its photos show them, can be read in a rendered angle."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.arrays import F64, Rgb, Rgba
from pipeline.core.domain import Frozen, View, angle_between_deg, camera_centre
from pipeline.core.evidence import PhotoLines, Reading
from pipeline.core.records import Check, Homography, Picture, load_list
from pipeline.language.evidence.readers.base import Line
from pipeline.language.evidence.readers.registry import ENGINES

if TYPE_CHECKING:  # these modules load the imaging libraries
    from pipeline.imaging.checks.words import Text
    from pipeline.language.evidence.picture import Readable
    from pipeline.splatting.show.seen import Depth

LETTER_PX = 14.0  # height in the picture, as it is read, from which a word must be legible
SURE = 0.8  # score from which a reading of a photo counts
VISIBLE = 0.95  # of a text's box that the angle must show
OBLIQUE = 0.5  # width over height of a text, relative to the photo: below, it turns out of sight
MARGIN = 0.5  # of a text's shorter side, around it while it is read by itself
BOARD_FLATTEST = 0.5  # height over width: readers enlarge flat pictures, which takes seconds
PITCH = 0.6  # of a letter's height: from one letter to the next


class WordsInputs(Frozen):
    """The picture of an angle, the splat that drew it, and the cut-outs whose text was read: tree `<photo>.png`."""

    picture: Artifact
    splat: Artifact
    cutouts: Artifact


class WordsParams(Frozen):
    """The angle's `view` and `picture_from_view`, what was read in which photos by which reader, their views."""

    view: View
    picture_from_view: Homography | None = None
    read: PhotoLines
    views: tuple[View, ...]


class WordsReport(Frozen):
    """`check`: the check `legible_text`."""

    check: Check


class WordsOutputs(Frozen):
    """Only a report."""

    report: WordsReport


class _Photo(NamedTuple):
    """A photo whose text was read: its cut-out, its view as shot, and the splat's depth there."""

    cutout: Artifact
    view: View
    depth: "Depth"


class _Expected(NamedTuple):
    """A reading that the angle should show: its words, and where, with `box` and `bend` in px of the angle as read.

    `scale`: px of that per px of the photo, at most 1.
    """

    reading: Reading
    words: str
    box: tuple[float, float, float, float]
    bend: F64
    scale: float


def check_words(inputs: WordsInputs, params: WordsParams, work: Work) -> WordsOutputs:
    """Read the angle; words that it lacks are looked for in strips as the photo's camera would see them."""
    from pipeline.core.png import decode_png
    from pipeline.imaging.checks.words import legibility, lost_words
    from pipeline.language.evidence.picture import product_box, to_read
    from pipeline.splatting.ply import read_ply
    from pipeline.splatting.show.seen import depth_of

    splat = read_ply(work.read(inputs.splat), "the splat")
    picture = _before_perspective(decode_png(work.read(inputs.picture), channels=4), params)
    if not params.read.lines or (box := product_box(picture)) is None:
        return WordsOutputs(report=WordsReport(check=legibility(0, ())))
    there, cutouts = depth_of(splat, params.view.scaled_to(picture.shape[1])), work.tree(inputs.cutouts)
    photos = {view.photo: _Photo(cutouts[f"{view.photo}.png"], view, depth_of(splat, view)) for view in params.views}
    readable = to_read(picture, box)
    expected = _expected(params.read.lines, photos, there, readable)
    read = partial(_read, params)
    hidden = _hidden(expected, read(readable.rgb)) if expected else []
    lost = lost_words(*_strips(hidden, photos, readable.rgb, work), read) if hidden else ()
    looked_for = {word for one in expected for word in one.words.split()}
    return WordsOutputs(report=WordsReport(check=legibility(len(looked_for), lost)))


def _hidden(expected: Sequence[_Expected], lines: Sequence[Line]) -> list[_Expected]:
    """What is expected, reduced to the words that were not read."""
    from pipeline.imaging.checks.words import Text, unread

    return [one._replace(words=text.words) for one in expected for text in unread([Text(one.words, one.box)], lines)]


def _expected(
    readings: Sequence[Reading], photos: dict[str, _Photo], there: "Depth", readable: "Readable"
) -> list[_Expected]:
    """What the angle should show, large enough and not too obliquely, from the nearest photo to the farthest."""
    by_nearness = sorted(readings, key=lambda reading: _apart_deg(photos[reading.photo].view, there.view))
    return [one for reading in by_nearness if (one := _shown(reading, photos[reading.photo], there, readable))]


def _shown(reading: Reading, photo: _Photo, there: "Depth", readable: "Readable") -> _Expected | None:
    """Where the angle shows a reading; None if it shows too little of it, too small, or too obliquely."""
    import numpy as np

    from pipeline.splatting.show.seen import box_shown

    shown = box_shown(reading.box, photo.view, photo.depth, there)
    if shown is None or reading.score < SURE or shown.visible < VISIBLE:
        return None
    narrow, wide = sorted((shown.across, shown.down))
    scale = narrow * readable.scale
    if narrow < OBLIQUE * wide or letter_px(reading) * scale < LETTER_PX:
        return None
    corner = np.array([readable.left, readable.top])
    left, top = ((np.array(shown.box[:2]) - corner) * readable.scale).tolist()
    bend = shown.bend * readable.scale
    bend[0] -= corner * readable.scale
    box = (left, top, shown.box[2] * readable.scale, shown.box[3] * readable.scale)
    return _Expected(reading, reading.text, box, bend, min(1.0, scale))


def _apart_deg(first: View, second: View) -> float:
    return angle_between_deg(camera_centre(first.pose), camera_centre(second.pose))


def letter_px(reading: Reading | Line) -> float:
    """Height of the letters in px of the picture, estimated: a box may hold a text that is turned or curved."""
    _, _, width, height = reading.box
    letters = max(1, len(reading.text.replace(" ", "")))
    return min(width, height, math.hypot(width, height) / (PITCH * letters))


def _strips(
    hidden: Sequence[_Expected], photos: dict[str, _Photo], rgb: Rgb, work: Work
) -> tuple[Rgb, Rgb, list["Text"]]:
    """Two pictures with one text below the other, as the photos show them and as the angle does, and where they are.

    The photos are shrunk to the angle's scale, so that they show no more than the angle can. `rgb`: the angle as read.
    """
    import numpy as np

    from pipeline.core.png import decode_png
    from pipeline.imaging.checks.words import Text
    from pipeline.language.evidence.picture import GROUND, on_ground
    from pipeline.splatting.show.seen import bent

    strips, texts, below = [], [], 0
    for one in hidden:
        photo = on_ground(decode_png(work.read(photos[one.reading.photo].cutout), channels=4))
        strip, u, v = _strip(photo, one)
        strips.append((strip, bent(rgb, one.bend, u, v, GROUND)))
        texts.append(Text(one.words, (0, below, strip.shape[1], strip.shape[0])))
        below += 2 * strip.shape[0]  # so far apart that a text is not looked for in another strip
    width = max(strip.shape[1] for strip, _ in strips)
    boards = np.full((2, max(below, round(width * BOARD_FLATTEST)), width, 3), GROUND, np.uint8)
    for text, pair in zip(texts, strips, strict=True):
        top = round(text.box[1])
        for board, strip in zip(boards, pair, strict=True):
            board[top : top + strip.shape[0], : strip.shape[1]] = strip
    return boards[0], boards[1], texts


def _strip(photo: Rgb, one: _Expected) -> tuple[Rgb, F64, F64]:
    """A text with a margin, cut from its photo at the angle's scale, and the places (u, v) of its px in its box."""
    import cv2
    import numpy as np

    left, top, width, height = one.reading.box
    margin = MARGIN * min(width, height)
    first, last = max(0, round(top - margin)), max(0, round(left - margin))
    part = photo[first : round(top + height + margin), last : round(left + width + margin)]
    size = max(1, round(part.shape[1] * one.scale)), max(1, round(part.shape[0] * one.scale))
    x = last + (np.arange(size[0]) + 0.5) * part.shape[1] / size[0]
    y = first + (np.arange(size[1]) + 0.5) * part.shape[0] / size[1]
    u, v = np.meshgrid((x - left) / width, (y - top) / height)
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8), u, v


def _read(params: WordsParams, rgb: Rgb) -> tuple[Line, ...]:
    reader = ENGINES.parse(params.read.reader)
    return ENGINES.of(reader).read(rgb, reader)


def _before_perspective(picture: Rgba, params: WordsParams) -> Rgba:
    """The picture as the camera of `params.view` sees it: a change of perspective is undone."""
    if params.picture_from_view is None:
        return picture
    import cv2
    import numpy as np

    camera = params.view.camera
    matrix = np.array(params.picture_from_view)
    size = camera.width_px, camera.height_px
    return np.asarray(
        cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP), np.uint8
    )


WORDS_ITEM = Stage("composite_words", 1, WordsInputs, WordsParams, WordsOutputs, check_words)


@dataclass(frozen=True)
class ReadPhotos:
    """The shoot's cut-outs by photo name, the photos' views, what was read in them, and the splat."""

    cutouts: dict[str, Artifact]
    views: dict[str, View]
    read: PhotoLines
    splat: Artifact

    def check(self, picture: Picture, file: Artifact, work: Work) -> tuple[Check, ...]:
        """The check `legible_text` of a rendered angle; none for others, and none if its camera is unknown."""
        if picture.source != "rendered" or picture.view is None:
            return ()
        lines = tuple(line for line in self.read.lines if line.score >= SURE and line.photo in self.views)
        photos = sorted({line.photo for line in lines})
        inputs = WordsInputs(
            picture=file, splat=self.splat,
            cutouts=work.put_tree({f"{photo}.png": self.cutouts[f"{photo}.png"] for photo in photos}),
        )  # fmt: skip
        params = WordsParams(
            view=picture.view,
            picture_from_view=picture.picture_from_view,
            read=self.read.model_copy(update={"lines": lines}),
            views=tuple(self.views[photo] for photo in photos),
        )
        return (work.item(f"{picture.angle.name}/words", WORDS_ITEM, inputs, params).report.check,)


def read_photos(
    cutouts: Artifact, views: Artifact | None, lines: Artifact | None, splat: Artifact | None, work: Work
) -> ReadPhotos | None:
    """What rendered angles are compared with; None where the step that knows it was held or not needed."""
    if views is None or lines is None or splat is None:
        return None
    return ReadPhotos(
        cutouts=work.tree(cutouts),
        views={view.photo: view for view in load_list(View, work.read(views))},
        read=PhotoLines.model_validate_json(work.read(lines)),
        splat=splat,
    )
