"""Painted backdrops whose checks fail: another try, the best kept, a resume after a kill, and the lineage of it all."""

import io

import pytest
from rich.console import Console

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.lineage_tree import lineage_tree
from pipeline.contract.artifact import Artifact
from pipeline.contract.runner import Runner
from pipeline.core.domain import Angle, AngleDecision
from pipeline.core.png import decode_png
from pipeline.core.records import AssetRecord, BackdropPicture, Check, dump_json, load_list
from pipeline.diffusion.painting.diffusers import Params as Diffusers
from pipeline.diffusion.painting.registry import varied
from pipeline.imaging.channels.encode import decode_image
from pipeline.stages import publish
from pipeline.stages.background.look import score_of
from tests.stages.painted_set import (
    KILL,
    PAPER,
    WHITE,
    Set,
    composed,
    flat,
    painter,  # noqa: F401 - a fixture
    seeds_of,
)
from tests.toy_engines import clumsy

FAULTS = ("double", "swallowed", "noise", "black")


def test_backdrop_that_passes_is_painted_once(store):
    outputs, manifest, _ = Set(store).paint()
    assert clumsy.calls == [tuple(seeds_of(1))]
    (only,) = outputs.report.tries
    assert (only.number, only.seed, only.score, only.chosen, only.failed) == (1, seeds_of(1)[0], 0.0, True, {})
    assert outputs.report.unsatisfied == ()
    assert list(manifest.items) == ["try-1/front/paper", "look-1/front/paper", "front/paper"]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_seen_and_another_seed_recovers(store, fault):
    outputs, _, _ = Set(store).paint([fault])
    bad, good = outputs.report.tries
    assert (bad.chosen, good.chosen, good.score) == (False, True, 0.0)
    assert bad.score < 0 and bad.failed["front"]
    assert [bad.seed, good.seed] == seeds_of(2)
    (record,) = load_list(BackdropPicture, store.read(outputs.backdrop_pictures))
    assert record.seed == good.seed
    kept = decode_png(store.read(store.tree(outputs.backdrops)["front/paper.png"]))
    assert kept[0, 0, 0] == 225


def test_third_try_changes_settings_and_leaves_the_product_out(store):
    outputs, _, _ = Set(store).paint(["double", "double"])
    first, second, third = outputs.report.tries
    assert first.prompt == second.prompt == "a red jar, white paper, low horizon"
    assert second.settings == {} and third.settings == {"steps": 30}
    assert third.prompt == PAPER["prompt"] and third.chosen


def test_tries_end_at_the_limit_and_the_best_is_kept(store):
    outputs, _, _ = Set(store).paint(["black", "double", "black", "noise"], tries=3)
    assert len(clumsy.calls) == 3
    assert [each.chosen for each in outputs.report.tries] == [False, True, False]
    scores = [each.score for each in outputs.report.tries]
    assert max(scores) == scores[1] < 0
    assert outputs.report.unsatisfied == ("front/paper",)
    kept = store.tree(outputs.backdrops)["front/paper.png"]
    assert (decode_png(store.read(kept))[160, 20] == clumsy.Params().colour).all()


def test_one_try_is_looked_at_and_never_repeated(store):
    outputs, _, _ = Set(store).paint(["double"], tries=1)
    assert len(clumsy.calls) == 1
    assert outputs.report.unsatisfied == ("front/paper",)


def test_shared_set_must_suit_all_angles(store):
    shoot = Set(store, ("front", "left"))
    shoot.products["left"] = flat((205, 205, 204), 220)  # the colour of the floor
    outputs, manifest, _ = shoot.paint(["double"])
    assert clumsy.calls == [(seed,) for seed in seeds_of(2)]
    tree = store.tree(outputs.backdrops)
    assert tree["front/paper.png"] == tree["left/paper.png"]
    assert [each.angles for each in outputs.report.tries] == [("front", "left")] * 2
    assert manifest.items["front/paper"].key == manifest.items["left/paper"].key


def test_retries_of_several_angles_are_painted_in_one_batch(store):
    shoot = Set(store, ("front", "left", "top"))
    engine = {"batch": 3, "behind": False}  # around each product
    outputs, _, _ = shoot.paint(["double"], diffusion=engine)
    first, second = seeds_of(2)
    assert clumsy.calls == [(first,) * 3, (second,) * 3]
    assert sum(each.chosen for each in outputs.report.tries) == 3


def test_batch_leaves_out_what_an_earlier_run_painted(store):
    engine = {"batch": 3, "behind": False}
    Set(store, ("left",)).paint(diffusion=engine)
    shoot = Set(store, ("front", "top", "left"))
    shoot.products["left"] = flat((176, 92, 60), 200)
    shoot.products["front"] = flat((176, 92, 60), 260)
    shoot.paint(diffusion=engine)
    assert [len(batch) for batch in clumsy.calls] == [1, 2]


