import io
import shutil

import numpy as np
import pytest
from PIL import Image

from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.domain import Angle
from pipeline.core.edits import Edits
from pipeline.core.errors import BadInput
from pipeline.core.records import AssetRecord, BackdropPicture, Picture, dump_json, load_list
from pipeline.core.retouches import Alteration
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.channels.marking import marking_of
from pipeline.imaging.compositing.edits import apply_edits, edit_view, homography_rows, scale_of
from pipeline.stages.composite.stage import STAGE, Inputs, Params
from tests.imaging.products import make_product, on_studio

AMAZON = load_channel("amazon_main").model_copy(
    update={"width_px": 320, "height_px": 320, "long_side_at_least_px": 320}
)
FEED = load_channel("instagram_4x5").model_copy(
    update={"width_px": 256, "height_px": 320, "long_side_at_least_px": 320}
)
OAK = "brown wood, low horizon backdrop, soft light from left"


def png(image):
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


class ComposedShoot:
    """The inputs of composite for a shoot: front captured, back rendered, left refused."""

    def __init__(self, root):
        self.store = Store(root)
        self.events = []
        self.runner = Runner(self.store, notify=self.events.append)
        self.product = make_product()
        self.pictures = [
            Picture(
                angle=Angle(name="front", azimuth_deg=0), source="captured", photo="p0", reason="photo p0 is 2 deg off"
            ),
            Picture(angle=Angle(name="back", azimuth_deg=180), source="rendered", nearest_photo="p1", reason="drawn"),
            Picture(angle=Angle(name="left", azimuth_deg=270), source="refused", reason="nothing within 45 deg"),
        ]
        self.angles = {"front": self.product, "back": make_product(seed=3, base=(60, 120, 150))}
        self.unedited = {}
        h, w = self.product.shape[:2]
        wood = np.broadcast_to(np.linspace(90, 200, w)[None, :, None], (h, w, 3)).astype(np.uint8)
        self.grounds = {"white": ("solid", np.full((h, w, 3), 255, np.uint8)), "oak": ("diffusion", wood)}

    def edit(self, name, **fields):
        """Edit the picture of an angle, as render does."""
        edits, before = Edits.model_validate(fields), self.angles[name]
        after, matrix = apply_edits(before, edits)
        self.angles[name], self.unedited[name] = after, before
        for i, picture in enumerate(self.pictures):
            if picture.angle.name != name:
                continue
            update = {"edits": edits, "resized": scale_of(matrix)}
            if picture.view:
                seen = edit_view(picture.view, edits, matrix, after.shape[1::-1])
                update |= {"view": seen} if seen else {"picture_from_view": homography_rows(matrix)}
            self.pictures[i] = picture.model_copy(update=update)

    def tree(self, files):
        return self.store.put_tree({name: self.store.put(png(image), "image/png") for name, image in files.items()})

    def inputs(self):
        cutouts = {f"p{n}.png": self.product for n in range(3)}
        photos = {name: on_studio(cutout) for name, cutout in cutouts.items()}
        backdrops = [
            BackdropPicture(angle=a, backdrop=b, kind=kind, path=f"{a}/{b}.png", prompt=OAK if b == "oak" else None)
            for a in self.angles
            for b, (kind, _) in self.grounds.items()
        ]
        return Inputs(
            photos=self.tree(photos),
            cutouts=self.tree(cutouts),
            angles=self.tree({f"{name}.png": image for name, image in self.angles.items()}),
            pictures=self.store.put(dump_json(self.pictures), "application/json"),
            unedited=self.tree({f"{name}.png": image for name, image in self.unedited.items()})
            if self.unedited
            else None,
            backdrops=self.tree({p.path: self.grounds[p.backdrop][1] for p in backdrops}),
            backdrop_pictures=self.store.put(dump_json(backdrops), "application/json"),
        )

    def run(self, splat=None, **params):
        return self.compose(self.inputs().model_copy(update={"splat": splat}), **params)

    def compose(self, inputs, **params):
        values = {"sku": "mug-1", "title": "A mug", "channels": (AMAZON, FEED), **params}
        return self.runner.run(STAGE, inputs, Params.model_validate(values)).outputs


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    """A store in which the plain shoot was composed: what a test does not change of it is not made again."""
    root = tmp_path_factory.mktemp("composed")
    ComposedShoot(root).run()
    return root


@pytest.fixture
def shoot(composed, tmp_path):
    return ComposedShoot(shutil.copytree(composed, tmp_path, dirs_exist_ok=True))


