"""The photo in the asset's framing lies exactly under the product that composite placed."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import Lineage, LineageStep, read_lineage
from pipeline.contract.store import Store
from pipeline.core.disk_cache import DiskCache
from pipeline.core.edits import Crop, Edits, Perspective
from pipeline.core.errors import BadInput
from pipeline.core.linear import linear_to_srgb
from pipeline.core.png import encode_png
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.compositing.edits import apply_edits
from pipeline.imaging.compositing.framing import place, resample_product
from pipeline.pages.before import BeforePicture, before_of, beside_of
from pipeline.pages.thumbnails import Side
from pipeline.stages.render.edit import EDIT
from tests.catalog.toy_shoot import ToyShoot

KIND = "solid"


def shot() -> tuple[np.ndarray, np.ndarray]:
    """A photo with a textured, off-centre product, [h, w, 3], and the product's matte, [h, w]."""
    rows, columns = np.mgrid[:300, :400]
    matte = np.where((abs(rows - 170) < 80) & (abs(columns - 140) < 60), 255, 0).astype(np.uint8)
    waves = 128 + 80 * np.sin(rows / 9.0) * np.cos(columns / 7.0)
    return np.stack([waves, 255 - waves, waves / 2 + 60], axis=2).astype(np.uint8), matte


def step_with(lineage_step: LineageStep, channel: str) -> LineageStep:
    return lineage_step.model_copy(
        update={"params": {"channel": load_channel(channel).model_dump(mode="json"), "kind": KIND}}
    )


@pytest.fixture
def lineage(tmp_path: Path) -> Lineage:
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url).publish()
    return read_lineage(Catalog(url), "MUG-1/front/white/shop")


@pytest.mark.parametrize("channel", ["amazon_main", "shopify"])
def test_the_photo_lies_under_the_product(tmp_path, lineage, channel):
    photo, matte = shot()
    store, cache = Store(tmp_path / "pictures"), DiskCache(tmp_path / "cache")
    cutout = np.dstack([photo, matte])
    stored = [store.put(encode_png(picture), "image/png").sha256 for picture in (photo, cutout)]
    chosen = load_channel(channel)
    placement = place(matte, chosen, chosen.framing(KIND))
    frame_px = (placement.width_px, placement.height_px)
    before = BeforePicture(step_with(lineage.steps[0], channel), *stored, frame_px)
    with Image.open(io.BytesIO(before.made(store, cache, Side.WHOLE))) as file:
        shown = np.asarray(file.convert("RGB"), float)
    assert shown.shape[1::-1] == frame_px
    patch = resample_product(cutout, placement)
    inner = patch.alpha > 0.999
    product = linear_to_srgb(patch.pixels[..., :3]).astype(float)
    difference = np.abs(shown[patch.where] - product)[inner]
    shifted = np.abs(np.roll(shown, 3, axis=1)[patch.where] - product)[inner]
    assert difference.mean() < 4 and difference.mean() < shifted.mean() / 2


def test_a_smaller_side_shows_the_same_frame(tmp_path, lineage):
    photo, matte = shot()
    store, cache = Store(tmp_path / "pictures"), DiskCache(tmp_path / "cache")
    stored = [store.put(encode_png(picture), "image/png").sha256 for picture in (photo, np.dstack([photo, matte]))]
    chosen = load_channel("amazon_main")
    placement = place(matte, chosen, chosen.framing(KIND))
    before = BeforePicture(
        step_with(lineage.steps[0], "amazon_main"), *stored, (placement.width_px, placement.height_px)
    )
    large, small = (
        Image.open(io.BytesIO(before.made(store, cache, side))).convert("RGB") for side in (Side.LARGE, Side.CARD)
    )
    same = np.abs(np.asarray(large.resize(small.size, Image.Resampling.BOX), float) - np.asarray(small, float))
    assert max(small.size) == 480 and same.mean() < 6


def test_another_framing_than_the_recorded_one_is_refused(tmp_path, lineage):
    photo, matte = shot()
    store = Store(tmp_path / "pictures")
    stored = [store.put(encode_png(picture), "image/png").sha256 for picture in (photo, np.dstack([photo, matte]))]
    before = BeforePicture(step_with(lineage.steps[0], "amazon_main"), *stored, (10, 10))
    with pytest.raises(BadInput, match="has changed since it ran"):
        before.made(store, DiskCache(tmp_path / "cache"), Side.LARGE)


