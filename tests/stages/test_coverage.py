import io

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from pipeline.contract.runner import Runner
from pipeline.core.domain import Angle, AngleDecision, Camera, View, look_at
from pipeline.core.errors import BadInput
from pipeline.core.png import encode_png
from pipeline.core.records import PhotoFacts, Up, dump_json, load_list
from pipeline.stages.coverage import STAGE, Inputs, Params

CAMERA = Camera(width_px=60, height_px=40, fx_px=90.0, fy_px=90.0, cx_px=30.0, cy_px=20.0)
ANGLES = (
    Angle(name="front", azimuth_deg=0, elevation_deg=10),
    Angle(name="side", azimuth_deg=52, elevation_deg=10),
    Angle(name="top", azimuth_deg=0, elevation_deg=80),
)


def view(photo, azimuth, elevation=10.0):
    pose = tuple(map(tuple, look_at(azimuth, elevation, 4.0).tolist()))
    return View(photo=photo, camera=CAMERA, cam_from_world=pose, azimuth_deg=azimuth, elevation_deg=elevation)


def facts(photo):
    return PhotoFacts(
        photo=photo, source_name=f"{photo}.jpg", width_px=60, height_px=40,
        sharpness=100.0, exposure_ev=0.0, clipped_fraction=0.0,
    )  # fmt: skip


def cutout(store, share):
    """A cut-out of which this share is opaque."""
    rgba = np.full((20, 30, 4), 128, np.uint8)
    rgba[..., 3] = 255 * (np.arange(600).reshape(20, 30) < 600 * share)
    return store.put(encode_png(rgba), "image/png")


def covered(store, views, up=None, empty=(), **params):
    def artifact(records):
        return store.put(dump_json(records), "application/json")

    names = [f"P{i}" for i in range(12)]
    inputs = Inputs(
        facts=artifact([facts(name) for name in names]),
        cutouts=None
        if empty is None
        else store.put_tree({f"{name}.png": cutout(store, 0.0 if name in empty else 0.5) for name in names}),
        views=None if views is None else artifact(views),
        up=None if up is None else artifact(up),
    )
    outputs = Runner(store).run(STAGE, inputs, Params(angles=ANGLES, **params)).outputs
    return load_list(AngleDecision, store.read(outputs.decisions)), outputs


def test_only_the_named_angles_are_decided_while_all_count_for_the_splat(store):
    views = [view(f"P{i}", 30.0 * i) for i in range(12)]
    _, whole = covered(store, views)
    decisions, outputs = covered(store, views, only=["front"])
    assert [decision.angle.name for decision in decisions] == ["front"]
    assert outputs.to_render == whole.to_render is not None
    assert covered(store, None)[1].to_render is None
    with pytest.raises(ValidationError, match="'nose' is not one of the angles"):
        covered(store, views, only=["nose"])


def test_angles_are_captured_rendered_or_refused_and_plotted(store):
    decisions, outputs = covered(store, [view(f"P{i}", 30.0 * i) for i in range(12)])
    assert [v.source for v in decisions] == ["captured", "rendered", "refused"]
    assert decisions[0].photo == "P0"
    report = outputs.report
    assert (report.captured, report.rendered, report.refused) == (1, 1, 1)
    assert report.refusals == {"top": decisions[2].reason}
    assert outputs.plot.media_type == "image/png"
    assert Image.open(io.BytesIO(store.read(outputs.plot))).width == 900


def test_only_named_angles_are_captured_when_sfm_is_held(store):
    decisions, outputs = covered(store, None, named={"side": "P7"})
    assert [(v.source, v.photo) for v in decisions] == [("refused", None), ("captured", "P7"), ("refused", None)]
    assert outputs.report.refused == 2


def test_an_unknown_named_photo_is_bad_input(store):
    with pytest.raises(BadInput, match="no photo 'P99'"):
        covered(store, None, named={"side": "P99"})


def test_a_photo_of_which_nothing_was_cut_out_is_no_picture(store):
    decisions, _ = covered(store, None, named={"side": "P7"}, empty=["P7"])
    assert (decisions[1].source, decisions[1].code) == ("refused", "angle-cutout-empty")
    assert "mattes/P7.png" in decisions[1].reason
    decisions, _ = covered(store, None, named={"side": "P7"}, empty=None)
    assert (decisions[1].source, decisions[1].code) == ("refused", "angle-cutout-empty")
    views = [*(view(f"P{i}", 30.0 * i) for i in range(11)), view("P11", 3.0)]
    decisions, _ = covered(store, views, empty=["P0"])
    assert (decisions[0].source, decisions[0].photo) == ("captured", "P11")


@pytest.mark.parametrize(("confidence", "source"), [(0.3, "refused"), (0.9, "rendered")])
def test_angles_are_rendered_only_where_up_is_known(store, confidence, source):
    up = Up(source="horizon", confidence=confidence)
    decisions, _ = covered(store, [view(f"P{i}", 30.0 * i) for i in range(12)], up=up)
    assert [decision.source for decision in decisions] == ["captured", source, "refused"]
    assert (decisions[1].code == "angle-up-unknown") == (source == "refused")
