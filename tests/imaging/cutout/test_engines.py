import numpy as np
import pymatting
import pytest

from pipeline.core.errors import BadInput
from pipeline.core.png import decode_png, encode_png
from pipeline.imaging.cutout import backdrop, seeded
from pipeline.imaging.cutout.base import cut_out, with_matte
from pipeline.imaging.cutout.files import cut_files
from pipeline.imaging.cutout.mask.matting import UNKNOWN, closed_form
from tests.imaging.studio import iou, mug, photograph, tee

COLOURS = {"red": (176, 52, 44), "blue": (60, 90, 160), "black": (24, 24, 26), "gray": (120, 120, 122)}


def sad(alpha, truth):
    """Sum of absolute differences, in thousands of pixels."""
    return float(np.abs(alpha.astype(float) - truth).sum()) / 255 / 1000


def trimap_of(alpha, band=3):
    import cv2

    kernel = np.ones((2 * band + 1, 2 * band + 1), np.uint8)
    trimap = np.full(alpha.shape, UNKNOWN, np.uint8)
    trimap[cv2.erode(np.asarray(alpha == 255, np.uint8), kernel) > 0] = 255
    trimap[cv2.erode(np.asarray(alpha == 0, np.uint8), kernel) > 0] = 0
    return trimap


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS.keys())
@pytest.mark.parametrize("shape", [mug, tee])
def test_product_is_cut_out_without_its_shadow(shape, colour):
    scene = photograph(shape=shape, colour=colour, size=480)
    alpha = backdrop.cut(scene.rgb, backdrop.Params())
    assert iou(alpha, scene.alpha) >= 0.985
    assert sad(alpha, scene.alpha) < 0.5
    shadow = (scene.shadow < 0.75) & (scene.alpha == 0)
    assert shadow.sum() > 300
    assert (alpha[shadow] > 128).mean() < 0.02


def test_garment_nearly_as_light_as_the_backdrop_is_cut_out():
    scene = photograph(shape=tee, colour=(238, 230, 214), shade=0.25, size=480)
    assert iou(backdrop.cut(scene.rgb, backdrop.Params()), scene.alpha) >= 0.985


def test_coloured_backdrop_and_its_shadow_are_not_product():
    scene = photograph(backdrop=(150, 190, 215), size=480)
    assert iou(backdrop.cut(scene.rgb, backdrop.Params()), scene.alpha) >= 0.985


def test_handle_stays_open_and_body_stays_solid():
    scene = photograph(size=480)
    alpha = backdrop.cut(scene.rgb, backdrop.Params())
    mask, hole = mug(480)
    assert (alpha[hole == 1] > 20).mean() < 0.03
    body = (mask == 1) & (np.arange(480)[None] < 0.58 * 480)
    assert (alpha[body] > 235).mean() > 0.995


def test_empty_backdrop_has_no_product():
    scene = photograph(size=320, shadow=0)
    rgb = scene.rgb.copy()
    rgb[:] = scene.rgb[8, 8]
    noise = np.random.default_rng(1).normal(0, 1.5, rgb.shape)
    cut = cut_out(backdrop, np.clip(rgb + noise, 0, 255).astype(np.uint8), backdrop.Params())
    assert cut.verdict.fault == "no product was found"


def test_same_photo_gives_the_same_matte():
    rgb = photograph(size=320).rgb
    assert np.array_equal(backdrop.cut(rgb, backdrop.Params()), backdrop.cut(rgb, backdrop.Params()))


def test_matte_solved_at_a_smaller_size_is_nearly_the_same():
    scene = photograph(size=640)
    alpha = backdrop.cut(scene.rgb, backdrop.Params(matting_side_px=320))
    assert alpha.shape == scene.alpha.shape
    assert iou(alpha, scene.alpha) >= 0.985


def test_closed_form_on_the_band_equals_pymatting_on_the_picture():
    scene = photograph(size=160, noise=3)
    trimap = trimap_of(scene.alpha)
    levels = np.where(trimap == UNKNOWN, 0.5, trimap / 255.0)
    reference = pymatting.estimate_alpha_cf(scene.rgb / 255.0, levels, laplacian_kwargs={"epsilon": 1e-6})
    ours = closed_form(scene.rgb, trimap)
    assert np.abs(ours - reference).max() < 2e-3
    assert np.abs(ours[trimap == UNKNOWN] - scene.alpha[trimap == UNKNOWN] / 255).mean() < 0.06


