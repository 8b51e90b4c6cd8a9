"""The commands as a person types them, on a reduced copy of the sample mug's photos."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cli import runs as cli
from pipeline.contract.store import Store
from pipeline.plan import STEPS
from pipeline.run import StepResult
from tests.command import catalog_json, catalog_process
from tests.small_shoot import QUICK, small_mug
from tests.test_shoot import SHOOT


def in_process(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, **environment: str) -> Result:
    for name, value in ({"CATALOG_STORE": str(home / "store"), "COLUMNS": "160"} | environment).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CATALOG_DATABASE_URL", raising=False)
    return CliRunner().invoke(app.app, arguments)


@pytest.mark.slow
def test_run_publishes_assets_and_a_second_run_computes_nothing(mug_run):
    home, shoot, run = mug_run.home, mug_run.shoot, mug_run.answer
    assert [(step["step"], step["state"]) for step in run["steps"]] == [(step, "done") for step in STEPS]
    with Image.open(run["sheet"]) as sheet:
        assert sheet.width == 2000
    again = catalog_json("run", shoot, home=home, preset=QUICK)
    cached = ["cached"] * (len(STEPS) - 1)
    assert [step["state"] for step in again["steps"]] == [*cached, "done"]  # publish is never cached
    assert again["plan"] == run["plan"]


@pytest.mark.slow
def test_plan_knows_all_keys_of_a_finished_shoot_and_the_first_of_a_new_one(mug_run, tmp_path):
    shoot = mug_run.shoot
    steps = catalog_json("plan", shoot, home=mug_run.home, preset=QUICK)["steps"]
    assert [step["state"] for step in steps[:-1]] == ["cached"] * (len(STEPS) - 1)
    fresh = catalog_json("plan", shoot, home=tmp_path)["steps"]
    assert fresh[0]["state"] == "to run" and fresh[0]["key"]
    assert fresh[2]["state"] == "unknown until ingest"


@pytest.mark.slow
def test_assets_lineage_export_and_summary(mug_run, tmp_path):
    home = mug_run.home
    assets = catalog_json("assets", home=home)["assets"]
    assert assets and all(asset["sku"] == "mug-001" for asset in assets)
    lineage = catalog_json("lineage", assets[0]["id"], home=home)
    assert {"composite_asset", "cutout_photo", "ingest_photo"} <= {step["stage"] for step in lineage["steps"]}
    shown = catalog_process("lineage", assets[0]["id"], home=home).stdout
    assert "DSC_0001" in shown and "composite" in shown
    catalog_json("export", "--out", tmp_path / "out", home=home)
    assert (tmp_path / "out" / "assets.parquet").is_file()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    assert "mine" in catalog_process("export", "--out", tmp_path / "mine", home=home, expect=30).stderr


@pytest.mark.slow
def test_brief_is_made_beside_the_shoots_assets_and_fits_no_splat(mug_run, tmp_path):
    home = Path(shutil.copytree(mug_run.home, tmp_path / "home"))
    before = catalog_json("assets", home=home)["assets"]
    text = "front, 20% brighter, crop 4:5, on light grey. Please remove the tag."
    shown = catalog_json("brief", "mug-001", text, home=home, preset=QUICK)
    assert [(wish["text"], wish["route"]) for wish in shown["wishes"]] == [
        ("front", "captured"), ("20% brighter", "exact_edit"), ("crop 4:5", "exact_edit"),
        ("light grey", "setting"), ("remove the tag", "inpaint"),
    ]  # fmt: skip
    assert shown["seconds"] > 0 and catalog_json("assets", home=home)["assets"] == before
    made = catalog_json("brief", "mug-001", text, "--run", home=home, preset=QUICK)
    states = {step["step"]: step["state"] for step in made["steps"]}
    assert {states[step] for step in ("ingest", "cutout", "sfm", "splat")} == {"cached"}
    after = {asset["id"]: asset for asset in catalog_json("assets", home=home)["assets"]}
    assert {name: after[name] for name in (asset["id"] for asset in before)} == {a["id"]: a for a in before}
    (added,) = [asset for name, asset in after.items() if "/brief-" in name]
    assert added["state"] == "in review" and "remove the tag" in added["reasons"][-1]
    assert added["height_px"] * 4 == pytest.approx(added["width_px"] * 5, abs=4)
    lineage = catalog_process("lineage", added["id"], home=home).stdout
    assert text in " ".join(lineage.split())


@pytest.mark.slow
def test_each_engine_runs_alone_on_plain_folders(mug_run, tmp_path):
    home, shoot = tmp_path, mug_run.shoot
    photos = sorted((shoot / "photos").iterdir())
    cut = catalog_json("cutout", *photos, "--out", tmp_path / "cut", home=home)
    assert len(cut["files"]) == len(photos) and cut["files"][0]["seconds"] > 0
    boxed = ("--engine", "seeded", "--seed-box", 0.3, 0.35, 0.55, 0.7)
    (seeded,) = catalog_json("cutout", photos[0], "--out", tmp_path / "seeded", *boxed, home=home)["files"]
    assert seeded["fault"] is None and abs(seeded["coverage"] - cut["files"][0]["coverage"]) < 0.05
    posed = catalog_json("sfm", shoot / "photos", "--masks", tmp_path / "cut", "--out", tmp_path / "colmap", home=home)
    assert posed["registered"] >= 9 and posed["reprojection_error_px"] < 1.0 and posed["peak_memory_mb"] > 50
    ply = tmp_path / "splat.ply"
    arguments = ("splat", tmp_path / "colmap", "--out", ply, "--iterations", 150, "--holdout", 5, "--side-px", 160)
    fitted = catalog_json(*arguments, "--gaussians", 2000, "--strategy", "default", "--refine-poses", home=home)
    assert fitted["pose_shift_max_px"] <= 3
    assert fitted["psnr_db"] > 15 and 0 < fitted["ssim"] <= 1 and fitted["gaussians"] <= 2000
    assert fitted["seconds_per_iteration"] > 0 and fitted["peak_memory_mb"] > 50
    assert "already exists" in catalog_process(*arguments, home=home, expect=30).stderr
    view = ("render", ply, "--azimuth-deg", 45, "--elevation-deg", 15, "--size", 200, "--out", tmp_path / "view.png")
    drawn = catalog_json(*view, home=home)
    assert drawn["gaussians"] == fitted["gaussians"]
    with Image.open(tmp_path / "view.png") as image:
        assert (image.mode, image.size) == ("RGBA", (200, 200))
        alpha = image.getchannel("A")
        assert alpha.getpixel((100, 100)) > 200 and alpha.getpixel((2, 2)) == 0


def test_discover_stage_and_summary_work_as_airflow_runs_them(tmp_path, monkeypatch):
    small_mug(tmp_path / "shoots" / "mug", photos=9)
    discovery = catalog_json("discover", tmp_path / "shoots", "--run-id", "night-1", home=tmp_path)
    (planned,) = discovery["plans"]
    assert planned["sku"] == "mug-001" and planned["changed"] == "new"
    narrow = in_process(tmp_path, monkeypatch, "discover", str(tmp_path / "shoots"), COLUMNS="60").stdout
    assert f"plan {planned['plan']} of mug-001\n" in narrow
    ingested = catalog_json("stage", "ingest", "--plan", planned["plan"], "--run-id", "night-1", home=tmp_path)
    assert ingested["state"] == "done"
    again = catalog_process("stage", "ingest", "--plan", planned["plan"], home=tmp_path)
    assert (again.stderr, again.stdout) == ("ingest: cached\n", f"ingest: cached, 0.0 s, key {ingested['key']}\n")
    summary = catalog_process("summary", "--run-id", "night-1", home=tmp_path, expect=1).stdout
    assert "mug-001" in summary and "failed" in summary


def test_discover_reports_the_run_id_that_it_chose(tmp_path, monkeypatch):
    (tmp_path / "shoots").mkdir()
    (tmp_path / "shoots" / "bad").mkdir()
    (tmp_path / "shoots" / "bad" / "shoot.yaml").write_text("sku: 7")
    discovery = json.loads(in_process(tmp_path, monkeypatch, "discover", str(tmp_path / "shoots"), "--json").stdout)
    run_id = discovery["run_id"]
    assert run_id.startswith("discover-") and len(discovery["refused"]) == 1
    summary = in_process(tmp_path, monkeypatch, "summary", "--run-id", run_id)
    assert summary.exit_code == 1 and "refused" in summary.stdout
    assert f"run {run_id}" in summary.stdout
    wrong = in_process(tmp_path, monkeypatch, "summary", "--run-id", "nope")
    assert run_id in str(wrong.exception)


def test_an_empty_result_names_the_place_that_was_searched(tmp_path, monkeypatch):
    assets = in_process(tmp_path, monkeypatch, "assets", "--sku", "mug")
    assert assets.exit_code == 0 and assets.stdout == f"no matching assets in sqlite:///{tmp_path / 'catalog.db'}\n"
    assert in_process(tmp_path, monkeypatch, "assets", "--state", "lost").exit_code == 2
    shoots = in_process(tmp_path, monkeypatch, "discover", str(tmp_path))
    assert shoots.stdout == f"no shoots in {tmp_path}\n"


def test_doctor_names_every_engine(tmp_path, monkeypatch):
    shown = in_process(tmp_path, monkeypatch, "doctor").stdout
    for engine in ("cutout", "splat", "caption", "background"):
        assert f"engine of {engine}" in shown
    assert ".[samples]" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nowhere"), "nowhere"),
        (("stage", "ingest", "--plan", "0" * 64), "0000"),
        (("splat", "nowhere", "--out", "x.ply"), "nowhere"),
        (("splat", ".", "--out", "x.ply", "--strategy", "grow"), "strategy"),
        (("render", "nowhere.ply", "--out", "x.png"), "nowhere.ply"),
        (("cutout", "a.png", "--out", "x", "--engine", "seeded", "--set", "seeds=box"), "seeds: box needs a seed_box"),
        (("lineage", "no/such/asset"), "no/such/asset"),
    ],
)
def test_bad_input_is_one_clear_error(catalog, monkeypatch, tmp_path, arguments, message):
    monkeypatch.setenv("CATALOG_STORE", str(tmp_path / "store"))
    code, _, error = catalog(*arguments)
    assert code == 30 and message in error and "Traceback" not in error


@pytest.mark.parametrize("command", ["cutout", "sfm"])
def test_an_output_that_cannot_be_written_is_one_clear_error(tmp_path, command):
    shoot = small_mug(tmp_path / "mug", photos=3)
    (tmp_path / "file").write_text("mine")
    photos = [shoot / "photos"] if command == "sfm" else sorted((shoot / "photos").iterdir())
    done = catalog_process(command, *photos, "--out", tmp_path / "file" / "out", home=tmp_path, expect=30)
    assert f"{tmp_path}/file/out cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_a_photo_added_during_a_run_is_picked_up_by_the_next_discovery(tmp_path, monkeypatch):
    shoot = tmp_path / "shoots" / "mug"
    (shoot / "photos").mkdir(parents=True)
    (shoot / "photos" / "DSC_0001.jpg").write_bytes(b"\xff\xd8")
    (shoot / "shoot.yaml").write_text(yaml.safe_dump({**SHOOT, "sku": "mug"}))
    monkeypatch.setenv("CATALOG_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("CATALOG_DATABASE_URL", raising=False)

    def run_plan(*_: object) -> list[StepResult]:
        (shoot / "photos" / "DSC_0002.jpg").write_bytes(b"\xff\xd8")
        return [StepResult(step=step, state="done") for step in STEPS]

    monkeypatch.setattr(cli, "run_plan", run_plan)
    assert CliRunner().invoke(app.app, ["run", str(shoot)]).exit_code == 0
    done = CliRunner().invoke(app.app, ["discover", str(shoot.parent), "--json"])
    assert [plan["changed"] for plan in json.loads(done.stdout)["plans"]] == ["its photos or shoot.yaml changed"]


def test_verify_names_damaged_files_and_their_owners(tmp_path, monkeypatch):
    monkeypatch.setenv("CATALOG_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("CATALOG_DATABASE_URL", raising=False)
    store = Store(tmp_path / "store")
    path = Path(store.where(store.put(b"photo", "image/jpeg").sha256))
    done = CliRunner().invoke(app.app, ["verify"])
    assert (done.exit_code, done.stdout) == (0, "1 objects, 0 manifests, 0 damaged\n")
    path.write_bytes(b"other")
    done = CliRunner().invoke(app.app, ["verify"])
    assert done.exit_code == 1 and f"damaged: {path}: no step (obsolete, or never read)" in done.stdout
    done = CliRunner().invoke(app.app, ["verify", "--json"])
    assert [damage["path"] for damage in json.loads(done.stdout)["damaged"]] == [str(path)]
