"""Photos with the names of cameras and systems, from the folder to what a person reads."""

import json
import unicodedata
from pathlib import Path

import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.cli.output import engine_params
from pipeline.contract.manifest import Manifest, Provenance, Request
from pipeline.core.errors import BadInput
from pipeline.core.records import PhotoFacts, load_list
from pipeline.imaging.cutout.registry import ENGINES
from pipeline.plan import read_plan
from pipeline.run import left_out_of, output_of, reports_of, run_step, runner_from
from pipeline.settings import read_settings
from tests.test_shoot import SHOOT

NAMES = ["_MG_0001.JPG", "_mg_0002 (1).jpg", unicodedata.normalize("NFD", "Möbel.jpg"), "写真.jpg", "a.jpg", "A.jpg"]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The digest of a plan of grey photos, in which no product is found."""
    monkeypatch.setenv("CATALOG_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("CATALOG_DATABASE_URL", raising=False)
    folder = tmp_path / "shoot"
    (folder / "photos").mkdir(parents=True)
    for level, name in enumerate(NAMES):
        Image.new("RGB", (120, 90), (100 + level,) * 3).save(folder / "photos" / name)
    (folder / "photos" / "clip.MOV").write_bytes(b"film")
    capture = {"front": "_mg_0001", "named": {"front": unicodedata.normalize("NFC", "Möbel.jpg")}}
    (folder / "shoot.yaml").write_text(yaml.safe_dump({**SHOOT, "capture": capture}, allow_unicode=True))
    done = CliRunner().invoke(app, ["plan", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    planned = json.loads(done.stdout)
    assert planned["left_out"] == [{"file": "photos/clip.MOV", "reason": "not a photo"}]
    assert "left out, not a photo: photos/clip.MOV" in CliRunner().invoke(app, ["plan", str(folder)]).stdout
    return str(planned["plan"])


def test_safe_names_reach_the_steps_and_file_names_the_person(plan: str) -> None:
    runner = runner_from(read_settings())
    planned = read_plan(runner.store, plan)
    assert run_step(runner, planned, plan, "ingest").state == "done"
    facts = output_of(runner, plan, "ingest", "facts")
    assert facts is not None
    names = {fact.source_name: fact.photo for fact in load_list(PhotoFacts, runner.store.read(facts))}
    assert set(names) == {unicodedata.normalize("NFC", name) for name in NAMES}
    assert planned.steps["sfm"].params["front"] == names["_MG_0001.JPG"] == "MG_0001"
    assert planned.steps["coverage"].params["named"] == {"front": names["Möbel.jpg"]} == {"front": "Mobel"}
    held = run_step(runner, planned, plan, "cutout")
    assert held.state == "held"
    assert "_MG_0001.JPG" in held.reason
    assert "MG_0001" not in held.reason.replace("_MG_0001.JPG", "")
    assert [entry.file for entry in left_out_of(runner, planned)] == ["photos/clip.MOV"]


def test_reports_name_photos_as_their_files_are_named(plan: str) -> None:
    runner = runner_from(read_settings())
    request = Request(stage="cutout", version=1, params={}, inputs={})
    provenance = Provenance(started_at="", seconds=1, peak_memory_mb=1, device="cpu", host="here", versions={})
    report = {"failed": ["MG_0001: no product"], "by_hand": 1, "least": {"photo": "Mobel"}}
    outputs = {"report": report}
    runner.store.commit(Manifest(key=request.key, request=request, outputs=outputs, provenance=provenance))
    runner.store.point(plan, "cutout", "cutout", request.key)
    assert reports_of(runner, plan, read_plan(runner.store, plan)) == {
        "cutout": {"failed": ["_MG_0001.JPG: no product"], "by_hand": 1, "least": {"photo": "Möbel.jpg"}}
    }


def test_a_matte_made_by_hand_reaches_the_photo_that_it_is_named_after(plan: str, tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    (folder / "mattes").mkdir()
    for name in ("_MG_0001.png", "A.jpg.png"):
        Image.new("L", (120, 90), 255).save(folder / "mattes" / name)
    Image.new("L", (80, 64)).save(folder / "mattes" / "_mg_0002 (1).png")
    again = json.loads(CliRunner().invoke(app, ["plan", str(folder), "--json"]).stdout)["plan"]
    runner = runner_from(read_settings())
    planned = read_plan(runner.store, again)
    run_step(runner, planned, again, "ingest")
    wrong = run_step(runner, planned, again, "cutout")
    assert wrong.state == "refused"
    assert "mattes/_mg_0002 (1).jpg.png: the matte has 80x64 px, its photo 120x90" in wrong.reason


def test_a_setting_on_the_command_line_is_read_as_in_a_preset() -> None:
    assert engine_params(ENGINES, "backdrop", {}, ["work_side_px=0512"]).model_dump()["work_side_px"] == 512
    with pytest.raises(BadInput, match="--set work_side_px: line 1 is not YAML"):
        engine_params(ENGINES, "backdrop", {}, ["work_side_px=[1"])
