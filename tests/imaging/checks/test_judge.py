from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.core.linear import linear_to_srgb
from pipeline.core.records import Check
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.channels.encode import decode_image, encode_8bit, encode_image, srgb_profile
from pipeline.imaging.channels.marking import xmp_packet
from pipeline.imaging.checks.evidence import Evidence
from pipeline.imaging.checks.fidelity import block_deltas
from pipeline.imaging.checks.judge import check_asset, judge
from pipeline.imaging.compositing.blend import make_layers
from pipeline.imaging.compositing.framing import Box
from tests.imaging.checks import faults
from tests.imaging.products import make_product

MARKING = "compositeCapture"
SMALL = {"width_px": 520, "height_px": 520, "long_side_at_least_px": 520}
AMAZON = load_channel("amazon_main").model_copy(update=SMALL)
PLAIN = load_channel("google").model_copy(update=SMALL)


def evidence_of(picture, backdrop, channel, kind="solid", source="captured"):
    layers = make_layers(picture, backdrop, channel, kind)
    image = linear_to_srgb(layers.blended())
    file = encode_8bit(image, channel, xmp_packet(MARKING))
    return Evidence(
        picture=picture,
        placement=layers.placement,
        behind=layers.behind,
        image=image,
        file=file,
        decoded=decode_image(file, "asset"),
        channel=channel,
        kind=kind,
        source=source,
        marking=MARKING,
    )


def ground(level, height=440, width=420):
    if level == "linen":
        rng = np.random.default_rng(4)
        return np.clip(150 + rng.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)
    return np.full((height, width, 3), level, np.uint8)


@pytest.fixture(scope="module")
def product():
    return make_product(440, 420)


def failed(checks):
    return {check.name for check in checks if check.passed is False}


def damaged(evidence, fault, **how):
    """The same asset with a fault only in the file, made after the image was finished."""
    image = fault(evidence.image, evidence.empty, np.random.default_rng(5), **how)
    assert (image != evidence.image).any(), "the fault must change something"
    file = faults.encode_jpeg(image, srgb_profile(), xmp_packet(MARKING))
    return replace(evidence, file=file, decoded=decode_image(file, "asset"))


@pytest.mark.parametrize("base", [(176, 92, 60), (238, 238, 236), (24, 24, 26), (20, 60, 160)])
@pytest.mark.parametrize("level", [255, 128, 30, "linen"])
def test_a_clean_asset_of_any_colour_is_published(base, level):
    picture = make_product(440, 420, base=base)
    channel = AMAZON if level == 255 else PLAIN
    checks = check_asset(evidence_of(picture, ground(level), channel))
    assert judge(checks)[0] == "published", judge(checks)
    assert len(checks) >= 14


@pytest.mark.parametrize("level", [20, 120, 235])
def test_smooth_grey_products_pass_and_a_colour_cast_on_them_fails(level):
    picture = make_product(440, 420)
    picture[..., :3] = np.array([level + 3, level, level - 2]) * np.linspace(0.9, 1.0, 420)[None, :, None]
    evidence = evidence_of(picture, ground(128 if level != 120 else 250), PLAIN)
    assert judge(check_asset(evidence)) == ("published", ())
    assert "product_colour_p95" in failed(check_asset(damaged(evidence, faults.colour_cast)))


@pytest.mark.parametrize(
    ("fault", "how", "expected"),
    [
        (faults.wide_mask, {}, {"outline_growth"}),
        (faults.colour_cast, {}, {"product_colour_p95"}),
        (faults.grey_white, {}, {"white_background"}),
        (faults.blurred, {}, {"sharpness"}),
    ],
)
def test_a_planted_fault_is_rejected_by_its_check(product, fault, how, expected):
    checks = check_asset(damaged(evidence_of(product, ground(255), AMAZON), fault, **how))
    assert judge(checks)[0] == "rejected"
    assert expected <= failed(checks), failed(checks)


@pytest.mark.parametrize("level", [255, 40, "linen"])
def test_a_shifted_label_is_rejected(product, level):
    evidence = evidence_of(product, ground(level), PLAIN)
    h, w = product.shape[:2]
    label = evidence.placement.of_box(Box(w * 0.26, h * 0.38, w * 0.56, h * 0.63))
    box = (int(label.top), int(label.bottom), int(label.left), int(label.right))
    checks = check_asset(damaged(evidence, faults.shifted_label, box=box))
    assert judge(checks)[0] == "rejected"
    assert "product_colour_worst" in failed(checks)


@pytest.mark.parametrize("level", [40, 128, "linen"])
def test_a_wide_mask_is_detected_on_dark_and_textured_backdrops(product, level):
    checks = check_asset(damaged(evidence_of(product, ground(level), PLAIN), faults.wide_mask))
    assert "outline_growth" in failed(checks)


