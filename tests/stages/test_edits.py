"""Tests of an edited angle in render, background and composite: product, shadow and backdrop stay aligned."""

import shutil

import cv2
import numpy as np
import pytest

from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.edits import Edits
from pipeline.core.png import decode_png
from pipeline.core.records import dump_json
from pipeline.diffusion.painting import diffusers
from pipeline.diffusion.painting.base import PaintedBackdrop
from pipeline.diffusion.painting.enlarge import in_square
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.channels.encode import decode_image
from pipeline.imaging.compositing.edits import apply_edits
from pipeline.imaging.compositing.framing import box_of, product_mask
from pipeline.splatting.ply import write_ply
from pipeline.stages.background.stage import STAGE as BACKGROUND
from pipeline.stages.background.stage import Inputs as BackgroundInputs
from pipeline.stages.background.stage import Params as BackgroundParams
from pipeline.stages.composite.stage import STAGE as COMPOSITE
from pipeline.stages.composite.stage import Inputs as CompositeInputs
from pipeline.stages.composite.stage import Params as CompositeParams
from pipeline.stages.render.stage import STAGE as RENDER
from pipeline.stages.render.stage import Inputs as RenderInputs
from pipeline.stages.render.stage import Params as RenderParams
from tests.diffusion.conftest import save_tiny
from tests.splatting.toy_product import cutout_files, photos, product
from tests.stages.test_render import decision, photo_of, view_of_photo

SIDE_PX = 192
CROP = {"left": 0.02, "top": 0.04, "right": 0.15, "bottom": 0.1}  # outside the product
TABLE, STAIN = 220, 25  # levels of a painted table, and of the shadow painted on it
FEED = load_channel("instagram_4x5").model_copy(
    update={"width_px": 256, "height_px": 320, "long_side_at_least_px": 320}
)


@pytest.fixture(scope="module")
def shot():
    return photos(2, SIDE_PX)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    general = shutil.copytree(save_tiny(tmp_path_factory.mktemp("tiny") / "own"), tmp_path_factory.mktemp("g") / "tiny")
    (general / "backdrop.json").unlink()  # without this file, the checkpoint is one that sees the product
    return str(general)


@pytest.fixture
def paints_shadows(monkeypatch):
    """Have every checkpoint paint a dark bar at the foot of the product: random weights paint nothing to measure."""

    def paint(requests, _params):
        (request,) = requests
        side = request.width_px
        box = box_of(product_mask(in_square(request.product, side, fill=0)[..., 3]))
        rgb = np.full((side, side, 3), TABLE, np.uint8)
        middle, foot = round((box.left + box.right) / 2), round(box.bottom)
        rgb[foot : foot + side // 20, middle - side // 10 : middle + side // 10] = STAIN
        return [PaintedBackdrop(rgb, request.prompt)]

    monkeypatch.setattr(diffusers, "paint", paint)


def composed(root, shot, edits, background):
    """The layers and the one asset of an edited captured angle, by name."""
    store = Store(root)
    runner = Runner(store)
    png = lambda data: store.put(data, "image/png")  # noqa: E731 - a shorthand
    taken = {
        "photos": store.put_tree({f"{p.name}.png": png(photo_of(p)) for p in shot}),
        "cutouts": store.put_tree({name: png(data) for name, data in cutout_files(shot).items()}),
    }
    splat = store.put(write_ply(product()), "model/ply")
    views = store.put(dump_json([view_of_photo(p) for p in shot]), "application/json")
    asked = store.put(dump_json([decision("front", 180, "captured", "P01")]), "application/json")
    render_inputs = RenderInputs(**taken, decisions=asked, views=views, splat=splat)
    drawn = runner.run(RENDER, render_inputs, RenderParams(edits=edits))[0]
    angles = {"angles": drawn.angles, "pictures": drawn.pictures}
    behind = runner.run(BACKGROUND, BackgroundInputs(**angles), background)[0]
    composite_inputs = CompositeInputs(
        **taken,
        **angles,
        unedited=drawn.unedited,
        backdrops=behind.backdrops,
        backdrop_pictures=behind.backdrop_pictures,
        splat=splat,
    )
    out = runner.run(COMPOSITE, composite_inputs, CompositeParams(channels=(FEED,)))[0]
    layers = {name.split("/")[-1]: decode_png(store.read(f)) for name, f in store.tree(out.layers).items()}
    (asset,) = store.tree(out.assets).values()
    return layers, decode_image(store.read(asset), "the asset")


def painted(checkpoint):
    oak = {"name": "oak", "kind": "diffusion", "prompt": "a table"}
    diffusion = {"checkpoint": checkpoint, "steps": 4}
    return BackgroundParams(backdrops=(oak,), size_px=400, diffusion=diffusion, shadow="painted")


def plain():
    return BackgroundParams(backdrops=({"name": "grey", "kind": "solid", "colour": "#dcdcdc"},))


def middle(mask):
    y, x = np.nonzero(mask)
    return x.mean() + 0.5, y.mean() + 0.5


@pytest.mark.parametrize("edits", [{"crop": CROP}, {"crop": CROP, "rotate_deg": 12, "resize": 1.3}])
def test_a_painted_shadow_is_at_the_foot_of_the_edited_product(tmp_path, shot, checkpoint, paints_shadows, edits):
    layers, asset = composed(tmp_path, shot, {"front": edits}, painted(checkpoint))
    assert layers["product.png"].shape[:2] != (SIDE_PX, SIDE_PX)
    assert not layers["shadow.png"].any()
    box = box_of(product_mask(layers["product.png"][..., 3]))
    stain = layers["backdrop.png"].max(axis=-1) < 90
    assert middle(stain)[0] == pytest.approx((box.left + box.right) / 2, abs=2)
    assert box_of(stain).top == pytest.approx(box.bottom, abs=2)
    coloured = np.ptp(asset, axis=-1) > 25
    product_box, stain = box_of(coloured), asset.max(axis=-1) < 60
    assert middle(stain)[0] == pytest.approx((product_box.left + product_box.right) / 2, abs=4)
    assert box_of(stain).top == pytest.approx(product_box.bottom, abs=4)


@pytest.mark.parametrize(
    "edits", [{"crop": CROP}, {"crop": CROP, "rotate_deg": 12}, {"crop": CROP, "perspective": {"vertical": 0.2}}]
)
def test_a_computed_shadow_moves_with_the_edited_product(tmp_path, shot, edits):
    before, _ = composed(tmp_path, shot, {}, plain())
    after, _ = composed(tmp_path, shot, {"front": edits}, plain())
    matrix = moved_by(edits, before["product.png"])
    size = after["product.png"].shape[1::-1]
    product_moved, shadow_moved = (
        cv2.warpPerspective(before[name][..., 3], matrix, size) for name in ("product.png", "shadow.png")
    )
    assert np.abs(product_moved.astype(int) - after["product.png"][..., 3]).mean() < 1
    assert after["shadow.png"].max() > 80
    assert np.abs(shadow_moved.astype(int) - after["shadow.png"][..., 3]).mean() < 3
    foot = box_of(product_mask(after["product.png"][..., 3]))
    across, down = middle(after["shadow.png"][..., 3] > 80)
    assert foot.left < across < foot.right and down > foot.top + 0.7 * foot.height


def moved_by(edits, picture):
    """The homography of edits, in px whose centres are at whole numbers."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    return np.linalg.inv(half) @ apply_edits(picture, Edits.model_validate(edits))[1] @ half