EDITS = [
    Edits(crop=Crop(left=0.05, top=0.2, bottom=0.05)),
    Edits(rotate_deg=-12),
    Edits(perspective=Perspective(vertical=0.2, horizontal=-0.1), rotate_deg=5, resize=1.3),
    Edits(crop=Crop(aspect="1:1"), size_px=(500, 450)),
]


@pytest.mark.parametrize("edits", EDITS)
def test_the_photo_lies_under_an_edited_product(tmp_path, lineage, edits):
    photo, matte = shot()
    store, cache = Store(tmp_path / "pictures"), DiskCache(tmp_path / "cache")
    edited, _ = apply_edits(np.dstack([photo, matte]), edits)
    stored = [store.put(encode_png(picture), "image/png").sha256 for picture in (photo, edited)]
    chosen = load_channel("shopify")
    placement = place(edited[..., 3], chosen, chosen.framing(KIND))
    edit = lineage.steps[1].model_copy(update={"params": {"edits": edits.model_dump(mode="json")}})
    frame_px = (placement.width_px, placement.height_px)
    before = BeforePicture(step_with(lineage.steps[0], "shopify"), *stored, frame_px, edit)
    with Image.open(io.BytesIO(before.made(store, cache, Side.WHOLE))) as file:
        shown = np.asarray(file.convert("RGB"), float)
    patch = resample_product(edited, placement)
    inner = patch.alpha > 0.999
    product = linear_to_srgb(patch.pixels[..., :3]).astype(float)
    difference, shifted = (
        np.abs(moved[patch.where] - product)[inner].mean() for moved in (shown, np.roll(shown, 12, axis=1))
    )
    assert difference < 4 and difference < shifted / 2


def test_edits_that_gave_another_size_are_refused(tmp_path, lineage):
    photo, matte = shot()
    store = Store(tmp_path / "pictures")
    stored = [store.put(encode_png(picture), "image/png").sha256 for picture in (photo, np.dstack([photo, matte]))]
    chosen = load_channel("shopify")
    placement = place(matte, chosen, chosen.framing(KIND))
    edit = lineage.steps[1].model_copy(update={"params": {"edits": {"resize": 2.0}}})
    frame_px = (placement.width_px, placement.height_px)
    before = BeforePicture(step_with(lineage.steps[0], "shopify"), *stored, frame_px, edit)
    with pytest.raises(BadInput, match="the edits of step"):
        before.made(store, DiskCache(tmp_path / "cache"), Side.LARGE)


def captured(lineage: Lineage) -> Lineage:
    """The toy's lineage with the params and the input that a real composite has."""
    first, *others = lineage.steps
    edges = tuple(
        edge.model_copy(update={"name": "picture"}) if edge.step_key == first.key else edge for edge in lineage.edges
    )
    return lineage.model_copy(update={"steps": (step_with(first, "shopify"), *others), "edges": edges})


def edited(lineage: Lineage, version: int = EDIT.version) -> Lineage:
    """A captured asset whose picture a step edited."""
    whole = captured(lineage)
    placed = next(edge for edge in whole.edges if edge.name == "picture")
    edit = whole.steps[1].model_copy(
        update={"key": "edit", "stage": "render_edit", "version": version, "params": {"edits": {"rotate_deg": 2.0}}}
    )
    of_asset = placed.model_copy(update={"producer_key": "edit", "sha256": "e" * 64})
    of_edit = placed.model_copy(update={"step_key": "edit"})
    edges = (of_asset, of_edit, *(edge for edge in whole.edges if edge is not placed))
    return whole.model_copy(update={"steps": (*whole.steps, edit), "edges": edges})


def test_a_captured_asset_is_compared_with_its_own_photo(lineage):
    before, beside = before_of(captured(lineage)), beside_of(captured(lineage))
    assert before is not None and before.edit is None
    ingested = {step.key for step in lineage.steps if step.title == "ingest_photo A"}
    assert before.photo in {edge.sha256 for edge in lineage.edges if edge.producer_key in ingested}
    assert beside is not None and beside.photo.sha256 == before.photo and "no longer" in beside.why


def test_an_edited_asset_is_compared_with_its_own_photo(lineage):
    plain, before = before_of(captured(lineage)), before_of(edited(lineage))
    assert plain is not None and before is not None and before.edit is not None
    assert (before.photo, before.picture) == (plain.photo, "e" * 64)


def test_an_asset_edited_by_an_earlier_release_stands_beside_its_photo(lineage):
    old = edited(lineage, EDIT.version - 1)
    beside = beside_of(old)
    assert before_of(old) is None
    assert beside is not None and beside.photo.name == "A" and "earlier release" in beside.why