def test_a_pixel_changed_before_encoding_is_detected(product):
    evidence = evidence_of(product, ground(255), AMAZON)
    image = evidence.image.copy()
    row, column = np.argwhere(evidence.alpha == 1)[500]
    image[row, column] ^= 1
    assert failed(check_asset(replace(evidence, image=image))) == {"product_exact"}
    image = evidence.image.copy()
    image[3, 3] = 254
    assert failed(check_asset(replace(evidence, image=image))) == {"outside_exact"}


def test_an_enlarged_photo_goes_to_review(product):
    channel = PLAIN.model_copy(update={"width_px": 1400, "height_px": 1400, "long_side_at_least_px": 1400})
    verdict, reasons = judge(check_asset(evidence_of(product, ground(255), channel)))
    assert verdict == "in review"
    assert any("enlarged" in words for words in reasons)


def navy_cloth():
    """A product of dark blue with soft folds, on which libyuv's rounding is worst."""
    picture = make_product(440, 420)
    y, x = np.mgrid[:440, :420]
    shade = 1 + 0.35 * np.sin(x / 19) * np.sin(y / 31)
    folds = np.clip(np.array([15.0, 25.5, 37.5]) * shade[..., None], 0, 255).round().astype(np.uint8)
    return np.where(picture[..., 3:] > 0, np.dstack([folds, picture[..., 3]]), 0).astype(np.uint8)


