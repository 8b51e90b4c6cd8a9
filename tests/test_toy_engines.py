"""An engine that another project adds: registered, it goes through plan, doctor, command line and stage."""

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app, doctor
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.png import decode_png, encode_png
from pipeline.core.records import Caption
from pipeline.plan import stage_of, write_plan
from pipeline.run import output_of, run_step
from pipeline.settings import Settings
from pipeline.stages.background.stage import STAGE as BACKGROUND
from pipeline.stages.background.stage import Params as BackgroundParams
from pipeline.stages.caption import STAGE as CAPTION
from pipeline.stages.caption import Params as CaptionParams
from tests.imaging.studio import photograph
from tests.small_shoot import SAMPLES, small_mug
from tests.stages.test_background import OAK, inputs_of
from tests.stages.test_caption import inputs
from tests.toy_engines import middle, roller, telegram

MUG = SAMPLES / "mug-001"
TOYS = {"cutout": middle, "caption": telegram, "background": roller}


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for step, engine in TOYS.items():
        engines = stage_of(step).engines
        monkeypatch.setitem(engines.engines, engine.__name__.rpartition(".")[2], engine)


@pytest.fixture
def preset(tmp_path: Path) -> Path:
    path = tmp_path / "toys.yaml"
    path.write_text(
        "cutout: {engine: middle, share: 0.4, max_failed_photos: 1}\n"
        "caption: {engine: telegram, usd_per_word: 2.0, language: de}\n"
        "background: {size_px: 96, diffusion: {engine: roller, grey: 70}}\n"
    )
    return path


def test_plan_contains_the_settings_of_an_added_engine(tmp_path: Path, preset: Path) -> None:
    plan, _ = write_plan(MUG, Store(tmp_path / "store"), str(preset))
    assert plan.steps["cutout"].params == {
        "matte": {"engine": "middle", "share": 0.4}, "coverage_ratio": 4.0, "max_failed_photos": 1
    }  # fmt: skip
    assert plan.steps["caption"].params["writer"] == {"engine": "telegram", "usd_per_word": 2.0}
    assert plan.steps["background"].params["diffusion"] == {"engine": "roller", "grey": 70}


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ("share: 3", BadInput, r"step cutout: share: .* less than or equal to 1 \(got 3\)"),
        ("grabcut_rounds: 3", BadInput, "step cutout: grabcut_rounds: engine middle has no such setting"),
        ("share: 1", MissingEngine, r"step cutout: no frame is left around the product on any machine\. Lower share"),
    ],
)
def test_plan_refuses_what_an_added_engine_cannot_do(
    tmp_path: Path, settings: str, kind: type[BadInput], words: str
) -> None:
    (tmp_path / "toys.yaml").write_text(f"cutout: {{engine: middle, {settings}}}\n")
    with pytest.raises(kind, match=words):
        write_plan(MUG, Store(tmp_path / "store"), str(tmp_path / "toys.yaml"))


def test_doctor_lists_an_added_engine(preset: Path) -> None:
    chosen = {finding.what: finding for finding in doctor._engines(Settings(preset=str(preset)))}
    assert (chosen["engine of cutout"].state, chosen["engine of cutout"].words) == ("ok", "middle 40%")
    assert chosen["cutout: backdrop"].state == "ok"
    others = {finding.what: finding for finding in doctor._engines(Settings())}
    assert others["cutout: middle"].words == "middle 50%"
    assert others["background: roller"].state == "ok"


def test_cutout_stage_runs_an_added_engine(tmp_path: Path, preset: Path) -> None:
    store = Store(tmp_path / "store")
    shoot = small_mug(tmp_path / "mug", photos=9)
    for path in (shoot / "photos").iterdir():  # a product that the engine does find
        photo = Image.new("RGB", (400, 300), (225, 225, 222))
        photo.paste((60, 90, 160), (120, 90, 280, 210))
        photo.save(path, quality=95)
    plan, digest = write_plan(shoot, store, str(preset))
    runner = Runner(store)
    plan = plan.model_copy(update={"steps": {step: plan.steps[step] for step in ("ingest", "cutout")}})
    for step in plan.steps:
        run_step(runner, plan, digest, step)
    for cutout in store.tree(output_of(runner, digest, "cutout", "cutouts")).values():
        alpha = decode_png(store.read(cutout))[..., 3]
        assert (alpha == 255).mean() == pytest.approx(0.16, abs=0.01)


def test_cutout_command_runs_an_added_engine(tmp_path: Path) -> None:
    (tmp_path / "pot.png").write_bytes(encode_png(photograph(size=240).rgb))
    asked = ["cutout", str(tmp_path / "pot.png"), "--out", str(tmp_path / "out"), "--engine", "middle", "--json"]
    done = CliRunner().invoke(app.app, [*asked, "--set", "share=0.5"])
    report = json.loads(done.stdout)
    assert (report["engine"], report["licence"]) == ("middle", "CC0")
    alpha = decode_png((tmp_path / "out" / "pot.png").read_bytes())[..., 3]
    assert (alpha == 255).mean() == 0.25
    wrong = CliRunner().invoke(app.app, [*asked, "--set", "colour=red"])
    assert "--engine middle: colour: engine middle has no such setting" in str(wrong.exception)


def test_caption_stage_runs_an_added_engine_and_counts_its_cost(tmp_path: Path) -> None:
    store = Store(tmp_path)
    params = CaptionParams.model_validate({"engine": "telegram", "usd_per_word": 2.0})
    outputs, manifest, _ = Runner(store).run(CAPTION, inputs(store, set()), params)
    assert outputs.report.engine == "telegram" and manifest.provenance.cost_usd == 6.0
    assert Caption.model_validate_json(store.read(outputs.caption)).alt_texts["back"] == "Harbour Tee back stop"


def test_background_stage_runs_an_added_engine(tmp_path: Path) -> None:
    store = Store(tmp_path)
    params = BackgroundParams.model_validate({
        "backdrops": [OAK], "size_px": 96, "diffusion": {"engine": "roller", "grey": 70}
    })  # fmt: skip
    outputs, _, _ = Runner(store).run(BACKGROUND, inputs_of(store), params)
    assert (outputs.report.painted, outputs.report.engine, outputs.report.checkpoint_digest) == (2, "roller", None)
    assert (decode_png(store.read(store.tree(outputs.backdrops)["front/oak.png"])) == 70).all()
