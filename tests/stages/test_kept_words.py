"""The item `composite_kept_words` and who calls it: words on a product before and after it may have been altered."""

import cv2
import numpy as np
import pytest

from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.evidence import PhotoLines
from pipeline.core.png import encode_png
from pipeline.core.records import AssetRecord, dump_json, load_list
from pipeline.core.retouches import Alteration
from pipeline.language.evidence.readers import none, rapid
from pipeline.stages.composite.kept_words import KEPT_WORDS_ITEM, KeptWordsInputs, KeptWordsParams
from tests.stages.test_composite import ComposedShoot

READER = rapid.Params().model_dump(mode="json")
TAG = (0.3, 0.62, 0.7, 0.8)  # around the second line
WORDS = (("NORTH RIDGE", 220, 2.6), ("EST. 1987", 400, 1.8))


def product(words=WORDS, width=1000, height=560, channels=4):
    """A printed board, RGBA, with a transparent margin."""
    page = np.zeros((height, width, 4), np.uint8)
    page[40:-40, 40:-40] = (60, 90, 130, 255)
    for text, y, size in words:
        (length, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, size, 5)
        at = ((width - length) // 2, y)
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_DUPLEX, size, (240, 240, 230, 255), 5, cv2.LINE_AA)
    return page[..., :channels].copy()


def checked(tmp_path, after, **params):
    store = Store(tmp_path)
    before, changed = (store.put(encode_png(each), "image/png") for each in (product(), after))
    values = KeptWordsParams(**{"reader": READER, **params})
    return (
        Runner(store).run(KEPT_WORDS_ITEM, KeptWordsInputs(before=before, after=changed), values).outputs.report.check
    )


def test_words_that_are_still_read_pass(tmp_path):
    check = checked(tmp_path, product())
    assert check.passed and check.value == 0 and "looked for and read" in check.words


def test_a_word_that_changed_outside_the_declared_area_is_named(tmp_path):
    check = checked(tmp_path, product((("NORTH BRIDE", 220, 2.6),)), declared=(TAG,))
    assert check.passed is False and check.severity == "review"
    assert "RIDGE" in check.words and "1987" not in check.words


def test_a_word_inside_the_declared_area_may_go(tmp_path):
    after = product(WORDS[:1])
    assert checked(tmp_path, after, declared=(TAG,)).passed
    assert "1987" in checked(tmp_path, after).words


def test_words_of_a_worn_garment_are_looked_for_in_the_whole_picture(tmp_path):
    scene = np.full((1100, 1400, 3), 200, np.uint8)
    scene[500:1060, 380:1380] = np.where(product()[..., 3:] > 0, product(channels=3), 200)
    assert checked(tmp_path, scene, moved=True).passed
    scene[800:, :] = 200
    check = checked(tmp_path, scene, moved=True)
    assert check.passed is False and "1987" in check.words


@pytest.mark.parametrize("before", [product(()), np.zeros((200, 200, 4), np.uint8)])
def test_nothing_is_looked_for_where_nothing_is_written(tmp_path, monkeypatch, before):
    monkeypatch.setattr("tests.stages.test_kept_words.product", lambda: before)
    check = checked(tmp_path, before)
    assert check.passed and check.words == "no words to look for"


def test_without_a_reader_nothing_is_looked_for(tmp_path):
    check = checked(tmp_path, product(()), reader=none.Params().model_dump(mode="json"))
    assert check.passed and check.words == "no words to look for"


def composed(tmp_path, after, *, lines=True):
    """The record of a captured front that was retouched: the first check of its words, or None."""
    shoot = ComposedShoot(tmp_path)
    store = shoot.store
    alteration = Alteration(operation="retouch", what="removed: tag", box=TAG)
    shoot.pictures = [shoot.pictures[0].model_copy(update={"alterations": (alteration,)}), *shoot.pictures[1:]]
    shoot.product, shoot.angles["front"] = product(), after
    inputs = shoot.inputs().model_copy(
        update={
            "unaltered": store.put_tree({"front.png": store.put(encode_png(product()), "image/png")}),
            "lines": store.put(dump_json(PhotoLines(reader=READER)), "application/json") if lines else None,
        }
    )
    out = shoot.compose(inputs)
    records = [r for r in load_list(AssetRecord, store.read(out.checks)) if r.path.startswith("front/white")]
    return next((check for check in records[0].checks if check.name == "legible_text"), None)


def test_a_retouched_photo_must_keep_its_other_words(tmp_path):
    assert composed(tmp_path, product(WORDS[:1])).passed
    lost = composed(tmp_path, product(WORDS[1:]))
    assert lost.passed is False and "NORTH" in lost.words


def test_a_retouched_photo_is_not_read_where_evidence_was_held(tmp_path):
    assert composed(tmp_path, product(WORDS[1:]), lines=False) is None
