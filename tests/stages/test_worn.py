"""A garment on a person, from shoot.yaml to the finished file."""

import io

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from pipeline.contract.runner import Runner
from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Angle
from pipeline.core.errors import BadInput
from pipeline.core.png import decode_png
from pipeline.core.records import AssetRecord, BackdropPicture, Picture, dump_json, load_list
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.channels.marking import marking_of
from pipeline.stages.background.stage import STAGE, Params
from pipeline.stages.background.worn import seen_from_front
from pipeline.stages.composite.stage import STAGE as COMPOSITE
from pipeline.stages.composite.stage import Inputs as CompositeInputs
from pipeline.stages.composite.stage import Params as CompositeParams
from tests.diffusion.tiny_references import save_tiny_klein
from tests.stages.test_background import WHITE, inputs_of, tiny  # noqa: F401 - a fixture

ANNA = {"name": "anna", "kind": "worn", "person": "people/anna.jpg", "release": "no. 12 of 2026-03-01"}
FEED = load_channel("instagram_4x5").model_copy(update={"width_px": 64, "height_px": 80, "long_side_at_least_px": 64})


@pytest.fixture(scope="module")
def klein(tmp_path_factory):
    return str(save_tiny_klein(tmp_path_factory.mktemp("worn") / "klein"))


def photo(size=(100, 150)):
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def dressed(store, klein, **worn):
    people = store.put_tree({"people/anna.jpg": store.put(photo(), "image/jpeg")})
    inputs = inputs_of(store).model_copy(update={"people": people})
    params = Params(backdrops=(WHITE, ANNA), size_px=96, worn={"checkpoint": klein, "steps": 2, "side_px": 96, **worn})
    return inputs, Runner(store).run(STAGE, inputs, params)


def test_one_angle_is_shown_on_the_person_and_recorded(store, klein):
    _, (outputs, manifest, _) = dressed(store, klein)
    tree = store.tree(outputs.backdrops)
    assert sorted(tree) == ["front/anna.png", "front/white.png", "left/white.png"]
    assert decode_png(store.read(tree["front/anna.png"])).shape == (96, 64, 3)
    (record,) = [r for r in load_list(BackdropPicture, store.read(outputs.backdrop_pictures)) if r.kind == "worn"]
    assert record.alterations[0].operation == "try-on" and "no. 12 of 2026-03-01" in record.alterations[0].what
    item = manifest.items["front/anna"]
    assert item.stage == "background_worn"
    (read,) = store.latest("background_worn", 5)
    assert {"garment", "person"} == set(read.request.inputs) and read.request.params["release"] == ANNA["release"]
    assert read.request.params["licence_use"] == "unknown"


def test_the_file_covers_the_frame_goes_to_review_and_has_no_layers(store, klein):
    inputs, (made, _, _) = dressed(store, klein)
    photos = store.put_tree({"p0.png": store.tree(inputs.angles)["front.png"]})
    pictures = [Picture(angle=Angle(name="front", azimuth_deg=0), source="rendered", reason="because")]
    files = CompositeInputs(
        photos=photos,
        cutouts=photos,
        angles=inputs.angles,
        pictures=store.put(dump_json(pictures), "application/json"),
        backdrops=made.backdrops,
        backdrop_pictures=made.backdrop_pictures,
    )
    outputs, _, _ = Runner(store).run(COMPOSITE, files, CompositeParams(channels=(FEED,)))
    records = {record.path: record for record in load_list(AssetRecord, store.read(outputs.checks))}
    worn = records["front/anna/instagram_4x5.jpg"]
    assert worn.verdict == "in review" and [each.operation for each in worn.alterations] == ["try-on"]
    assert "model release is: no. 12" in " ".join(worn.reasons)
    assert {check.name for check in worn.checks} == {"altered", "channel_rules", "bytes"}
    file = store.read(store.tree(outputs.assets)[worn.path])
    assert Image.open(io.BytesIO(file)).size == (64, 80) == (worn.width_px, worn.height_px)
    assert marking_of(file) == "compositeWithTrainedAlgorithmicMedia"
    assert not any("anna" in path for path in store.tree(outputs.layers))


def test_a_photo_of_a_person_that_cannot_be_read_is_named(store, klein):
    people = store.put_tree({"people/anna.jpg": store.put(b"no photo", "image/jpeg")})
    inputs = inputs_of(store).model_copy(update={"people": people})
    params = Params(backdrops=(ANNA,), worn={"checkpoint": klein, "steps": 2})
    with pytest.raises(BadInput, match=r"people/anna\.jpg: "):
        Runner(store).run(STAGE, inputs, params)


def test_nobody_is_shown_without_a_model_release():
    with pytest.raises(ValidationError, match="a worn backdrop requires `release`"):
        Backdrop(**{**ANNA, "release": None})
    with pytest.raises(ValidationError, match="a worn backdrop requires `person`"):
        Backdrop(**{**ANNA, "person": None})
    with pytest.raises(ValidationError, match="shows nobody"):
        Backdrop(**{**WHITE, "person": "people/anna.jpg"})


def test_what_cannot_dress_anybody_is_refused_when_planning(tiny):  # noqa: F811
    with pytest.raises(ValidationError, match=r"preset's background\.worn"):
        Params(backdrops=(ANNA,))
    with pytest.raises(BadInput, match=r"cannot put one picture's garment.*Flux2KleinPipeline"):
        Params(backdrops=(ANNA,), worn={"checkpoint": str(tiny)})


def test_the_view_nearest_to_the_front_is_worn():
    def seen(azimuth, elevation=0.0):
        angle = Angle(name="x", azimuth_deg=azimuth, elevation_deg=elevation)
        return Picture(angle=angle, source="captured", reason="because")

    assert seen_from_front([seen(90), seen(350), seen(15)]).angle.azimuth_deg == 350
    assert seen_from_front([seen(0, 60), seen(-30)]).angle.azimuth_deg == -30
    assert np.isclose(seen_from_front([seen(180), seen(-179)]).angle.azimuth_deg, -179)
