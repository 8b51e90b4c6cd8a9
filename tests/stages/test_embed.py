import json

import cv2
import numpy as np
import pytest

from pipeline.contract.runner import Runner
from pipeline.core.npy import from_npy
from pipeline.core.records import AssetRecord, dump_json
from pipeline.core.vectors import VectorIndex
from pipeline.core.weights import folder_digest
from pipeline.plan import step_params
from pipeline.similarity.descriptor import LENGTH, describe
from pipeline.stages.embed import STAGE
from pipeline.stages.embed.stage import Inputs, Params
from tests.imaging.products import make_product
from tests.similarity.tiny_checkpoints import save_tiny


def png(pixels):
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", bgr)[1].tobytes()


class Shoot:
    """Three photos, one of them without a product, and one angle over two backdrops for one channel."""

    def __init__(self, store):
        self.store, self.events = store, []
        self.runner = Runner(store, notify=self.events.append)
        self.front, self.side = make_product(), make_product(seed=2, width=200)
        self.photos = {"a": self.front, "b": self.side, "none": np.zeros((60, 50, 4), np.uint8)}
        self.backdrops = {"white": 255, "dark": 30}

    def tree(self, files):
        return self.store.put_tree({name: self.store.put(png(pixels), "image/png") for name, pixels in files.items()})

    def asset(self, backdrop):
        alpha = self.front[..., 3:].astype(np.float32) / 255
        return np.rint(self.front[..., :3] * alpha + self.backdrops[backdrop] * (1 - alpha)).astype(np.uint8)

    def inputs(self):
        records = [
            AssetRecord(
                angle="front", backdrop=name, channel="shop", path=f"front/{name}/shop.png", media_type="image/png",
                width_px=10, height_px=10, source="captured", verdict="published",
            )
            for name in self.backdrops
        ]  # fmt: skip
        return Inputs(
            cutouts=self.tree({f"{name}.png": pixels for name, pixels in self.photos.items()}),
            angles=self.tree({"front.png": self.front}),
            assets=self.tree({record.path: self.asset(record.backdrop) for record in records}),
            checks=self.store.put(dump_json(records), "application/json"),
        )

    def embed(self, params=Params()):
        outputs = self.runner.run(STAGE, self.inputs(), params).outputs
        index = VectorIndex.model_validate_json(self.store.read(outputs.vector_index))
        return outputs, index, from_npy(self.store.read(outputs.vectors))


@pytest.fixture
def shoot(store):
    return Shoot(store)


def test_every_photo_with_a_product_and_every_asset_has_a_vector(shoot):
    outputs, index, vectors = shoot.embed()
    assert [(picture.kind, picture.name) for picture in index.pictures] == [
        ("photo", "a"), ("photo", "b"), ("asset", "front/white/shop"), ("asset", "front/dark/shop"),
    ]  # fmt: skip
    assert vectors.shape == (4, LENGTH)
    assert np.allclose(vectors[0], describe(shoot.front), atol=1e-6)
    report = outputs.report
    assert (report.photos, report.assets, report.empty, report.engine) == (2, 2, ("none.png",), "descriptor")
    digests = {picture.name: picture.sha256 for picture in index.pictures}
    assert digests["front/white/shop"] == shoot.store.tree(shoot.inputs().assets)["front/white/shop.png"].sha256


def test_descriptor_sees_the_product_whatever_the_backdrop(shoot):
    _, _, vectors = shoot.embed()
    assert np.array_equal(vectors[2], vectors[3])
    assert np.allclose(vectors[0], vectors[2], atol=1e-6)


@pytest.mark.timeout(120)
def test_checkpoint_sees_the_whole_picture(shoot, tmp_path):
    folder = save_tiny(tmp_path / "clip", "clip")
    values = {"engine": "transformers", "checkpoint": str(folder), "checkpoint_sha256": folder_digest(folder)}
    _, index, vectors = shoot.embed(step_params("embed", values))
    assert (index.engine, index.revision) == ("transformers", values["checkpoint_sha256"])
    assert vectors.shape == (4, 24)
    assert vectors[2] @ vectors[3] < 0.99999


def test_same_pictures_give_the_same_bytes_in_another_store(shoot, tmp_path):
    first = shoot.embed()[0]
    again = Shoot(type(shoot.store)(tmp_path / "other")).embed()[0]
    assert (first.vectors, first.vector_index) == (again.vectors, again.vector_index)


def test_new_assets_do_not_embed_the_photos_again(shoot):
    shoot.embed()
    shoot.events.clear()
    shoot.backdrops = {"white": 250}
    shoot.embed()
    cached = {event.step for event in shoot.events if event.kind == "cached"}
    assert cached == {"embed[photos]", "embed[angles]"}


def test_progress_of_the_step_is_reported(shoot):
    shoot.embed()
    steps = [(event.done, event.total) for event in shoot.events if (event.step, event.kind) == ("embed", "progress")]
    assert steps == [(1, 2), (2, 2)]


def test_shoot_without_any_product_has_no_vectors(shoot):
    shoot.photos = {"none": shoot.photos["none"]}
    shoot.front = np.zeros((60, 50, 4), np.uint8)
    outputs, index, vectors = shoot.embed()
    assert (len(vectors), index.pictures, outputs.report.dimensions) == (0, (), 0)


def test_likeness_of_duplicates_is_the_engines_unless_the_preset_says(shoot):
    assert shoot.embed()[1].alike_at_least == pytest.approx(0.945)
    assert shoot.embed(Params(alike_at_least=0.99))[1].alike_at_least == 0.99
    assert json.loads(STAGE.params().model_dump_json())["vector"] == {"engine": "descriptor"}