def test_avif_rounding_of_dark_blue_passes_and_a_moved_label_fails(product):
    avif = load_channel("web_avif").model_copy(update=SMALL)
    clean = check_asset(evidence_of(navy_cloth(), ground(255), avif))
    worst = next(check for check in clean if check.name == "product_colour_worst")
    assert worst.value > 1.8, "the rounding must be large for this test to be meaningful"
    assert judge(clean)[0] == "published", judge(clean)
    evidence = evidence_of(product, ground(255), avif)
    top, left = evidence.product.top, evidence.product.left
    h, w = evidence.product.alpha.shape
    box = (top + h // 3, top + 2 * h // 3, left + w // 3, left + 2 * w // 3)
    image = faults.shifted_label(evidence.image, evidence.empty, np.random.default_rng(5), box=box)
    file = encode_8bit(image, avif, xmp_packet(MARKING))
    moved = check_asset(replace(evidence, file=file, decoded=decode_image(file, "asset")))
    assert "product_colour_worst" in failed(moved)


def test_a_rendered_picture_counts_as_large_as_its_splat_was_fitted(product):
    evidence = evidence_of(product, ground(255), PLAIN, source="rendered")
    assert "enlargement" not in failed(check_asset(evidence))
    soft = check_asset(replace(evidence, fitted=0.25))
    assert "enlargement" in failed(soft) and "at which its splat was fitted" in " ".join(judge(soft)[1])
    (value,) = (check.value for check in soft if check.name == "enlargement")
    assert value == pytest.approx(4 * evidence.placement.scale, rel=1e-3)
    assert "enlargement" not in failed(check_asset(replace(evidence, fitted=0.25, resized=0.25)))


def test_enlargement_by_edits_counts_and_shrinking_does_not(product):
    evidence = evidence_of(product, ground(255), PLAIN)
    assert "enlargement" not in failed(check_asset(evidence))
    grown = check_asset(replace(evidence, resized=2.0 / evidence.placement.scale))
    assert "enlargement" in failed(grown) and "2.0 times" in " ".join(judge(grown)[1])
    shrunk = replace(evidence, resized=0.5)
    assert next(c.value for c in check_asset(shrunk) if c.name == "enlargement") == round(evidence.placement.scale, 4)


@pytest.mark.parametrize("media_type", ["image/png", "image/tiff"])
def test_an_eight_bit_archive_is_rejected(product, media_type):
    deep = load_channel("archive").model_copy(update={"media_type": media_type})
    flat = deep.model_copy(update={"bit_depth": 8})
    evidence = evidence_of(product, ground(128), flat)
    assert "channel_rules" not in failed(check_asset(evidence))
    _, reasons = judge(check_asset(replace(evidence, channel=deep)))
    assert any("it has 8 bits per channel, not 16" in words for words in reasons)
    layers = make_layers(product, ground(128), deep, "solid")
    file = encode_image(layers.blended(), deep, xmp_packet(MARKING))
    whole = replace(evidence, channel=deep, file=file, decoded=decode_image(file, "archive"))
    assert judge(check_asset(whole))[0] == "published", judge(check_asset(whole))


def test_a_product_cut_off_by_the_photo_goes_to_review(product):
    checks = check_asset(evidence_of(product[:300], ground(255), AMAZON))
    assert "cut_off" in failed(checks) and judge(checks)[0] == "in review"


def test_loose_pieces_are_detected(product):
    dirty = product.copy()
    dirty[5:25, 5:25] = (90, 90, 90, 255)
    dirty[5:25, 5:25, 3] = 100
    checks = check_asset(evidence_of(dirty, ground(128), PLAIN))
    assert "loose_pieces" in failed(checks)


@pytest.mark.parametrize(("haze", "clean"), [(6, True), (40, False)])
def test_faint_haze_fades_on_a_white_background_and_thick_haze_fails(product, haze, clean):
    hazy = product.copy()
    hazy[:50, :, :3], hazy[:50, :, 3] = 120, haze
    checks = check_asset(evidence_of(hazy, ground(255), AMAZON))
    assert (failed(checks) == set()) == clean


def test_a_rendered_angle_is_judged_by_the_channels_rule(product):
    for rule, verdict in (("allow", "published"), ("review", "in review"), ("reject", "rejected")):
        channel = PLAIN.model_copy(update={"rendered": rule})
        assert judge(check_asset(evidence_of(product, ground(255), channel, source="rendered")))[0] == verdict


def test_a_file_that_breaks_rules_is_rejected_with_each_reason(product):
    evidence = evidence_of(product, ground(255), AMAZON)
    tight = replace(evidence, channel=AMAZON.model_copy(update={"bytes_at_most": 1000}))
    assert "bytes" in failed(check_asset(tight))
    bare = faults.encode_jpeg(evidence.image, None, b"")
    _, reasons = judge(check_asset(replace(evidence, file=bare)))
    assert any("no colour profile" in words and "does not carry the marking" in words for words in reasons)
    other = faults.encode_jpeg(evidence.image, srgb_profile()[:-1] + b"!", xmp_packet(MARKING))
    _, reasons = judge(check_asset(replace(evidence, file=other)))
    assert any("its colour profile is not sRGB" in words for words in reasons)
    small = replace(
        evidence, channel=AMAZON.model_copy(update={"width_px": 1600, "height_px": 1600, "long_side_at_least_px": 1600})
    )
    assert "channel_rules" in failed(check_asset(small))


def test_a_product_that_is_too_small_fails_fill(product):
    channel = AMAZON.model_copy(update={"plain": AMAZON.plain.model_copy(update={"fill": 0.7})})
    assert "fill" in failed(check_asset(evidence_of(product, ground(255), channel)))


def test_block_deltas_agree_with_a_plain_loop():
    from skimage.color import deltaE_ciede2000, rgb2lab

    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 255, (2, 40, 28, 3), dtype=np.uint8)
    region = rng.random((40, 28)) < 0.6
    plain = []
    for top in range(0, 40, 8):
        for left in range(0, 24, 8):
            inside = region[top : top + 8, left : left + 8]
            if inside.sum() >= 16:
                means = [i[top : top + 8, left : left + 8][inside].mean(axis=0) / 255 for i in (first, second)]
                plain.append(float(deltaE_ciede2000(rgb2lab(means[0]), rgb2lab(means[1]))))
    np.testing.assert_allclose(block_deltas(first, second, region), plain, rtol=1e-3, atol=1e-3)


def test_the_gravest_reason_comes_first():
    def check(name, severity, passed):
        return Check(name=name, value=1, unit="px", severity=severity, passed=passed, words=name)

    assert judge((check("a", "review", False), check("b", "reject", False))) == ("rejected", ("b", "a"))
    assert judge((check("a", "review", False), check("b", "reject", True))) == ("in review", ("a",))
    assert judge((check("a", "info", None),)) == ("published", ())


def test_a_soft_outline_leaves_a_white_backdrop_white(product):
    soft = product.copy()
    soft[..., 3] = cv2.GaussianBlur(product[..., 3], (0, 0), 9)  # an outline 40 px wide
    soft[product[..., 3] == 0, :3] = 20
    checks = check_asset(evidence_of(soft, ground(255), AMAZON))
    assert "white_background" not in failed(checks) and "product_exact" not in failed(checks)


@pytest.mark.parametrize("media_type", ["image/avif", "image/tiff", "image/png"])
@pytest.mark.parametrize("level", [255, 180, "linen"])
def test_a_clean_asset_is_published_in_every_format(product, media_type, level):
    channel = PLAIN.model_copy(update={"media_type": media_type, "quality": 95})
    evidence = evidence_of(product, ground(level), channel)
    assert judge(check_asset(evidence)) == ("published", ())
    swapped = replace(evidence, channel=PLAIN)
    assert "channel_rules" in failed(check_asset(swapped))