def test_every_angle_is_composed_for_every_backdrop_and_channel_that_takes_it(shoot):
    out = shoot.run()
    records = load_list(AssetRecord, shoot.store.read(out.checks))
    assert {r.path for r in records} == {
        f"{angle}/{rest}"
        for angle in ("front", "back")
        for rest in ("white/amazon_main.jpg", "white/instagram_4x5.jpg", "oak/instagram_4x5.jpg")
    }
    assert set(shoot.store.tree(out.assets)) == {r.path for r in records}
    assert set(shoot.store.tree(out.layers)) == {
        f"{a}/{b}/{layer}.png"
        for a in ("front", "back")
        for b in ("white", "oak")
        for layer in ("product", "shadow", "backdrop")
    }
    by_path = {r.path: r for r in records}
    assert by_path["front/oak/instagram_4x5.jpg"].source == "captured"
    assert "rendered, not photographed" in " ".join(by_path["back/white/amazon_main.jpg"].reasons)
    assert not any(r.verdict == "rejected" for r in records), [r.reasons for r in records]
    assert out.report.assets == 6 and out.report.skipped == ()
    with Image.open(io.BytesIO(shoot.store.read(out.sheet))) as sheet:
        assert sheet.format == "PNG" and sheet.width <= 2400


def test_the_product_layer_is_the_angles_picture(shoot):
    out = shoot.run()
    angles = shoot.store.tree(shoot.inputs().angles)
    assert shoot.store.tree(out.layers)["front/oak/product.png"] == angles["front.png"]


def test_a_new_picture_of_one_angle_recomputes_only_that_angle(shoot):
    shoot.run()
    shoot.angles["back"] = make_product(seed=9)
    shoot.events.clear()
    shoot.run()
    computed = {e.step for e in shoot.events if e.kind == "committed"}
    assert computed == {
        "composite", "composite[back]", "composite[back/white/layers]", "composite[back/oak/layers]",
        "composite[back/white/amazon_main]", "composite[back/white/instagram_4x5]", "composite[back/oak/instagram_4x5]",
    }  # fmt: skip


def test_a_picture_that_differs_from_its_photo_is_rejected(shoot):
    painted = shoot.product.copy()
    painted[120:140, 80:110, :3] += 4
    shoot.angles["front"] = painted
    records = load_list(AssetRecord, shoot.store.read(shoot.run().checks))
    front = [r for r in records if r.angle == "front"]
    assert front and all(r.verdict == "rejected" for r in front)
    assert all("600 opaque product pixels differ from the photo" in r.reasons for r in front)


def test_a_retouched_picture_goes_to_review_and_is_compared_outside_the_area(shoot):
    h, w = shoot.product.shape[:2]
    tag = Alteration(operation="retouch", what="removed: hang tag", box=(80 / w, 120 / h, 110 / w, 140 / h))
    shoot.angles["front"] = shoot.product.copy()
    shoot.angles["front"][120:140, 80:110, :3] += 4
    shoot.pictures[0] = shoot.pictures[0].model_copy(update={"alterations": (tag,)})
    out = shoot.run()
    front = [r for r in load_list(AssetRecord, shoot.store.read(out.checks)) if r.angle == "front"]
    assert front and {r.verdict for r in front} == {"in review"} and {r.alterations for r in front} == {(tag,)}
    assert all("removed: hang tag" in " ".join(r.reasons) for r in front)
    file = shoot.store.read(shoot.store.tree(out.assets)["front/white/amazon_main.jpg"])
    assert marking_of(file) == "compositeWithTrainedAlgorithmicMedia"
    shoot.angles["front"][119, 80, :3] += 4
    spilled = [r for r in load_list(AssetRecord, shoot.store.read(shoot.run().checks)) if r.angle == "front"]
    assert {r.verdict for r in spilled} == {"rejected"}


def test_channels_that_require_pure_white_do_not_take_an_off_white_backdrop(shoot):
    h, w = shoot.product.shape[:2]
    shoot.grounds = {"white": ("solid", np.full((h, w, 3), 254, np.uint8))}
    out = shoot.run()
    assert {r.channel for r in load_list(AssetRecord, shoot.store.read(out.checks))} == {"instagram_4x5"}
    assert out.report.skipped == ("amazon_main: no backdrop of this shoot suits it",)


def test_a_shoot_whose_angles_are_all_refused_gets_a_contact_sheet(shoot):
    shoot.pictures = [p.model_copy(update={"source": "refused", "photo": None}) for p in shoot.pictures]
    shoot.angles = {}
    out = shoot.run()
    assert load_list(AssetRecord, shoot.store.read(out.checks)) == []
    assert out.report.assets == 0
    assert Image.open(io.BytesIO(shoot.store.read(out.sheet))).size[0] <= 2400


def test_an_angle_with_an_empty_matte_is_skipped_with_a_reason(shoot):
    shoot.angles["back"] = np.zeros_like(shoot.product)
    out = shoot.run()
    assert out.report.assets == 3
    assert out.report.skipped == ("back: its picture shows no product",)