def test_a_picture_of_unknown_origin_stands_beside_its_photo(lineage):
    whole = captured(lineage)
    edges = tuple(
        edge.model_copy(update={"sha256": "e" * 64}) if edge.name == "picture" else edge for edge in whole.edges
    )
    unknown = whole.model_copy(update={"edges": edges})
    beside = beside_of(unknown)
    assert before_of(unknown) is None and beside is not None and "not recorded" in beside.why


def test_a_rendered_asset_stands_beside_the_nearest_photo(tmp_path, lineage):
    rendered = captured(read_lineage(Catalog(f"sqlite:///{tmp_path}/catalog.db"), "MUG-1/left/white/shop"))
    assert before_of(rendered) is None and beside_of(rendered) is None
    cutout = next(step.key for step in rendered.steps if step.title == "cutout_photo B")
    near = next(edge for edge in rendered.edges if edge.producer_key == cutout).model_copy(update={"name": "nearest"})
    beside = beside_of(rendered.model_copy(update={"edges": (*rendered.edges, near)}))
    assert beside is not None and beside.photo.name == "B" and "no photo has this framing" in beside.why


def altered(lineage: Lineage, stage: str, box: tuple[float, ...] | None) -> Lineage:
    """The lineage with a step between the asset and the picture that it placed."""
    whole = captured(lineage)
    first = whole.steps[0]
    placed = next(edge for edge in whole.edges if edge.step_key == first.key and edge.name == "picture")
    report = {"alteration": {"box": box}} if box else {}
    step = first.model_copy(update={"key": "a" * 64, "stage": stage, "item": "front/x", "params": {}, "report": report})
    made = placed.model_copy(update={"producer_key": step.key, "sha256": "b" * 64})
    edges = tuple(made if edge == placed else edge for edge in whole.edges)
    read = placed.model_copy(update={"step_key": step.key})
    return whole.model_copy(update={"steps": (*whole.steps, step), "edges": (*edges, read)})


def test_a_retouched_asset_is_compared_with_its_photo_with_the_area_outlined(tmp_path, lineage):
    box = (0.3, 0.4, 0.4, 0.6)
    before = before_of(altered(lineage, "render_retouch", box))
    plain = before_of(captured(lineage))
    assert (before.photo, before.picture, before.altered) == (plain.photo, "b" * 64, (box,))
    photo, matte = shot()
    store = Store(tmp_path / "pictures")
    stored = [store.put(encode_png(picture), "image/png").sha256 for picture in (photo, np.dstack([photo, matte]))]
    chosen = load_channel("amazon_main")
    placement = place(matte, chosen, chosen.framing(KIND))
    step, frame_px = step_with(lineage.steps[0], "amazon_main"), (placement.width_px, placement.height_px)
    shown = []
    for areas in (None, (box,)):
        made = BeforePicture(step, *stored, frame_px, altered=areas)._make(store, Side.WHOLE)
        shown.append(np.asarray(Image.open(io.BytesIO(made)).convert("RGB"), float))
    ys, xs = np.nonzero(np.abs(shown[1] - shown[0]).max(axis=2) > 60)
    left, top = placement.x_px + 0.3 * 400 * placement.scale, placement.y_px + 0.4 * 300 * placement.scale
    assert abs(xs.min() - left) < 6 and abs(ys.min() - top) < 6


def test_a_refined_asset_is_compared_with_the_picture_before(tmp_path, lineage):
    rendered = read_lineage(Catalog(f"sqlite:///{tmp_path}/catalog.db"), "MUG-1/left/white/shop")
    before = before_of(altered(rendered, "render_refinement", None))
    placed = next(edge for edge in rendered.edges if edge.step_key == rendered.steps[0].key)
    assert (before.photo, before.altered) == (placed.sha256, ())


def test_a_worn_asset_stands_beside_the_product_alone(lineage):
    first = lineage.steps[0]
    step = first.model_copy(update={"key": "a" * 64, "stage": "background_worn", "item": "front/anna"})
    garment = lineage.edges[0].model_copy(update={"step_key": step.key, "name": "garment", "sha256": "d" * 64})
    worn = lineage.model_copy(update={"steps": (*lineage.steps, step), "edges": (*lineage.edges, garment)})
    beside = beside_of(worn)
    assert beside is not None and beside.photo.sha256 == "d" * 64 and "the product alone" in beside.why
