import numpy as np
import pytest

from pipeline.core.edits import Edits
from pipeline.core.measured import Likeness, Shares
from pipeline.imaging.checks.judge import judge
from pipeline.imaging.checks.source import check_captured, check_edits, check_rendered, check_whole, detail_notes
from pipeline.imaging.compositing.edits import apply_edits
from pipeline.imaging.compositing.framing import product_mask
from tests.imaging.checks import faults
from tests.imaging.products import make_product, on_studio


@pytest.fixture(scope="module")
def product():
    return make_product(440, 420)


def failed(checks):
    return {check.name for check in checks if check.passed is False}


def test_changed_pixels_other_mattes_and_remains_of_the_backdrop_are_detected(product):
    photo = on_studio(product)
    clean = check_captured(photo, product, product)
    assert judge(clean) == ("published", ())
    painted = product.copy()
    painted[150, 150, 0] += 1
    assert failed(check_captured(photo, product, painted)) == {"photo_exact"}
    eaten = product.copy()
    eaten[:120, :, 3] = 0
    assert failed(check_captured(photo, product, eaten)) == {"cutout_iou"}
    wide = product.copy()
    away = faults.ndimage.distance_transform_edt(product[..., 3] == 0)
    wide[..., 3][(away > 0) & (away <= 3)] = 255
    wide[..., :3] = photo
    assert "old_backdrop" in failed(check_captured(photo, wide, wide))
    assert failed(check_captured(photo[:-1], product, product)) == {"photo_exact"}


def likeness(ssim, photo="DSC_0002", fitted=True, weakest=0.9):
    return Likeness(photo=photo, ssim=ssim, weakest=weakest, splat_ssim=0.5, photographed=0.8, fitted=fitted)


@pytest.mark.parametrize(("ssims", "verdict"), [((0.93,), "published"), ((0.93, 0.7), "in review"), ((), "published")])
def test_an_angle_whose_like_differs_from_a_photo_goes_to_review(ssims, verdict):
    checks = check_rendered("DSC_0002", [likeness(ssim) for ssim in ssims], 0.85)
    actual, reasons = judge(checks)
    assert actual == verdict
    assert any("DSC_0002" in check.words for check in checks)
    assert all("prints and small text" in reason for reason in reasons)


def test_the_photo_that_is_matched_worst_judges():
    checks = check_rendered("DSC_0002", [likeness(0.95), likeness(0.8, "DSC_0004", fitted=False)], 0.85)
    assert judge(checks)[0] == "in review"
    assert "generative" not in checks[0].words
    assert "refined by a generative model" in check_rendered("DSC_0002", (), 0.85, refined=True)[0].words
    (like,) = (check for check in checks if check.name == "likeness")
    assert like.value == 0.8 and "from the place of DSC_0004" in like.words
    assert "SSIM of 0.80 (0.50 before the detail" in like.words


def test_a_part_that_is_missing_goes_to_review_whatever_the_mean_says():
    (part,) = [
        c for c in check_rendered("P", [likeness(0.95), likeness(0.95, "Q", weakest=0.4)], 0.85) if c.passed is False
    ]
    assert (part.name, part.value, part.severity) == ("weakest_part", 0.4, "review") and "Q" in part.words


def test_a_picture_that_differs_from_its_edits_result_is_rejected(product):
    edits = Edits.model_validate({"crop": {"left": 0.05}, "rotate_deg": 3, "contrast": 1.2})
    picture, _ = apply_edits(product, edits)
    clean = check_edits(product, edits, picture)
    assert clean.passed and clean.words == "edited as shoot.yaml asks: cropped, rotated 3 deg, contrast 1.2"
    rounded = np.clip(picture.astype(int) + 1, 0, 255).astype(np.uint8)
    assert check_edits(product, edits, rounded).passed
    painted = picture.copy()
    painted[120:140, 80:110, :3] ^= 8
    painted_over = check_edits(product, edits, painted)
    assert judge([painted_over])[0] == "rejected" and painted_over.value == 600
    assert not check_edits(product, edits, product).passed


@pytest.mark.parametrize(
    ("edits", "edge"),
    [
        ({"crop": {"left": 0.3}}, "left"),
        ({"crop": {"right": 0.3}, "rotate_deg": 12}, "right"),
        ({"crop": {"top": 0.3}}, "top"),
        ({"crop": {"bottom": 0.3}, "resize": 1.5}, "bottom"),
        ({"size_px": [100, 400]}, "left and right"),
    ],
)
def test_an_edit_that_cuts_off_part_of_the_product_goes_to_review(product, edits, edge):
    cut = check_whole(product, Edits.model_validate(edits))
    solid = product_mask(product[..., 3])
    assert cut.words.endswith(f"of the product at the {edge}") and judge([cut])[0] == "in review"
    if set(edits) == {"crop"}:
        kept = product_mask(apply_edits(product, Edits.model_validate(edits))[0][..., 3])
        assert cut.value == pytest.approx(1 - kept.sum() / solid.sum(), abs=0.001)


@pytest.mark.parametrize(
    "edits",
    [
        {"crop": {"left": 0.01}},
        {"rotate_deg": 33},
        {"resize": 0.5},
        {"perspective": {"vertical": 0.3}},
        {"contrast": 1.2},
    ],
)
def test_edits_that_leave_the_whole_product_pass(product, edits):
    assert check_whole(product, Edits.model_validate(edits)).passed


def test_a_crop_that_asks_for_a_detail_is_only_noted(product):
    cut = check_whole(product, Edits.model_validate({"crop": {"left": 0.3, "detail": True}}))
    assert cut.passed is None and judge([cut]) == ("published", ()) and "detail" in cut.words


def test_a_rendered_angle_says_how_much_of_it_was_photographed():
    (note,) = detail_notes(Shares.of(0.85), ("DSC_0004", "DSC_0006"))
    assert (note.name, note.value, note.passed) == ("photographed", 0.85, None)
    assert "85% of the product's pixels have the detail of photos (DSC_0004, DSC_0006), 15% only" in note.words
    assert detail_notes(None, ()) == ()


@pytest.mark.parametrize(("photographed", "generated"), [(1.0, 0.0), (0.8, 0.25), (0.3333, 0.6667), (0.0, 1.0)])
def test_shares_add_up_to_the_whole_product(photographed, generated):
    shares = Shares.of(photographed).painted(generated)
    assert shares.photographed + shares.splat + shares.generated == pytest.approx(1, abs=1e-9)
    assert shares.photographed == pytest.approx(photographed * (1 - generated), abs=1e-4)
