"""The render stage on a toy product: captured, rendered and refused angles."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipeline.contract.artifact import Artifact
from pipeline.contract.runner import Runner
from pipeline.core.domain import Angle, AngleDecision, View, azimuth_elevation_deg, camera_centre, look_at
from pipeline.core.errors import BadInput, Held
from pipeline.core.png import decode_png, encode_png
from pipeline.core.records import Picture, Validation, dump_json, load_list
from pipeline.diffusion.painting.checkpoints import checkpoint_digest
from pipeline.diffusion.painting.refine import Refined
from pipeline.splatting.ply import write_ply
from pipeline.splatting.show.render import render
from pipeline.stages.render.stage import STAGE, Inputs, Params
from tests.diffusion.conftest import save_tiny
from tests.splatting.toy_product import DISTANCE, camera, cutout_files, photos, product


@pytest.fixture(scope="module")
def shot():
    return photos(6)


def decision(name, azimuth, source, photo=None, nearest="P00"):
    angle = Angle(name=name, azimuth_deg=azimuth, elevation_deg=10)
    return AngleDecision(angle=angle, source=source, photo=photo, nearest_photo=nearest, reason=f"{name} is {source}")


DECISIONS = (
    decision("front", 0, "captured", "P00"),
    decision("side", 30, "rendered"),
    decision("back", 180, "refused", nearest=None),
)


def photo_of(photo):
    """The product before a white wall."""
    alpha = photo.rgba[..., 3:] / 255.0
    return encode_png((photo.rgba[..., :3] * alpha + 235 * (1 - alpha)).round().astype(np.uint8))


def view_of_photo(photo):
    azimuth, elevation = azimuth_elevation_deg(camera_centre(photo.cam_from_world))
    pose = tuple(map(tuple, photo.cam_from_world.tolist()))
    return View(
        photo=photo.name, camera=photo.camera, cam_from_world=pose, azimuth_deg=azimuth, elevation_deg=elevation
    )


def drawn(
    store,
    shot,
    decisions=DECISIONS,
    splat=True,
    views=True,
    cutouts=None,
    by_hand=(),
    validation=(),
    lost=(),
    masks=None,
    **params,
):
    files = cutout_files(shot) if cutouts is None else cutouts
    mattes = {f"{name}.png": store.put(b"by hand", "image/png") for name in by_hand}
    inputs = Inputs(
        photos=store.put_tree(
            {f"{p.name}.png": store.put(photo_of(p), "image/png") for p in shot if p.name not in lost}
        ),
        mattes=store.put_tree(mattes) if mattes else None,
        validation=store.put(dump_json(list(validation)), "application/json") if validation else None,
        cutouts=store.put_tree({name: store.put(data, "image/png") for name, data in files.items()}),
        decisions=store.put(dump_json(decisions), "application/json"),
        views=store.put(dump_json([view_of_photo(p) for p in shot]), "application/json") if views else None,
        splat=store.put(write_ply(product()), "model/ply") if splat else None,
        masks=masks,
    )
    outputs, manifest, _ = Runner(store).run(STAGE, inputs, Params(**params))
    pictures = {p.angle.name: p for p in load_list(Picture, store.read(outputs.pictures))}
    return outputs, pictures, store.tree(outputs.angles), manifest


def test_angles_are_captured_rendered_or_refused(store, shot):
    outputs, pictures, files, _ = drawn(store, shot)
    assert {name: p.source for name, p in pictures.items()} == {
        "front": "captured", "side": "rendered", "back": "refused",
    }  # fmt: skip
    assert sorted(files) == ["front.png", "side.png"]
    report = outputs.report
    assert (report.captured, report.rendered, report.refused, report.missing) == (1, 1, 1, {})
    assert store.read(files["front.png"]) == cutout_files(shot)["P00.png"]  # a photo's pixels are not changed
    rgba = decode_png(store.read(files["side.png"]))
    truth = render(product(), camera(), look_at(30, 10, DISTANCE)).rgba
    both = (rgba[..., 3] > 250) & (truth[..., 3] > 250)
    assert ((rgba[..., 3] > 127) & (truth[..., 3] > 127)).sum() > 0.98 * (truth[..., 3] > 127).sum()
    assert np.abs(rgba[both].astype(float) - truth[both])[:, :3].mean() < 3
    assert min(likeness.ssim for likeness in pictures["side"].likenesses) > 0.9
    assert pictures["side"].view.azimuth_deg == 30


def test_an_angle_from_which_the_splat_shows_nothing_is_refused(store, shot, monkeypatch):
    g = product().gaussians
    below = replace(product(), gaussians=replace(g, means=g.means - np.float32([0, 0, 50])))
    monkeypatch.setattr("tests.stages.test_render.product", lambda: below)
    _, pictures, files, _ = drawn(store, shot, correct_mattes=False)
    assert (pictures["side"].source, pictures["side"].code) == ("refused", "angle-splat-empty")
    assert sorted(files) == ["front.png"]


def test_colours_follow_the_nearest_photo(store, shot):
    files = cutout_files([type(p)(p.name, _dimmed(p.rgba, 0.9), p.camera, p.cam_from_world) for p in shot])
    plain, matched = (
        decode_png(store.read(drawn(store, shot, cutouts=files, match_colour=on)[2]["side.png"]))
        for on in (False, True)
    )
    opaque = plain[..., 3] > 250
    assert matched[opaque][:, :3].mean() / plain[opaque][:, :3].mean() == pytest.approx(0.9, abs=0.02)


def _dimmed(rgba, factor):
    out = rgba.copy()
    out[..., :3] = (out[..., :3] * factor).round()
    return out


@pytest.mark.parametrize(("lacking", "message"), [("splat", "no splat"), ("views", "no pose")])
def test_without_a_splat_or_a_pose_an_angle_is_missing_with_a_reason(store, shot, lacking, message):
    outputs, pictures, files, _ = drawn(store, shot, **{lacking: False})
    assert sorted(files) == ["front.png"]
    assert message in outputs.report.missing["side"]
    assert pictures["side"].source == "refused"


def test_another_angle_recomputes_no_other(store, shot):
    drawn(store, shot)
    more = (*DECISIONS, decision("other", 40, "rendered"))
    computed = {n: i.computed for n, i in drawn(store, shot, more)[3].items.items()}
    shared = {"likeness/P00": False, "likeness/P01": False}  # photos around both angles
    faults = {"side/faults": False, "other/faults": True}
    assert computed == {"front": False, "side": False, "other": True, **shared, **faults}


def bitten(shot):
    """The cut-outs, that of P00 without its upper half."""
    photo = shot[0]
    rgba = photo.rgba.copy()
    rgba[: rgba.shape[0] // 2] = 0
    return {**cutout_files(shot), "P00.png": encode_png(rgba)}


def overlap(first, second):
    a, b = first[..., 3] >= 128, second[..., 3] >= 128
    return (a & b).sum() / (a | b).sum()


def test_a_captured_angle_regains_what_its_matte_lost(store, shot):
    outputs, pictures, files, _ = drawn(store, shot, cutouts=bitten(shot))
    rgba, photo = decode_png(store.read(files["front.png"])), decode_png(photo_of(shot[0]))
    assert overlap(rgba, shot[0].rgba) > 0.97
    assert np.array_equal(rgba[rgba[..., 3] == 255][:, :3], photo[rgba[..., 3] == 255])
    agreement = pictures["front"].silhouette
    assert outputs.report.silhouettes == {"front": agreement}
    assert agreement.iou_before < 0.7
    assert agreement.iou > 0.97
    assert agreement.worst_px_before > 10 and agreement.worst_px == 0
    assert 0.2 < agreement.changed < 0.6


@pytest.mark.parametrize("params", [{"by_hand": ("P00",)}, {"correct_mattes": False}])
def test_a_matte_made_by_hand_is_measured_and_kept(store, shot, params):
    files = bitten(shot)
    _, pictures, drawn_files, _ = drawn(store, shot, cutouts=files, **params)
    assert store.read(drawn_files["front.png"]) == files["P00.png"]
    assert pictures["front"].silhouette.iou < 0.7


@pytest.mark.parametrize("lacking", ["splat", "views"])
def test_nothing_is_corrected_without_a_splat_or_a_pose(store, shot, lacking):
    files = bitten(shot)
    _, pictures, drawn_files, _ = drawn(store, shot, cutouts=files, **{lacking: False})
    assert store.read(drawn_files["front.png"]) == files["P00.png"]
    assert pictures["front"].silhouette is None


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    general = save_tiny(tmp_path_factory.mktemp("checkpoint") / "tiny")
    (general / "backdrop.json").unlink()
    return str(general)


def test_a_refinement_that_moves_the_product_is_rejected(store, shot, checkpoint):
    plain = drawn(store, shot)[2]
    outputs, pictures, files, manifest = drawn(store, shot, refine={"checkpoint": checkpoint, "steps": 5})
    assert "moved" in outputs.report.refined["side"].fault
    assert files == plain and not pictures["side"].refined
    assert manifest.items["side/refined"].stage == "render_refinement"
    assert manifest.request.params["refine"]["checkpoint_digest"] == checkpoint_digest(checkpoint)


def test_an_accepted_refinement_is_used_and_marked(store, shot, checkpoint, monkeypatch):
    def sharpened(_engine, request):
        rgba = request.rendered.copy()
        rgba[..., :3] = np.where(rgba[..., 3:] > 0, 255 - rgba[..., :3], 0)
        return Refined(rgba, None, 0.5, 0.99)

    monkeypatch.setattr("pipeline.diffusion.painting.refine.refine", sharpened)
    plain = drawn(store, shot)[2]
    outputs, pictures, files, _ = drawn(store, shot, refine={"checkpoint": checkpoint, "steps": 6})
    assert outputs.report.refined["side"].fault is None
    assert pictures["side"].refined and not pictures["front"].refined
    (alteration,) = pictures["side"].alterations
    assert alteration.operation == "refine" and not pictures["front"].alterations
    assert files["side.png"] != plain["side.png"] and files["front.png"] == plain["front.png"]


def test_photos_judge_a_rendered_angle_without_their_own_detail(store):
    score = Validation(photo="P02", psnr_db=25, ssim=0.9, alpha_iou=0.98)
    _, pictures, _, manifest = drawn(store, photos(12), validation=[score])
    judges = {likeness.photo: likeness for likeness in pictures["side"].likenesses}
    assert list(judges) == ["P02", "P01"]  # that which the fit has not seen comes first
    assert not judges["P02"].fitted and judges["P01"].fitted
    assert min(likeness.ssim for likeness in judges.values()) > 0.9
    item = store.manifest("render_likeness", manifest.items["likeness/P02"].key)
    used = store.tree(Artifact.model_validate(item.request.inputs["others"]))
    assert "P02.png" not in used and "P01.png" in used
    assert pictures["front"].likenesses == ()


def test_photos_that_judge_are_as_many_as_the_settings_say(store, shot):
    assert drawn(store, shot, likeness_photos=0)[1]["side"].likenesses == ()
    (only,) = drawn(store, shot, likeness_photos=1, detail=False)[1]["side"].likenesses
    assert (only.photographed, only.ssim) == (0, only.splat_ssim)


def test_a_rendered_angle_records_its_faults_and_the_size_of_its_fit(store, shot):
    score = Validation(photo="P00", psnr_db=25, ssim=0.9, alpha_iou=0.98, side_px=48)
    _, pictures, _, manifest = drawn(store, shot, validation=[score])
    side, front = pictures["side"], pictures["front"]
    assert side.fitted == 0.5 and front.fitted is None  # photos of 96 px
    assert side.faults.beyond == 0.0 and side.faults.smudged is not None and front.faults is None
    assert manifest.items["side/faults"].stage == "render_faults"
    unknown = drawn(store, shot)[1]["side"]
    assert unknown.fitted is None and unknown.faults.smudged is None


def test_no_picture_is_held_and_a_missing_cutout_or_photo_is_bad_input(store, shot):
    with pytest.raises(Held, match="back: back is refused"):
        drawn(store, shot, DECISIONS[2:])
    files = cutout_files(shot)
    del files["P00.png"]
    with pytest.raises(BadInput, match="P00 has no cut-out"):
        drawn(store, shot, cutouts=files)
    with pytest.raises(BadInput, match="P00 is not among the ingested ones"):
        drawn(store, shot, lost=("P00",))


def test_a_rendered_angle_records_where_its_detail_comes_from(store, shot):
    outputs, pictures, _, manifest = drawn(store, shot)
    side = pictures["side"]
    assert side.shares.photographed + side.shares.splat == pytest.approx(1, abs=1e-3)
    assert (side.shares.generated, pictures["front"].shares.photographed) == (0, 1)
    sources = store.tree(outputs.sources)
    assert sorted(sources) == ["side.png"]
    shown = Image.open(BytesIO(store.read(sources["side.png"])))
    index = np.asarray(shown)
    assert (shown.mode, shown.size) == ("P", (96, 96))
    share = (index > 1).sum() / (index > 0).sum()
    assert share == pytest.approx(side.shares.photographed, abs=0.02)  # counted where alpha is 0.5, not 128
    item = store.manifest("render_angle", manifest.items["side"].key)
    used = store.tree(Artifact.model_validate(item.request.inputs["photos"]))
    assert set(side.detail_photos) <= {name.removesuffix(".png") for name in used}
    assert sorted(used) == ["P00.png", "P01.png"]  # the other four look from more than 60 degrees away


def test_detail_can_be_switched_off(store, shot):
    outputs, pictures, _, manifest = drawn(store, shot, detail=False)
    assert outputs.sources is None
    assert (pictures["side"].shares.photographed, pictures["side"].shares.splat) == (0, 1)
    assert store.manifest("render_angle", manifest.items["side"].key).request.inputs["photos"] is None
