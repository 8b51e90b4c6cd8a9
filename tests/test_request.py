import json
from pathlib import Path

import pytest

from pipeline.contract.budget import Budget
from pipeline.contract.manifest import Manifest, Provenance, Request
from pipeline.contract.runner import Runner
from pipeline.contract.storage.disk import Disk
from pipeline.contract.store import Store
from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Angle, AngleDecision
from pipeline.core.edits import Crop, Edits
from pipeline.core.errors import BadInput
from pipeline.core.records import Light
from pipeline.language.briefs.plan import EditPlan, Overlay, Wish
from pipeline.language.briefs.registry import PARSERS
from pipeline.language.llm.agent import RunLimit
from pipeline.overlay import settings_of, with_request
from pipeline.plan import GRAPH, write_plan
from pipeline.request import (
    Redo,
    _require_something,
    expected,
    known_of,
    prepare,
    read_brief,
    read_request,
    routed,
    shoot_folder,
)
from pipeline.run import StepForecast
from pipeline.shoot import read_shoot
from tests.catalog.toy_shoot import ToyShoot
from tests.language.llm.keys import MODELS, address, set_keys
from tests.language.llm.server import Reply, serve
from tests.small_shoot import SAMPLES

MUG = SAMPLES / "mug-001"
LEFT_45 = Angle(name="left-45", azimuth_deg=315, elevation_deg=12)
MARBLE = Backdrop(name="light-marble", kind="diffusion", prompt="light marble")


def plan_of(*wishes: Wish, **overlay: object) -> EditPlan:
    return EditPlan(text="a brief", language="en", parser="test", wishes=wishes, shoot=Overlay.model_validate(overlay))


def pay_nothing(usd: float) -> None:
    assert usd == 0


def test_request_replaces_parts_of_the_shoot_and_keeps_its_other_angles() -> None:
    shoot = read_shoot(MUG)
    overlay = Overlay(angles=(LEFT_45,), backdrops=(MARBLE,), channels=("instagram_4x5",), light=Light(softness=1.0))
    changed, only = with_request(shoot, overlay)
    assert only == ("left-45",)
    assert [angle.name for angle in changed.angles] == [*(angle.name for angle in shoot.angles), "left-45"]
    assert (changed.backdrops, changed.channels) == ((MARBLE,), ("instagram_4x5",))
    assert changed.capture.light == Light(softness=1.0) and changed.capture.front == shoot.capture.front
    assert with_request(shoot, Overlay()) == (shoot, tuple(angle.name for angle in shoot.angles))


def test_edits_of_a_request_replace_single_edits_of_the_shoot() -> None:
    shoot = read_shoot(MUG).model_copy(update={"edits": {"front": Edits(rotate_deg=2, brightness_ev=0.5)}})
    changed, _ = with_request(shoot, Overlay(edits={"front": Edits(brightness_ev=1.0, crop=Crop(aspect="4:5"))}))
    assert changed.edits["front"] == Edits(rotate_deg=2, brightness_ev=1.0, crop=Crop(aspect="4:5"))


@pytest.mark.parametrize(
    ("edits", "channels", "made_for"),
    [
        (Edits(crop=Crop(aspect="4:5")), (), ("own_frame",)),
        (Edits(size_px=(500, 500)), (), ("own_frame",)),
        (Edits(crop=Crop(aspect="4:5")), ("shopify",), ("shopify",)),
        (Edits(brightness_ev=0.3), (), ("amazon_main", "shopify")),
    ],
)
def test_brief_that_sets_the_frame_is_made_in_it(
    edits: Edits, channels: tuple[str, ...], made_for: tuple[str, ...]
) -> None:
    changed, _ = with_request(read_shoot(MUG), Overlay(edits={"front": edits}, channels=channels))
    assert changed.channels == made_for


def test_angle_with_the_name_of_another_direction_is_refused() -> None:
    with pytest.raises(BadInput, match="'front' of the request is at 90"):
        with_request(read_shoot(MUG), Overlay(angles=(Angle(name="front", azimuth_deg=90),)))


def test_request_changes_no_step_that_the_splat_depends_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    whole, _ = write_plan(MUG, store, "demo")
    request, _ = write_plan(MUG, store, "demo", request=plan_of(angles=(LEFT_45,), backdrops=(MARBLE,)))
    changed = {step for step in GRAPH if whole.steps[step] != request.steps[step]}
    assert changed == {"coverage", "background", "publish"}
    assert request.steps["coverage"].params["only"] == ["left-45"]