def test_a_listed_file_that_is_missing_is_bad_input(shoot):
    del shoot.angles["back"]
    with pytest.raises(BadInput, match=r"back\.png is listed but was not made"):
        shoot.run()


def test_a_channel_given_by_name_is_in_the_params_with_its_content():
    params = Params.model_validate({"channels": ["amazon_main"]})
    assert params.channels == (load_channel("amazon_main"),)
    assert params.model_dump(mode="json")["channels"][0]["fill_at_least"] == 0.85


def test_an_unknown_channel_is_bad_input_that_lists_the_known_ones():
    with pytest.raises(BadInput, match="amazon_main"):
        Params.model_validate({"channels": ["myspace"]})


def test_without_a_shadow_the_shadow_layer_is_empty(shoot):
    out = shoot.run(shadow="none", channels=(FEED,))
    shadow = np.asarray(Image.open(io.BytesIO(shoot.store.read(shoot.store.tree(out.layers)["front/oak/shadow.png"]))))
    assert not shadow.any()


def test_an_edited_angle_is_checked_against_its_photo_and_its_edits(shoot):
    plain = shoot.run()
    shoot.edit("front", rotate_deg=4, crop={"top": 0.02}, brightness_ev=0.2, sharpen={"amount": 0.5})
    out = shoot.run()
    records = {r.path: r for r in load_list(AssetRecord, shoot.store.read(out.checks))}
    asset = records["front/oak/instagram_4x5.jpg"]
    assert asset.verdict != "rejected", asset.reasons
    words = {check.name: check.words for check in asset.checks}
    assert words["edits"] == (
        "edited as shoot.yaml asks: cropped, rotated 4 deg, brightness +0.2 EV, sharpened by 0.5 at 1 px"
    )
    assert words["photo_exact"] == "every opaque pixel of the product equals the photo's"
    assert "edits" not in {check.name for check in records["back/oak/instagram_4x5.jpg"].checks}
    layers, before = shoot.store.tree(out.layers), shoot.store.tree(plain.layers)
    assert layers["front/oak/product.png"] != before["front/oak/product.png"]
    assert layers["back/oak/product.png"] == before["back/oak/product.png"]


def test_an_edited_picture_that_was_painted_over_is_rejected(shoot):
    shoot.edit("front", crop={"left": 0.1})
    shoot.angles["front"][120:140, 60:90, :3] += 4
    front = [r for r in load_list(AssetRecord, shoot.store.read(shoot.run().checks)) if r.angle == "front"]
    assert front and all(r.verdict == "rejected" for r in front)
    assert all("600 px of the picture differ from the result of the edits" in " ".join(r.reasons) for r in front)


def test_enlargement_by_edits_counts_as_enlargement_of_the_photo(shoot):
    enlargements = []
    for resize in (1, 2):
        shoot.edit("front", resize=resize)
        records = {r.path: r for r in load_list(AssetRecord, shoot.store.read(shoot.run().checks))}
        checks = {check.name: check for check in records["front/white/instagram_4x5.jpg"].checks}
        enlargements.append(checks["enlargement"].value)
    assert enlargements[1] == pytest.approx(enlargements[0], rel=0.01)


def test_an_edited_angle_without_its_unedited_picture_is_bad_input(shoot):
    shoot.edit("front", crop={"left": 0.1})
    shoot.unedited = {}
    with pytest.raises(BadInput, match=r"front\.png is listed but was not made"):
        shoot.run()


def test_the_shadow_has_the_splats_shape_and_follows_edits(shoot):
    from pipeline.splatting.ply import write_ply
    from tests.imaging.compositing.test_shadow import view_of
    from tests.splatting.toy_product import product

    h, w = shoot.product.shape[:2]
    view = view_of(elevation_deg=20.0, azimuth_deg=0.0)
    camera = view.camera.model_copy(update={"width_px": w, "height_px": h, "cx_px": w / 2, "cy_px": h / 2})
    view = view.model_copy(update={"camera": camera})
    shoot.pictures = [p.model_copy(update={"view": view}) if p.source == "captured" else p for p in shoot.pictures]
    splat = shoot.store.put(write_ply(product()), "model/ply")
    layer = lambda out: shoot.store.tree(out.layers)["front/oak/shadow.png"]  # noqa: E731 - a shorthand
    flat = layer(shoot.run())
    solid = layer(shoot.run(splat=splat))
    assert flat != solid
    shoot.edit("front", crop={"left": 0.1})
    cropped = shoot.run(splat=splat)
    before, after = (np.asarray(Image.open(io.BytesIO(shoot.store.read(s)))) for s in (solid, layer(cropped)))
    cut = before.shape[1] - after.shape[1]
    assert cut > 0 and np.abs(before[:, cut:, 3].astype(int) - after[..., 3]).mean() < 1.5
