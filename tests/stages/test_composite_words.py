"""The item `composite_words` on a printed board, whose splat is known: what can be read from another side."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.domain import Camera, View, look_at
from pipeline.core.evidence import PhotoLines, Reading
from pipeline.core.png import encode_png
from pipeline.imaging.checks.words import Text, legible_text
from pipeline.language.evidence.readers import none, rapid
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.photos import projected
from pipeline.splatting.ply import Splat, write_ply
from pipeline.stages.composite.words import WORDS_ITEM, WordsInputs, WordsParams, letter_px

SAMPLES = Path(__file__).parents[2] / "examples" / "collection"
SIDE = 640
BOARD = np.array([[-0.9, 0, 0.5], [0.9, 0, 0.5], [0.9, 0, -0.5], [-0.9, 0, -0.5]])
WORDS = (("NORTH RIDGE", 220, 2.6), ("EST. 1987", 380, 1.4))


def splat():
    """A flat board of opaque Gaussians."""
    x, z = np.meshgrid(np.linspace(-0.9, 0.9, 55), np.linspace(-0.5, 0.5, 31))
    means = np.stack([x, np.zeros_like(x), z], axis=-1).reshape(-1, 3)
    count = len(means)
    values = (
        means, np.full((count, 3), np.log(0.03)), np.tile([1.0, 0, 0, 0], (count, 1)), np.full(count, 5.0),
        np.zeros((count, 1, 3)),
    )  # fmt: skip
    return Splat(Gaussians(*(v.astype(np.float32) for v in values)), antialias=True)


def view_of(azimuth_deg, side_px=SIDE):
    focal, middle = side_px * 1.6, side_px / 2
    lens = Camera(width_px=side_px, height_px=side_px, fx_px=focal, fy_px=focal, cx_px=middle, cy_px=middle)
    pose = tuple(map(tuple, look_at(azimuth_deg, 10.0, 3.6).tolist()))
    return View(photo="P0", camera=lens, cam_from_world=pose, azimuth_deg=azimuth_deg, elevation_deg=10.0)


def board_seen_by(view, words=WORDS, blur=0.0):
    """What a camera sees of the printed board, RGBA."""
    page = np.full((600, 1080, 4), (60, 90, 130, 255), np.uint8)
    for text, y, size in words:
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, size, 5)
        at = ((1080 - width) // 2, y)
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_DUPLEX, size, (240, 240, 230, 255), 5, cv2.LINE_AA)
    page = cv2.GaussianBlur(page, (0, 0), blur) if blur else page
    corners = projected(BOARD, view.camera, view.pose)[0].astype(np.float32)
    matrix = cv2.getPerspectiveTransform(np.float32([[0, 0], [1080, 0], [1080, 600], [0, 600]]), corners)
    return cv2.warpPerspective(page, matrix, (view.camera.width_px, view.camera.height_px), flags=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def photo():
    return board_seen_by(view_of(0.0))


@pytest.fixture(scope="module")
def read(photo):
    rgb = np.where(photo[..., 3:] > 0, photo[..., :3], 128).astype(np.uint8)
    lines = rapid.read(rgb, rapid.Params())
    assert [line.text.replace(" ", "") for line in lines] == ["NORTHRIDGE", "EST.1987"]
    readings = tuple(
        Reading(number=number, text=line.text, photo="P0", box=line.box, score=line.score)
        for number, line in enumerate(lines)
    )
    return PhotoLines(reader=rapid.Params().model_dump(mode="json"), lines=readings)


def checked(tmp_path, photo, picture, read, view, **params):
    store = Store(tmp_path)
    inputs = WordsInputs(
        picture=store.put(encode_png(picture), "image/png"),
        splat=store.put(write_ply(splat()), "model/ply"),
        cutouts=store.put_tree({"P0.png": store.put(encode_png(photo), "image/png")}),
    )
    values = WordsParams(view=view, read=read, views=(view_of(0.0),), **params)
    return Runner(store).run(WORDS_ITEM, inputs, values).outputs.report.check


def test_words_that_a_rendered_angle_keeps_are_read_in_it(tmp_path, photo, read):
    view = view_of(25.0)
    check = checked(tmp_path, photo, board_seen_by(view), read, view)
    assert check.passed and check.words.startswith(("3 words", "4 words", "2 words"))


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        ({"blur": 14.0}, "1987"),
        ({"words": (("NORTH RIDGE", 220, 2.6), ("EST. 1007", 380, 1.4))}, "1987"),
        ({"words": (("EST. 1987", 380, 1.4),)}, "NORTH"),
    ],
)
def test_words_that_a_rendered_angle_loses_or_changes_are_named(tmp_path, photo, read, spoilt, named):
    view = view_of(25.0)
    check = checked(tmp_path, photo, board_seen_by(view, **spoilt), read, view)
    assert check.passed is False and named in check.words and check.severity == "review"


def test_nothing_is_looked_for_on_a_side_that_turns_away_or_that_is_small(tmp_path, photo, read):
    blurred = {"blur": 14.0}
    for view in (view_of(78.0), view_of(25.0, side_px=120)):
        check = checked(tmp_path, photo, board_seen_by(view, **blurred), read, view)
        assert check.passed and check.words == "no words to look for"


def test_a_change_of_perspective_is_undone_before_the_angle_is_read(tmp_path, photo, read):
    view = view_of(25.0)
    matrix = np.array([[1.0, 0.12, -20], [0.02, 1.0, 0], [0.0002, 0, 1]])
    moved = cv2.warpPerspective(board_seen_by(view), matrix, (SIDE, SIDE))
    rows = tuple(map(tuple, matrix.tolist()))
    assert checked(tmp_path, photo, moved, read, view, picture_from_view=rows).passed


def test_without_a_reader_nothing_is_looked_for(tmp_path, photo):
    read = PhotoLines(reader=none.Params().model_dump(mode="json"))
    view = view_of(25.0)
    assert checked(tmp_path, photo, board_seen_by(view), read, view).words == "no words to look for"


@pytest.mark.parametrize(
    ("text", "box", "height_px"),
    [("SMALL", (0, 0, 300, 97), 97), ("EST 1987", (0, 0, 180, 98), 48.8), ("I", (0, 0, 6, 40), 6)],
)
def test_height_of_letters_is_estimated_from_box_and_text(text, box, height_px):
    reading = Reading(number=0, text=text, photo="P0", box=box, score=1)
    assert letter_px(reading) == pytest.approx(height_px, abs=0.5)


def test_small_print_of_the_sample_shirt_is_missed_at_the_size_of_a_quick_fit():
    photo = cv2.cvtColor(cv2.imread(str(SAMPLES / "tee-001" / "photos" / "DSC_0001.jpg")), cv2.COLOR_BGR2RGB)[500:1250]
    texts = [Text(line.text, line.box) for line in rapid.read(photo, rapid.Params())]
    assert "TRAIL & TEA CLUB EST. 1987" in {text.words for text in texts}
    height, width = photo.shape[:2]
    small = cv2.resize(photo, None, fx=384 / 1440, fy=384 / 1440, interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    check = legible_text(photo, enlarged, texts, lambda rgb: rapid.read(rgb, rapid.Params()))
    assert check.passed is False and '"NRTC"' in check.words and "NORTH" not in check.words
    assert legible_text(photo, photo, texts, lambda rgb: rapid.read(rgb, rapid.Params())).passed