def test_every_angle_gets_the_route_that_coverage_decided() -> None:
    back = Angle(name="back", azimuth_deg=180)
    edit = plan_of(
        Wish(text="45° left", target="angles.left-45"), Wish(text="back", target="angles.back"), angles=(LEFT_45, back)
    )
    decisions = [
        AngleDecision(angle=LEFT_45, source="captured", photo="A", reason="near"),
        AngleDecision(angle=back, source="refused", code="angle-gap", reason="nobody photographed the back"),
    ]
    made = routed(edit, decisions)
    assert [wish.route for wish in made.wishes] == ["captured", "refused"]
    assert [(refused.text, refused.reason) for refused in made.refused] == [("back", "nobody photographed the back")]
    _require_something(made)
    with pytest.raises(BadInput, match=r"nothing that the brief asks for can be made: 'back': nobody"):
        _require_something(made.model_copy(update={"wishes": made.wishes[1:], "refused": made.refused}))


def test_brief_that_only_alters_the_product_is_refused() -> None:
    edit = plan_of(Wish(text="remove the tag", target="product", route="inpaint", alters_product=True))
    with pytest.raises(BadInput, match="'remove the tag' would alter the product itself"):
        _require_something(edit)


def test_expected_seconds_are_the_median_of_the_stages_latest_runs(store: Store) -> None:
    runner = Runner(store)
    steps = [StepForecast(step="render", state="to run"), StepForecast(step="sfm", state="cached")]
    assert expected(runner, steps) == (None, None)
    for seconds in (1.0, 5.0, 3.0):
        request = Request(stage="render", version=1, params={"seconds": seconds}, inputs={})
        provenance = Provenance(
            started_at="2026-11-30T00:00:00+00:00", seconds=seconds, peak_memory_mb=1, cost_usd=seconds / 100,
            device="cpu", host="here", versions={},
        )  # fmt: skip
        store.commit(Manifest(key=request.key, request=request, outputs={}, provenance=provenance), None)
    assert expected(runner, steps) == (3.0, 0.03)


def test_unknown_product_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="neither a folder nor a product"):
        shoot_folder("MUG-9", f"sqlite:///{tmp_path}/catalog.db")


def test_photos_that_were_never_posed_promise_no_angle_to_pods(store: Store) -> None:
    edit = plan_of(Wish(text="45° left", target="angles.left-45"), angles=(LEFT_45,))
    with pytest.raises(BadInput, match="photos of mug-001 have not been posed yet"):
        prepare(Runner(store), MUG, "demo", edit, runs_here=False)


def test_request_for_settings_alone_looks_at_no_photo(store: Store) -> None:
    edit = read_brief("on white, for Instagram", read_shoot(MUG), PARSERS.defaults(), pay_nothing)
    request = prepare(Runner(store), MUG, "demo", edit, runs_here=True)
    assert request.edit.shoot.channels == ("instagram_4x5",)
    assert not list((store.root / "manifests").iterdir())


def test_plan_notes_the_words_that_its_painter_does_not_know(store: Store) -> None:
    edit = read_brief("on oak at sunset, for Instagram", read_shoot(MUG), PARSERS.defaults(), pay_nothing)
    (note,) = prepare(Runner(store), MUG, "demo", edit, runs_here=True).edit.notes
    assert note == "the backdrop oak-sunset is painted without 'sunset', which its painter does not know"
    plain = read_brief("on white", read_shoot(MUG), PARSERS.defaults(), pay_nothing)
    assert not prepare(Runner(store), MUG, "demo", plain, runs_here=True).edit.notes