def test_closed_form_reaches_the_edge_of_the_picture():
    scene = photograph(size=160)
    crop = slice(30, 118), slice(50, 130)  # the frame cuts off the mug's bottom and handle
    trimap = trimap_of(np.ascontiguousarray(scene.alpha[crop]))
    alpha = closed_form(np.ascontiguousarray(scene.rgb[crop]), trimap)
    assert np.isfinite(alpha).all()
    assert np.abs(alpha * 255 - scene.alpha[crop]).mean() < 3


def test_prior_pulls_only_where_it_has_weight():
    scene = photograph(size=120)
    trimap = trimap_of(scene.alpha)
    free = closed_form(scene.rgb, trimap)
    none = np.zeros(trimap.shape, np.float32)
    assert np.allclose(closed_form(scene.rgb, trimap, none, none), free, atol=1e-3)
    strong = np.where(np.arange(120)[None] < 60, 1e4, 0).astype(np.float32).repeat(120, 0)
    pulled = closed_form(scene.rgb, trimap, none, strong)
    assert pulled[(trimap == UNKNOWN) & (strong > 0)].max() < 0.01


def test_interior_keeps_the_photos_pixels_and_edges_lose_the_backdrop():
    scene = photograph(size=480, backdrop=(90, 200, 90), shadow=0, noise=0)
    rgba = with_matte(scene.rgb, scene.alpha)
    inside = scene.alpha == 255
    assert np.array_equal(rgba[inside][:, :3], scene.rgb[inside])
    assert np.array_equal(rgba[..., 3], scene.alpha)
    edge = (scene.alpha > 60) & (scene.alpha < 200)
    green = lambda p: p[..., 1].astype(int) - p[..., 0]  # noqa: E731 - excess of green over red
    assert np.median(green(scene.rgb)[edge]) > -40
    assert np.median(green(rgba)[edge]) < -80


def on_a_printed_sheet(size=300):
    """The mug on a chequered sheet on a coloured table: there is no plain backdrop to model."""
    scene = photograph(size=size, backdrop=(225, 225, 222))
    y, x = np.mgrid[0:size, 0:size]
    table = np.where(y[..., None] < 0.2 * size, (60, 120, 60), scene.rgb)
    printed = (x // 12 + y // 12) % 2 == 0
    table = np.where((printed & (y > 0.6 * size))[..., None], (90, 110, 130), table)
    alpha = scene.alpha[..., None] / 255
    rgb = np.round(alpha * scene.rgb + (1 - alpha) * table).astype(np.uint8)
    return rgb, scene.alpha


def test_seed_finds_the_product_on_a_busy_background():
    rgb, truth = on_a_printed_sheet()
    body = truth.copy()
    body[:, 180:] = 0  # this engine fills the handle's opening: compare the body
    alpha = seeded.cut(rgb, seeded.Params(seed_box=(0.3, 0.35, 0.55, 0.7)))
    assert iou(np.where(np.arange(300)[None] < 180, alpha, 0), body) > 0.97
    assert iou(backdrop.cut(rgb, backdrop.Params()), truth) < 0.8  # the case that this engine is for


@pytest.mark.parametrize("box", [(0.5, 0.1, 0.4, 0.9), (0.1, 0.1, 0.2, 1.4)])
def test_invalid_seed_box_is_refused(box):
    with pytest.raises(ValueError, match="seed_box"):
        seeded.Params(seed_box=box)


def test_gap_in_the_outline_does_not_lose_a_gray_garment():
    scene = photograph(shape=tee, colour=(190, 190, 192), shade=0.2, size=720, noise=2)
    assert iou(backdrop.cut(scene.rgb, backdrop.Params()), scene.alpha) > 0.95


def test_cut_files_writes_rgba_and_does_not_overwrite(tmp_path):
    scene = photograph(size=240)
    photo = tmp_path / "pot.png"
    photo.write_bytes(encode_png(scene.rgb))
    seen = []
    params = backdrop.Params()
    report = cut_files([photo], tmp_path / "out", params, lambda *progress: seen.append(progress))
    rgba = decode_png((tmp_path / "out" / "pot.png").read_bytes())
    assert iou(rgba[..., 3], scene.alpha) >= 0.98
    assert seen == [(1, 1, "pot.png")]
    assert report.files[0].fault is None
    assert report.peak_memory_mb > 10
    with pytest.raises(BadInput, match="exists"):
        cut_files([photo], tmp_path / "out", params, lambda *_: None)
    (tmp_path / "POT.jpg").write_bytes(b"")
    with pytest.raises(BadInput, match=r"both be written"):
        cut_files([photo, tmp_path / "POT.jpg"], tmp_path / "other", params, lambda *_: None)
