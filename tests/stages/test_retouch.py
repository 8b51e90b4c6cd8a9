"""Retouching in the render stage: what changes, what does not, and what the record says."""

import io

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from pipeline.core.errors import BadInput
from pipeline.core.png import decode_png, encode_png
from pipeline.core.retouches import Alteration
from pipeline.imaging.checks.altered import check_alterations, unaltered
from pipeline.imaging.checks.judge import judge
from pipeline.plan import STEPS, stage_of
from pipeline.stages.render.stage import Params
from tests.stages.test_render import DECISIONS, checkpoint, drawn, shot  # noqa: F401 - fixtures
from tests.stages.test_versions import stages_in

BOX = (0.4, 0.45, 0.6, 0.6)
TAG = {"remove": "hang tag", "box": BOX}


def settings(checkpoint, *wanted, **inpaint):  # noqa: F811
    return {"retouch": {"front": wanted}, "inpaint": {"checkpoint": checkpoint, "steps": 3, **inpaint}}


def front(store, shot, **params):  # noqa: F811
    """The front alone, without a splat."""
    return drawn(store, shot, DECISIONS[:1], splat=False, **params)


def gray(mask):
    out = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def pixels(store, files, name="front.png"):
    return decode_png(store.read(files[name]), channels=4)


def test_only_the_area_changes_and_the_record_says_where(store, shot, checkpoint):  # noqa: F811
    before = drawn(store, shot)[2]
    outputs, pictures, files, manifest = drawn(store, shot, **settings(checkpoint, TAG))
    assert store.tree(outputs.unaltered) == {"front.png": before["front.png"]}
    first, second = pixels(store, before), pixels(store, files)
    height, width = first.shape[:2]
    changed = (first != second).any(axis=2)
    ys, xs = np.nonzero(changed)
    assert len(ys) > 20
    assert BOX[0] * width - 1 <= xs.min() and xs.max() <= BOX[2] * width
    assert BOX[1] * height - 1 <= ys.min() and ys.max() <= BOX[3] * height
    assert np.array_equal(first[..., 3], second[..., 3])
    (alteration,) = pictures["front"].alterations
    assert (alteration.operation, alteration.what) == ("retouch", "removed: hang tag")
    assert np.allclose(alteration.box, BOX, atol=1 / min(width, height))
    assert manifest.items["front/retouched-1"].stage == "render_retouch"
    shares = pictures["front"].shares
    assert 0 < shares.generated < 0.5 and shares.photographed == pytest.approx(1 - shares.generated, abs=1e-3)
    assert files["side.png"] == before["side.png"] and not pictures["side"].alterations


def test_a_mask_may_have_any_shape_and_several_retouches_follow_each_other(store, shot, checkpoint):  # noqa: F811
    height, width = pixels(store, front(store, shot)[2]).shape[:2]
    y, x = np.mgrid[:height, :width]
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (width / 10) ** 2
    masks = store.put_tree({"masks/tag.png": store.put(gray(np.where(disc, 255, 0)), "image/png")})
    wanted = ({"remove": "tag", "mask": "masks/tag.png"}, TAG)
    plain = pixels(store, front(store, shot)[2])
    _, _, files, _ = front(store, shot, masks=masks, **settings(checkpoint, wanted[0]))
    changed = (pixels(store, files) != plain).any(axis=2)
    assert changed.any() and not (changed & ~disc).any()
    both = front(store, shot, masks=masks, **settings(checkpoint, *wanted))[1]["front"].alterations
    assert [each.what for each in both] == ["removed: tag", "removed: hang tag"]


def test_a_mask_of_another_size_and_a_box_without_product_are_named(store, shot, checkpoint):  # noqa: F811
    small = store.put(gray(np.full((64, 64), 255)), "image/png")
    masks = store.put_tree({"masks/tag.png": small})
    wanted = {"remove": "tag", "mask": "masks/tag.png"}
    with pytest.raises(BadInput, match=r"the mask is 64 x 64 px.*as large as the picture"):
        front(store, shot, masks=masks, **settings(checkpoint, wanted))
    colour = store.put(encode_png(np.full((64, 64, 3), 255, np.uint8)), "image/png")
    with pytest.raises(BadInput, match=r"masks/tag\.png: its mode is RGB.*8-bit gray"):
        front(store, shot, masks=store.put_tree({"masks/tag.png": colour}), **settings(checkpoint, wanted))
    with pytest.raises(BadInput, match=r"no product where 'hang tag'.*Correct the box"):
        front(store, shot, **settings(checkpoint, {"remove": "hang tag", "box": (0, 0, 0.02, 0.02)}))


def test_what_cannot_be_retouched_is_refused_when_planning(checkpoint):  # noqa: F811
    with pytest.raises(ValidationError, match=r"preset's render\.inpaint"):
        Params(retouch={"front": [TAG]})
    with pytest.raises(ValidationError, match=r"'hang tag' has no box and no mask"):
        Params(**settings(checkpoint, {"remove": "hang tag"}))
    with pytest.raises(ValidationError, match="keep one of them"):
        Params(**settings(checkpoint, {**TAG, "mask": "masks/tag.png"}))
    with pytest.raises(ValidationError, match="is empty"):
        Params(**settings(checkpoint, {"remove": "tag", "box": (0.5, 0.2, 0.5, 0.4)}))
    with pytest.raises(ValidationError, match="paints empty sets, not products"):
        Params(**settings("embedded", TAG))


def test_an_altered_product_goes_to_review_whatever_its_checks_say():
    tag = Alteration(operation="retouch", what="removed: hang tag", box=BOX)
    (check,) = check_alterations([tag])
    assert judge([check]) == ("in review", (check.words,))
    assert "retouch from 40% to 60% of the width and 45% to 60% of the height (removed: hang tag)" in check.words
    assert check_alterations([]) == ()


def test_outside_the_altered_area_every_pixel_is_still_compared_with_the_photo():
    photo = np.full((20, 30, 3), 90, np.uint8)
    cutout = np.dstack([photo, np.full((20, 30), 255, np.uint8)])
    picture = cutout.copy()
    picture[5:10, 6:12, :3] = 10
    box = (6 / 30, 5 / 20, 12 / 30, 10 / 20)
    assert np.array_equal(unaltered(picture, photo, cutout, [box]), cutout)
    picture[0, 0, :3] = 10
    assert (unaltered(picture, photo, cutout, [box]) != cutout).any(axis=2).sum() == 1


def test_only_operations_that_are_off_by_default_may_alter_the_product():
    altering = {stage.name for step in STEPS for stage in stages_in(step) if stage.alters}
    assert altering == {"render_refinement", "render_retouch", "background_worn", "composite_enlarged_altering"}
    defaults = stage_of("render").params()
    assert defaults.refine is None and defaults.inpaint is None and defaults.retouch == {}
    assert stage_of("background").params().worn is None
    assert not hasattr(stage_of("composite").params().upscale, "alter_product")
