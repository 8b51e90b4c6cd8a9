"""What composite does with a product that has fewer pixels than its frame, by each engine that enlarges."""

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.core.errors import BadInput
from pipeline.core.evidence import PhotoLines
from pipeline.core.png import decode_png
from pipeline.core.records import AssetRecord, dump_json, load_list
from pipeline.core.weights import folder_digest
from pipeline.imaging.channels.encode import decode_image
from pipeline.imaging.enlarging import checkpoint
from pipeline.language.evidence.readers.base import Line
from pipeline.language.evidence.readers.registry import ENGINES as READERS
from pipeline.plan import step_params
from pipeline.stages.composite.stage import STAGE, Params
from tests.imaging.enlarging.tiny_checkpoints import compact, needs_spandrel, stand_in
from tests.stages.test_composite import AMAZON, FEED, ComposedShoot

LARGE = FEED.model_copy(update={"width_px": 512, "height_px": 640, "long_side_at_least_px": 640})
SMALL = FEED.model_copy(update={"name": "small", "width_px": 160, "height_px": 200, "long_side_at_least_px": 100})


@pytest.fixture
def shoot(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    checkpoint._load.cache_clear()
    return front_only(tmp_path / "store")


def front_only(root):
    shoot = ComposedShoot(root)
    shoot.pictures = [picture for picture in shoot.pictures if picture.angle.name == "front"]
    shoot.angles.pop("back")
    return shoot


def composed(shoot, reader="none", channels=(AMAZON, LARGE, SMALL), **params):
    lines = shoot.store.put(dump_json(PhotoLines(reader={"engine": reader})), "application/json")
    inputs = shoot.inputs().model_copy(update={"lines": lines})
    values = {"sku": "mug-1", "title": "A mug", "channels": channels, **params}
    out = shoot.runner.run(STAGE, inputs, Params.model_validate(values)).outputs
    return {record.path: record for record in load_list(AssetRecord, shoot.store.read(out.checks))}, out


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A shoot, and what composite makes of it with the embedded network and without."""
    shoot = front_only(tmp_path_factory.mktemp("enlarged"))
    return shoot, composed(shoot, upscale="embedded"), composed(shoot)


def checks(record):
    return {check.name: check for check in record.checks}


def image(shoot, out, path):
    return decode_image(shoot.store.read(shoot.store.tree(out.assets)[path]), path)


def tiny(tmp_path, noise, **settings):
    folder = compact(tmp_path / f"tiny-{noise}", noise=noise)
    return {"engine": "checkpoint", "checkpoint": str(folder), "checkpoint_sha256": folder_digest(folder), **settings}


def test_product_is_enlarged_only_for_frames_that_want_more_pixels(both):
    shoot, (records, out), (plain, before) = both
    for path, record in records.items():
        same = np.array_equal(image(shoot, out, path), image(shoot, before, path))
        assert same == path.endswith("small.jpg")
        assert ("enlarged_gain" in checks(record)) == (not path.endswith("small.jpg"))
        assert checks(record)["product_exact"].passed and not plain[path].alterations


def test_enlarged_picture_does_not_count_as_resolution(both):
    _, (records, _), (plain, _) = both
    for path, record in records.items():
        assert checks(record)["enlargement"] == checks(plain[path])["enlargement"]
        assert (record.width_px, record.height_px) == (plain[path].width_px, plain[path].height_px)


def test_angle_is_enlarged_once_per_factor_for_all_backdrops_and_channels(both):
    shoot, *_ = both
    made = [event.step for event in shoot.events if "enlarged" in event.step and event.kind == "started"]
    assert sorted(made) == ["composite[front/enlarged-2]", "composite[front/enlarged-4]"]


def test_settings_of_every_lineage_name_the_network_and_its_licence():
    params = step_params("composite", {"upscale": "embedded"}).model_dump(mode="json")["upscale"]
    assert params["engine"] == "embedded" and len(params["checkpoint_sha256"]) == 64
    assert params["licence_use"] == "commercial" and params["licence_said_by"] == "README.md"


class Reader:
    """Reads a word, and another one in pictures that were enlarged, which `before` resampled."""

    def __init__(self, *texts):
        self.texts, self.Params = list(texts), READERS.engines["none"].Params

    def read(self, rgb, _params):
        return (Line(text=self.texts.pop(0), box=(20, 20, 60, 20), score=0.95),)


@pytest.mark.parametrize(("after", "passed"), [("1987", True), ("1007", False)])
def test_word_that_changes_sends_the_asset_to_review(shoot, monkeypatch, after, passed):
    monkeypatch.setitem(READERS.engines, "none", Reader("1987", after))
    records, _ = composed(shoot, channels=(AMAZON,), upscale="embedded")
    check = checks(records["front/white/amazon_main.jpg"])["enlarged_text"]
    assert check.passed is passed and ('"1987"' in check.words) is not passed
    assert (check.words in records["front/white/amazon_main.jpg"].reasons) is not passed


@needs_spandrel
def test_checkpoint_that_turns_out_to_invent_detail_is_refused(shoot, tmp_path):
    with pytest.raises(BadInput, match=r"dB farther from this product than Lanczos resampling: it invents") as error:
        composed(shoot, channels=(AMAZON,), upscale=tiny(tmp_path, 0.3))
    assert "alter_product: true" in error.value.remedy


@needs_spandrel
def test_gan_that_may_alter_the_product_sends_every_enlarged_asset_to_review(shoot, tmp_path):
    records, _ = composed(shoot, upscale=tiny(tmp_path, 0.3, trained_for="gan", alter_product=True))
    for path, record in records.items():
        if path.endswith("small.jpg"):
            assert not record.alterations
            continue
        (alteration,) = record.alterations
        assert alteration.operation == "enlarge" and "tiny-0.3" in alteration.what
        assert record.verdict != "published" and checks(record)["altered"].passed is False


def test_gan_without_permission_is_refused_when_planning(tmp_path):
    upscale = tiny(tmp_path, 0.3, trained_for="gan")
    with pytest.raises(BadInput, match="declared trained_for: gan, so it invents detail and must not touch a product"):
        step_params("composite", {"upscale": upscale})
    assert step_params("composite", {"upscale_backdrops": upscale})


@needs_spandrel
def test_gan_for_backdrops_leaves_the_product_alone(shoot, both, tmp_path):
    records, out = composed(shoot, upscale_backdrops=tiny(tmp_path, 0.3, trained_for="gan"))
    base, _, (plain, before) = both
    path = "front/oak/instagram_4x5.jpg"
    assert not np.array_equal(image(shoot, out, path), image(base, before, path))
    for path, record in records.items():
        assert not record.alterations and checks(record)["product_exact"] == checks(plain[path])["product_exact"]
    white = "front/white/amazon_main.jpg"
    assert np.array_equal(image(shoot, out, white), image(base, before, white))


def test_layers_keep_the_pixels_of_the_picture(both):
    shoot, (_, out), _ = both
    layer = shoot.store.tree(out.layers)["front/white/product.png"]
    assert np.array_equal(decode_png(shoot.store.read(layer)), shoot.product)


@pytest.mark.parametrize("value", ["larger", {"engine": "larger"}, 3])
def test_unknown_engine_is_named(value):
    with pytest.raises((ValidationError, BadInput), match=r"larger|name: value"):
        step_params("composite", {"upscale": value})


def test_engine_may_be_set_beside_the_other_settings():
    assert (
        step_params("composite", {"engine": "embedded"}).upscale
        == step_params("composite", {"upscale": "embedded"}).upscale
    )
