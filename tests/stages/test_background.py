import shutil

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.contract.runner import Runner
from pipeline.core.domain import Angle
from pipeline.core.errors import BadInput
from pipeline.core.png import decode_png, encode_png
from pipeline.core.records import BackdropPicture, Caption, Picture, dump_json, load_list
from pipeline.diffusion.painting.checkpoints import checkpoint_digest
from pipeline.stages.background.stage import STAGE, Inputs, Params
from tests.diffusion.conftest import save_tiny

WHITE = {"name": "white", "kind": "solid", "colour": "#ffffff"}
FADE = {"name": "fade", "kind": "gradient", "colour": "#ffffff", "to_colour": "#909090"}
OAK = {"name": "oak", "kind": "diffusion", "prompt": "tan rustic oak wood, low horizon"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return str(save_tiny(tmp_path_factory.mktemp("background") / "tiny"))


def picture(name, source="captured"):
    return Picture(angle=Angle(name=name, azimuth_deg=0), source=source, reason="because")


def rgba(level):
    pixels = np.zeros((60, 40, 4), np.uint8)
    pixels[15:45, 10:30] = (level, level, level, 255)
    return encode_png(pixels)


def inputs_of(store, levels=(("front", 10), ("left", 90)), prompt="a red mug"):
    angles = store.put_tree({f"{name}.png": store.put(rgba(level), "image/png") for name, level in levels})
    pictures = [picture(name) for name, _ in levels] + [picture("back", "refused")]
    caption = Caption(
        engine="measured", title="t", description="d", alt_text="a", attributes={}, prompt=prompt
    )  # fmt: skip
    return Inputs(
        angles=angles,
        pictures=store.put(dump_json(pictures), "application/json"),
        caption=store.put(dump_json(caption), "application/json"),
    )


def params_of(tiny, **changes):
    diffusion = {"checkpoint": tiny, "steps": 4}
    return Params(**{"backdrops": (WHITE, FADE, OAK), "size_px": 96, "diffusion": diffusion, **changes})


def test_the_licence_of_the_checkpoint_is_a_setting_of_what_it_paints(tiny):
    licences = [Params(backdrops=(OAK,), diffusion=diffusion).diffusion for diffusion in ({}, {"checkpoint": tiny})]
    assert [each.licence_use for each in licences] == ["commercial", "unknown"]
    assert (licences[0].licence, licences[0].licence_said_by) == ("apache-2.0", "README.md")
    stated = {"checkpoint": tiny, "licence": "MIT", "licence_said_by": "Jo Smith"}
    painter = Params(backdrops=(OAK,), diffusion=stated).diffusion
    assert (painter.licence_use, painter.licence_said_by) == ("commercial", "Jo Smith")
    assert Params(backdrops=(WHITE,)).diffusion.licence is None  # nothing is painted


def made(manifest, computed=False):
    """The backdrops among a manifest's items, without their tries and looks; `computed`: only those made anew."""
    own = {name: item for name, item in manifest.items.items() if not name.startswith(("try-", "look-"))}
    return [name for name, item in own.items() if item.computed or not computed]


def test_every_angle_with_a_picture_gets_every_backdrop(store, tiny):
    outputs, manifest, _ = Runner(store).run(STAGE, inputs_of(store), params_of(tiny))
    tree = store.tree(outputs.backdrops)
    names = [f"{angle}/{name}.png" for angle in ("front", "left") for name in ("white", "fade", "oak")]
    assert sorted(tree) == sorted(names)
    pictures = {name: decode_png(store.read(file)) for name, file in tree.items()}
    assert all(pixels.shape == (96, 96, 3) for pixels in pictures.values())
    assert (pictures["front/white.png"] == 255).all()
    assert pictures["left/fade.png"][0].mean() > pictures["left/fade.png"][-1].mean() + 80
    records = {record.path: record for record in load_list(BackdropPicture, store.read(outputs.backdrop_pictures))}
    assert sorted(records) == sorted(names)
    assert records["front/oak.png"].start == "scene"  # this checkpoint's own strength is below 1
    assert records["front/oak.png"].prompt == OAK["prompt"]
    assert records["front/oak.png"].seed == records["left/oak.png"].seed is not None
    assert records["front/white.png"].seed is None
    assert outputs.report.painted == 2
    (wording,) = outputs.report.wordings
    assert wording.asked == OAK["prompt"]
    assert wording.painted_as == "tan wood, low horizon backdrop, soft light from front"
    assert wording.passed_over == ("rustic",)
    assert outputs.report.checkpoint_digest == checkpoint_digest(tiny)
    assert set(made(manifest)) == {name.removesuffix(".png") for name in names}
    assert not manifest.items["left/oak"].computed  # it shares front's set
    assert tree["left/oak.png"] == tree["front/oak.png"]


def test_general_checkpoint_receives_product_and_caption(store, tiny, tmp_path):
    general = shutil.copytree(tiny, tmp_path / "general")
    (general / "backdrop.json").unlink()
    outputs, manifest, _ = Runner(store).run(STAGE, inputs_of(store), params_of(str(general), backdrops=(OAK,)))
    assert set(made(manifest)) == {"front/oak", "left/oak"}  # it paints around the product: one set per angle
    (first, _) = load_list(BackdropPicture, store.read(outputs.backdrop_pictures))
    assert first.prompt == "a red mug, tan rustic oak wood, low horizon"
    assert outputs.report.wordings[0].painted_as == f"{first.prompt}, seen from eye level"


def test_new_angle_or_prompt_recomputes_only_what_it_changes(store, tiny):
    runner = Runner(store)
    runner.run(STAGE, inputs_of(store), params_of(tiny, around="product"))
    changed = inputs_of(store, (("front", 10), ("left", 200)))
    manifest = runner.run(STAGE, changed, params_of(tiny, around="product")).manifest
    assert made(manifest, computed=True) == ["left/oak"]
    other = {**OAK, "prompt": "white marble"}
    manifest = runner.run(STAGE, changed, params_of(tiny, backdrops=(WHITE, FADE, other), around="product")).manifest
    assert made(manifest, computed=True) == ["front/oak", "left/oak"]


def test_one_empty_set_is_painted_once_for_all_angles(store, tiny):
    manifest = Runner(store).run(STAGE, inputs_of(store), params_of(tiny, backdrops=(OAK,), around="empty")).manifest
    assert made(manifest, computed=True) == ["front/oak"]
    _, manifest, _ = Runner(store).run(
        STAGE, inputs_of(store), params_of(tiny, backdrops=(OAK,), around="empty", seed_per_angle=True)
    )
    assert made(manifest, computed=True) == ["front/oak", "left/oak"]


def test_weights_are_in_the_params_only_if_a_backdrop_is_painted(tiny):
    assert params_of(tiny).diffusion.checkpoint_digest == checkpoint_digest(tiny)
    assert params_of(tiny, backdrops=(WHITE,)).diffusion.checkpoint_digest is None
    again = Params.model_validate(params_of(tiny).model_dump(mode="json"))
    assert again == params_of(tiny)


def test_strength_and_guidance_default_to_the_checkpoints(tiny, tmp_path):
    own = params_of(tiny).diffusion
    assert own.strength < 1
    asked = params_of(tiny, diffusion={"checkpoint": tiny, "strength": 0.8, "guidance": 4.0}).diffusion
    assert (asked.strength, asked.guidance) == (0.8, 4.0)
    general = shutil.copytree(tiny, tmp_path / "general")
    (general / "backdrop.json").unlink()
    assert params_of(tiny, diffusion={"checkpoint": str(general)}).diffusion.strength == 1


def test_weights_other_than_the_planned_ones_are_refused(store, tiny):
    planned = params_of(tiny, diffusion={"checkpoint": tiny, "checkpoint_digest": "0" * 64})
    with pytest.raises(BadInput, match=r"000000000000 was planned"):
        Runner(store).run(STAGE, inputs_of(store), planned)


def test_missing_checkpoint_is_reported_when_planning():
    with pytest.raises(BadInput, match=r"nowhere.*model_index"):
        Params(backdrops=(OAK,), diffusion={"checkpoint": "/nowhere"})
    assert Params(backdrops=(WHITE,), diffusion={"checkpoint": "/nowhere"}).backdrops[0].kind == "solid"


def test_batch_paints_all_angles_at_once_as_if_alone(store, tiny, monkeypatch):
    from pipeline.diffusion.painting.engine import DiffusersEngine

    alone = Runner(store).run(STAGE, inputs_of(store), params_of(tiny, backdrops=(OAK,), around="product")).outputs
    sizes, paint_all = [], DiffusersEngine.paint_all
    monkeypatch.setattr(
        DiffusersEngine, "paint_all", lambda self, asked: sizes.append(len(asked)) or paint_all(self, asked)
    )
    levels = tuple((name, 10 + 40 * i) for i, name in enumerate(("front", "left", "top")))
    params = params_of(tiny, backdrops=(OAK,), around="product", diffusion={"checkpoint": tiny, "steps": 4, "batch": 2})
    together, manifest, _ = Runner(store).run(STAGE, inputs_of(store, levels), params)
    assert sizes == [2, 1]
    assert len(made(manifest)) == 3
    first, second = (decode_png(store.read(store.tree(each.backdrops)["front/oak.png"])) for each in (alone, together))
    assert np.abs(first.astype(int) - second).mean() < 0.6


def test_extended_backdrop_continues_the_square_at_its_ends(store, tiny):
    tall, wide = {**OAK, "name": "tall", "extend": "tall"}, {**OAK, "name": "wide", "extend": "wide"}
    params = params_of(tiny, backdrops=(tall, wide))
    outputs = Runner(store).run(STAGE, inputs_of(store), params).outputs
    tree = store.tree(outputs.backdrops)
    assert decode_png(store.read(tree["front/tall.png"])).shape == (144, 96, 3)
    assert decode_png(store.read(tree["front/wide.png"])).shape == (96, 144, 3)
    with pytest.raises(ValidationError, match="extend: a solid backdrop fills every frame"):
        params_of(tiny, backdrops=({**WHITE, "extend": "tall"},))


def test_painted_shadows_require_a_checkpoint_that_sees_the_product(store, tiny, tmp_path):
    with pytest.raises(ValidationError, match="paints empty sets, without shadows; use shadow: layer"):
        params_of(tiny, shadow="painted")
    params_of(tiny, shadow="painted", backdrops=(WHITE,))
    general = shutil.copytree(tiny, tmp_path / "general")
    (general / "backdrop.json").unlink()
    with pytest.raises(ValidationError, match="requires a visible product"):
        params_of(str(general), shadow="painted", around="empty")
    outputs = Runner(store).run(STAGE, inputs_of(store), params_of(str(general), shadow="painted")).outputs
    records = {record.path: record for record in load_list(BackdropPicture, store.read(outputs.backdrop_pictures))}
    assert records["front/oak.png"].shadow_painted and not records["front/white.png"].shadow_painted


def seen_from(elevation_deg, name="front"):
    return Picture(
        angle=Angle(name=name, azimuth_deg=0, elevation_deg=elevation_deg), source="captured", photo="p", reason="near"
    )


def with_pictures(store, pictures):
    inputs = inputs_of(store, [(picture.angle.name, 90) for picture in pictures])
    return inputs.model_copy(update={"pictures": store.put(dump_json(pictures), "application/json")})


def test_angles_of_one_camera_height_share_a_set_and_others_get_their_own(store, tiny):
    pictures = [seen_from(12), seen_from(11, "left"), seen_from(31, "high"), seen_from(80, "top")]
    made, _, _ = Runner(store).run(STAGE, with_pictures(store, pictures), params_of(tiny, backdrops=(OAK,), size_px=64))
    tree = store.tree(made.backdrops)
    assert tree["front/oak.png"] == tree["left/oak.png"]
    assert len({tree[f"{name}/oak.png"] for name in ("front", "high", "top")}) == 3
    records = load_list(BackdropPicture, store.read(made.backdrop_pictures))
    assert len({record.seed for record in records}) == 1, "the same place and light"
    assert {wording.painted_as.split(",")[1] for wording in made.report.wordings} == {
        " middle horizon backdrop",
        " high horizon backdrop",
        " flat lay backdrop",
    }


@pytest.mark.parametrize(
    ("prompt", "share", "passed"),
    [
        ("bright studio, daylight from the left", 1.0, True),
        ("tan rustic oak wood", 0.75, True),
        ("a tropical beach at sunset", 0.0, False),
        ("sand castle below palm trees", 0.2, False),
    ],
)
def test_prompt_that_the_painter_does_not_understand_goes_to_review(store, tiny, prompt, share, passed):
    asked = {"name": "asked", "kind": "diffusion", "prompt": prompt}
    inputs = inputs_of(store, (("front", 90),))
    made, _, _ = Runner(store).run(STAGE, inputs, params_of(tiny, backdrops=(asked,), size_px=64))
    (record,) = load_list(BackdropPicture, store.read(made.backdrop_pictures))
    (check,) = (check for check in record.checks if check.name == "prompt_understood")
    assert (check.value, check.passed, check.severity) == (share, passed, "review")
    unknown = [word for word in ("rustic", "tropical", "beach", "sunset", "castle", "palm") if word in prompt]
    assert all(repr(word) in check.words for word in unknown)
