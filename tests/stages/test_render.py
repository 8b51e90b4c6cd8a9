"""The render stage on a toy product: captured, rendered and refused angles."""

import numpy as np
import pytest

from pipeline.contract.runner import Runner
from pipeline.contract.store import FolderStore
from pipeline.domain import Angle, Verdict, View, azimuth_elevation_deg, camera_centre, look_at
from pipeline.errors import BadInput, Held
from pipeline.records import Picture, dump_json, load_list
from pipeline.splatting.ply import write_ply
from pipeline.splatting.png import decode_rgba
from pipeline.splatting.render import render
from pipeline.stages.render import STAGE, Inputs, Params
from tests.splatting.toy_product import DISTANCE, camera, cutout_files, photos, product


@pytest.fixture(scope="module")
def shot():
    return photos(6)


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path)


def verdict(name, azimuth, decision, photo=None, nearest="P00"):
    angle = Angle(name=name, azimuth_deg=azimuth, elevation_deg=10)
    return Verdict(angle=angle, decision=decision, photo=photo, nearest_photo=nearest, reason=f"{name} is {decision}")


VERDICTS = (
    verdict("front", 0, "captured", "P00"),
    verdict("side", 30, "rendered"),
    verdict("back", 180, "refused", nearest=None),
)


def drawn(store, shot, verdicts=VERDICTS, splat=True, views=True, cutouts=None, **params):
    def view(photo):
        azimuth, elevation = azimuth_elevation_deg(camera_centre(photo.cam_from_world))
        pose = tuple(map(tuple, photo.cam_from_world.tolist()))
        return View(
            photo=photo.name, camera=photo.camera, cam_from_world=pose, azimuth_deg=azimuth, elevation_deg=elevation
        )

    files = cutout_files(shot) if cutouts is None else cutouts
    inputs = Inputs(
        cutouts=store.put_tree({name: store.put(data, "image/png") for name, data in files.items()}),
        verdicts=store.put(dump_json(verdicts), "application/json"),
        views=store.put(dump_json([view(p) for p in shot]), "application/json") if views else None,
        splat=store.put(write_ply(product()), "model/ply") if splat else None,
    )
    outputs, manifest, _ = Runner(store).run(STAGE, inputs, Params(**params))
    pictures = {p.angle.name: p for p in load_list(Picture, store.read(outputs.pictures))}
    return outputs, pictures, store.tree(outputs.angles), manifest


def test_captured_rendered_and_refused(store, shot):
    outputs, pictures, files, _ = drawn(store, shot)
    assert {name: p.source for name, p in pictures.items()} == {
        "front": "captured", "side": "rendered", "back": "refused",
    }  # fmt: skip
    assert sorted(files) == ["front.png", "side.png"]
    report = outputs.report
    assert (report.captured, report.rendered, report.refused, report.missing) == (1, 1, 1, {})
    assert store.read(files["front.png"]) == cutout_files(shot)["P00.png"]  # a photo's pixels are never touched
    rgba = decode_rgba(store.read(files["side.png"]))
    truth = render(product(), camera(), look_at(30, 10, DISTANCE)).rgba
    both = (rgba[..., 3] > 250) & (truth[..., 3] > 250)
    assert ((rgba[..., 3] > 127) & (truth[..., 3] > 127)).sum() > 0.98 * (truth[..., 3] > 127).sum()
    assert np.abs(rgba[both].astype(float) - truth[both])[:, :3].mean() < 3
    assert pictures["side"].likeness > 0.95
    assert pictures["side"].view.azimuth_deg == 30


def test_colours_follow_the_nearest_photo(store, shot):
    files = cutout_files([type(p)(p.name, _dimmed(p.rgba, 0.9), p.camera, p.cam_from_world) for p in shot])
    plain, matched = (
        decode_rgba(store.read(drawn(store, shot, cutouts=files, match_colour=on)[2]["side.png"]))
        for on in (False, True)
    )
    opaque = plain[..., 3] > 250
    assert matched[opaque][:, :3].mean() / plain[opaque][:, :3].mean() == pytest.approx(0.9, abs=0.02)


def _dimmed(rgba, factor):
    out = rgba.copy()
    out[..., :3] = (out[..., :3] * factor).round()
    return out


@pytest.mark.parametrize(("lacking", "words"), [("splat", "no splat"), ("views", "no pose")])
def test_without_a_splat_or_a_pose_the_angle_is_missing_with_its_reason(store, shot, lacking, words):
    outputs, pictures, files, _ = drawn(store, shot, **{lacking: False})
    assert sorted(files) == ["front.png"]
    assert words in outputs.report.missing["side"]
    assert pictures["side"].source == "refused"


def test_an_angle_more_redraws_one(store, shot):
    drawn(store, shot)
    more = (*VERDICTS, verdict("other", 40, "rendered"))
    assert {n: i.computed for n, i in drawn(store, shot, more)[3].items.items()} == {"side": False, "other": True}


def test_no_picture_at_all_holds_and_a_missing_cutout_is_bad_input(store, shot):
    with pytest.raises(Held, match="back: back is refused"):
        drawn(store, shot, VERDICTS[2:])
    files = cutout_files(shot)
    del files["P00.png"]
    with pytest.raises(BadInput, match="P00 has no cut-out"):
        drawn(store, shot, cutouts=files)