@pytest.mark.parametrize("point", ["try-1", "look-1", "try-2"])
def test_killed_between_tries_it_resumes_with_the_same_result(store, tmp_path, point):
    whole = Set(type(store)(tmp_path / "other")).paint(["double", "noise"]).outputs
    clumsy.calls.clear()
    shoot = Set(store)
    shoot.kill_at = ("committed", f"background[{point}/front/paper]")
    with pytest.raises(KeyboardInterrupt, match=KILL):
        shoot.paint(["double", "noise"])
    shoot.kill_at = None
    resumed = shoot.paint(["double", "noise"]).outputs
    assert resumed == whole
    assert clumsy.calls == [(seed,) for seed in seeds_of(3)]  # each once


def test_finished_tries_are_not_painted_again_for_a_new_angle(store):
    Set(store).paint(["double"])
    Set(store, ("front", "left")).paint(["double"])
    assert clumsy.calls == [(seed,) for seed in seeds_of(2)]


def verdicts(shoot, made):
    return [record.verdict for record in load_list(AssetRecord, shoot.store.read(made.checks))]


def test_recovered_asset_is_published_and_a_hopeless_one_is_not(store, tmp_path):
    recovered = Set(store)
    assert verdicts(recovered, composed(recovered, ["double"])[0]) == ["published"]
    hopeless = Set(type(store)(tmp_path / "other"))
    made, _, _ = composed(hopeless, ["black", "double", "black"])
    (record,) = load_list(AssetRecord, hopeless.store.read(made.checks))
    assert record.verdict == "in review"
    assert "the painted backdrop shows something in the product's colours" in record.reasons[0]


def test_lineage_of_an_asset_shows_every_try(store, catalog_url):
    shoot = Set(store)
    made, upstream, _ = composed(shoot, ["double", "noise"])
    inputs = shoot.inputs()
    decision = AngleDecision(angle=Angle(name="front", azimuth_deg=0), source="captured", photo="p0", reason="near")
    published = publish.Inputs(
        assets=made.assets,
        checks=made.checks,
        caption=inputs.caption,
        pictures=inputs.pictures,
        decisions=store.put(dump_json([decision]), "application/json"),
    )
    runner = Runner(store, catalog_url=catalog_url, upstream=upstream)
    runner.run(publish.STAGE, published, publish.Params(sku="JAR-1", collection="autumn", title="Jar"))
    lineage = read_lineage(Catalog(catalog_url), "JAR-1/front/paper/instagram_4x5")
    titles = [step.title for step in lineage.steps]
    assert "background_choice front/paper" in titles
    for number in (1, 2, 3):
        assert f"background_asset try-{number}/front/paper" in titles
        assert f"background_look look-{number}/front/paper" in titles
    out = io.StringIO()
    Console(file=out, width=300).print(lineage_tree(lineage))
    for seed in seeds_of(3):
        assert f"seed={seed}" in out.getvalue()
    assert "chosen=3" in out.getvalue() and "score=-1." in out.getvalue()


def test_score_prefers_fewer_and_smaller_failures():
    def check(value, severity="review", name="fill"):
        return Check(
            name=name, value=value, unit="", threshold=0.1, passed=value <= 0.1, severity=severity, words="w"
        )  # fmt: skip

    assert score_of((check(0.05),)) == 0
    assert score_of((check(0.2),)) > score_of((check(0.8),)) > score_of((check(0.8), check(0.2)))
    assert score_of((check(0.8),)) > score_of((check(0.8, "reject"),))
    like = Check(name="prompt_likeness", value=0.3, unit="", threshold=0.2, passed=True, severity="review", words="w")
    assert score_of((like,)) == pytest.approx(0.03)


def test_embedded_engine_comes_nearer_to_its_scene_and_others_paint_longer():
    near = varied(Diffusers(strength=0.3, guidance=1.0, steps=20), 3)
    assert (near.strength, near.steps) == (pytest.approx(0.21), 20)
    assert varied(Diffusers(strength=0.3, guidance=1.0, steps=4), 9).strength == 0.25  # one step is left to run
    longer = varied(Diffusers(strength=1.0, guidance=7.5, steps=20), 4)
    assert (longer.steps, longer.mask_margin_px) == (45, 12)


@pytest.mark.parametrize("extend", ["tall", "wide", None])
def test_look_shows_the_whole_backdrop_in_its_own_shape(store, extend):
    backdrop = PAPER if extend is None else {**PAPER, "extend": extend}
    engine, shadow = ({"behind": False}, "painted") if extend is None else ({}, "layer")
    outputs, manifest, _ = Set(store).paint(["double"], diffusion=engine, shadow=shadow, backdrops=[backdrop])
    assert [each.chosen for each in outputs.report.tries] == [False, True]
    item = manifest.items["look-1/front/paper"]
    seen = Artifact.model_validate(store.manifest(item.stage, item.key).outputs["seen"])
    shape = decode_image(store.read(seen), "the look").shape[:2]
    assert shape == {"tall": (512, 341), "wide": (341, 512), None: (512, 512)}[extend]


def test_angle_without_a_product_is_not_looked_at(store):
    shoot = Set(store)
    shoot.products["front"][..., 3] = 0
    outputs, _, _ = shoot.paint(["double"])
    (only,) = outputs.report.tries
    assert only.score == 0 and outputs.report.unsatisfied == ()


def test_solid_backdrops_are_made_without_a_look(store):
    outputs, manifest, _ = Set(store).paint(backdrops=[WHITE])
    assert list(manifest.items) == ["front/white"] and outputs.report.tries == ()
