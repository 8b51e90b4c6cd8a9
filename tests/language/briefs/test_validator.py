import pytest

from pipeline.core.backdrops import Backdrop
from pipeline.language.briefs.plan import EditPlan, Overlay, RefusedWish, Wish
from pipeline.language.briefs.validator import faults
from tests.language.briefs.briefs import KNOWN

SHOOT = {
    "angles": [{"name": "side", "azimuth_deg": 90}],
    "backdrops": [
        {"name": "plain", "kind": "solid", "colour": "#ffffff"},
        {"name": "oak", "kind": "diffusion", "prompt": "oak"},
        {"name": "wide", "kind": "diffusion", "prompt": "oak", "extend": "wide"},
    ],
    "channels": ["shopify"],
    "light": {"softness": 0.9},
    "edits": {"side": {"brightness_ev": 1, "crop": {"aspect": "1:1"}}},
}
RIGHT = {
    "angles.side": None,
    "backdrops.plain": "setting",
    "backdrops.oak": "inpaint",
    "backdrops.wide": "outpaint",
    "channels.shopify": "setting",
    "light": "setting",
    "edits.side.brightness_ev": "exact_edit",
    "edits.side.crop": "exact_edit",
}


def plan(changes=(), **fields):
    wishes = [Wish(text="it", target=target, route=route) for target, route in {**RIGHT, **dict(changes)}.items()]
    values = {"text": "do IT", "language": "en", "parser": "test", "wishes": wishes, "shoot": SHOOT, **fields}
    return EditPlan.model_validate(values)


def test_a_right_plan_has_no_faults():
    assert faults(plan(), KNOWN) == ()


@pytest.mark.parametrize("target", sorted(set(RIGHT) - {"angles.side", "backdrops.oak", "backdrops.wide"}))
@pytest.mark.parametrize("route", ["inpaint", "outpaint", "image_to_image"])
def test_an_exact_wish_never_takes_a_generative_route(target, route):
    assert any(target in fault and route in fault for fault in faults(plan({target: route}), KNOWN))


@pytest.mark.parametrize("target", ["backdrops.oak", "backdrops.wide"])
@pytest.mark.parametrize("route", ["exact_edit", "setting", "captured", None])
def test_a_painted_wish_never_takes_an_exact_route(target, route):
    assert any(target in fault for fault in faults(plan({target: route}), KNOWN))


@pytest.mark.parametrize("route", ["inpaint", "image_to_image", "exact_edit", "setting"])
def test_an_angle_is_photographed_rendered_or_refused_and_never_painted(route):
    assert any("angles.side" in fault for fault in faults(plan({"angles.side": route}), KNOWN))


def test_only_an_extended_backdrop_is_outpainted():
    assert faults(plan({"backdrops.oak": "outpaint"}), KNOWN)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(text="it", target="product", route="inpaint"), "alters_product"),
        (Wish(text="it", target="product", route="exact_edit", alters_product=True), "takes the route inpaint"),
        (Wish(text="it", target="backdrops.oak", route="inpaint", alters_product=True), "alters_product"),
        (Wish(text="it", target="edits.side.resize", route="exact_edit"), "sets no edits.side.resize"),
        (Wish(text="something else", target="light", route="setting"), "does not stand in the brief"),
    ],
)
def test_a_wish_must_be_what_it_says(wish, words):
    wishes = [*plan().wishes, wish]
    assert any(words in fault for fault in faults(plan(wishes=wishes), KNOWN))


def test_nothing_is_set_that_nobody_asked_for():
    wishes = [wish for wish in plan().wishes if wish.target != "channels.shopify"]
    assert faults(plan(wishes=wishes), KNOWN) == ("no wish asks for channels.shopify",)


def test_unknown_channels_angles_and_made_up_refusals_are_faults():
    shoot = {**SHOOT, "channels": ["nowhere"], "edits": {"hidden": {"resize": 2}}}
    found = faults(plan(wishes=[], shoot=shoot, refused=[RefusedWish(text="other", reason="why")]), KNOWN)
    for words in ("nowhere is not a channel; the channels are amazon_main", "edits.hidden: no such angle", "'other'"):
        assert any(words in fault for fault in found)


def test_an_overlay_names_everything_once():
    assert set(plan().shoot.targets) == set(RIGHT)
    with pytest.raises(ValueError, match=r"backdrops.plain is there twice"):
        Overlay.model_validate({"backdrops": [SHOOT["backdrops"][0]] * 2})


def test_only_the_shoot_itself_can_put_the_product_on_a_person():
    anna = Backdrop(name="anna", kind="worn", person="people/anna.jpg", release="no. 12")
    shoot = Overlay(backdrops=(anna,))
    words = "only shoot.yaml can put the product on a person"
    assert any(words in fault for fault in faults(plan(wishes=[], shoot=shoot), KNOWN))
    own = KNOWN.model_copy(update={"backdrops": (anna,)})
    assert not any(words in fault for fault in faults(plan(wishes=[], shoot=shoot), own))