@pytest.mark.parametrize("limit_usd", [0.005, 1.0])
def test_reading_a_brief_with_a_model_counts_in_what_its_run_may_pay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit_usd: float
) -> None:
    set_keys(monkeypatch)
    answer = {"language": "en", "wishes": [{"text": "on white", "route": "setting", "target": "backdrops.white"}]}
    answer["backdrops"] = [{"name": "white", "kind": "solid", "colour": "#ffffff"}]
    budget = Budget.of_run(Disk(tmp_path), "brief-1", limit_usd)
    prices = {"usd_per_million_input_tokens": 3.0, "usd_per_million_output_tokens": 15.0}
    with serve(Reply(json.dumps(answer))) as server:
        settings = {"engine": "llm", "model": MODELS["openai"], "base_url": address(server, "openai"), **prices}
        parser = PARSERS.parse(settings)
        if limit_usd < 1:
            with pytest.raises(RunLimit, match="CATALOG_USD_PER_RUN"):
                read_request(str(MUG), "on white", parser, f"sqlite:///{tmp_path}/catalog.db", budget)
            assert server.requests == []
            return
        read = read_request(str(MUG), "on white", parser, f"sqlite:///{tmp_path}/catalog.db", budget)
    assert read.folder == MUG and read.edit.shoot.backdrops[0].name == "white"
    assert read.usd > 0 and budget.left_usd == pytest.approx(limit_usd - read.usd)


def test_own_angles_and_channels_are_known_to_the_parser() -> None:
    known = known_of(read_shoot(MUG))
    assert [angle.name for angle in known.angles] == ["front", "left", "three-quarter-left", "back-right"]
    assert known.channels["amazon_main"] == "Amazon main image"


def redo(url: str, text: str, asset: str = "mug-001/front/white/shop", **settings: object) -> EditPlan:
    parser = PARSERS.parse({"engine": PARSERS.names[0]})
    return read_request(str(MUG), text, parser, url, redo=Redo(asset, settings)).edit


@pytest.fixture
def mug_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url, sku="mug-001").publish()
    return url


@pytest.mark.parametrize(
    ("text", "angles", "backdrops", "edited"),
    [
        ("on marble", ["front"], ["marble"], []),
        ("20% brighter", ["front"], ["white"], ["front"]),
        ("left, 20% brighter", ["left"], ["white"], ["left"]),
        ("left and front on marble", ["left", "front"], ["marble"], []),
    ],
)
def test_a_redo_makes_one_asset_unless_its_words_name_others(
    mug_url: str, text: str, angles: list[str], backdrops: list[str], edited: list[str]
) -> None:
    edit = redo(mug_url, text)
    assert sorted(angle.name for angle in edit.shoot.angles) == sorted(angles)
    assert [backdrop.name for backdrop in edit.shoot.backdrops] == backdrops
    assert list(edit.shoot.edits) == edited
    assert {wish.target.split(".")[1] for wish in edit.wishes if wish.target.startswith("edits.")} == set(edited)


def test_settings_of_a_redo_are_set_with_or_without_words(mug_url: str) -> None:
    settings = {"light.strength": 0.7, "edits.crop": {"left": 0.2, "detail": True}}
    alone = redo(mug_url, "light.strength=0.7, edits.crop={'left': 0.2, 'detail': True}", **settings)
    assert alone.parser == "settings" and [wish.target for wish in alone.wishes] == ["light", "edits.front.crop"]
    assert alone.shoot.light == (read_shoot(MUG).capture.light or Light()).model_copy(update={"strength": 0.7})
    with_words = redo(mug_url, "20% brighter", **settings)
    edits = with_words.shoot.edits["front"]
    assert edits.brightness_ev > 0 and edits.crop == Crop(left=0.2, detail=True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("shadow", "layer", "a redo has no setting 'shadow'. Use light.azimuth_deg"),
        ("light.strength", 7, "--set light.strength=7: Input should be less than or equal to 1"),
    ],
)
def test_unknown_settings_and_values_of_a_redo_are_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        settings_of({name: value})
    assert message in str(refused.value)


def test_a_redo_of_an_asset_that_there_is_not_is_refused(mug_url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no asset 'mug-001/left/white/feed'"):
        redo(mug_url, "on marble", "mug-001/left/white/feed")
    ToyShoot(tmp_path, mug_url, sku="MUG-2").publish()
    with pytest.raises(BadInput, match="is not an asset of mug-001"):
        redo(mug_url, "on marble", "MUG-2/front/white/shop")
    ToyShoot(tmp_path, mug_url, sku="mug-001", angles=("top",)).publish()
    with pytest.raises(BadInput, match=r"shoot.yaml has no angle top any more"):
        redo(mug_url, "on marble", "mug-001/top/white/shop")
