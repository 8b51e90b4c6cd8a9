import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.contract.plan import Plan, StepOutput
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.edits import Edits
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.records import Light
from pipeline.core.weights import folder_digest
from pipeline.language.llm.service import KEYS
from pipeline.plan import GRAPH, STEPS, params_of, read_plan, read_preset, require_here, stage_of, write_plan
from pipeline.run import forecast, run_request
from pipeline.shoot import read_shoot
from tests.contract import toy
from tests.test_shoot import SHOOT

ROOT = Path(__file__).parents[1]
SAMPLES = sorted((ROOT / "examples" / "collection").glob("*/shoot.yaml"))
PRESETS = sorted((ROOT / "pipeline" / "presets").glob("*.yaml"))


def test_graph_matches_the_stages_that_it_connects() -> None:
    for step in STEPS:
        stage = stage_of(step)
        assert stage.name == step
        assert set(GRAPH[step]) <= set(stage.inputs.model_fields), step
        needed = {name for name, field in stage.inputs.model_fields.items() if field.is_required()}
        assert needed <= set(GRAPH[step]), step
        for source in GRAPH[step].values():
            if isinstance(source, StepOutput):
                assert STEPS.index(source.step) < STEPS.index(step)
                assert source.output in stage_of(source.step).outputs.model_fields, (step, source)


def test_what_cutout_saw_of_the_table_reaches_sfm_and_may_be_missing() -> None:
    assert GRAPH["sfm"]["table"] == StepOutput(step="cutout", output="table")
    assert not stage_of("sfm").inputs.model_fields["table"].is_required()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_every_shipped_preset_and_shoot_is_valid(preset: Path, sample: Path) -> None:
    params = params_of(read_shoot(sample.parent), read_preset(preset.stem))
    assert set(params) == set(STEPS)


def test_a_channel_that_there_is_not_is_named_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "DSC_0001.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "shoot.yaml").write_text(yaml.safe_dump({**SHOOT, "channels": ["shopfy"]}))
    with pytest.raises(BadInput, match=r"shoot.yaml: channels: no channel is named 'shopfy'. Use .*shopify"):
        write_plan(tmp_path, Store(tmp_path / "store"), "standard")


def test_there_are_samples_and_presets_to_test() -> None:
    assert len(SAMPLES) == 2
    assert {path.stem for path in PRESETS} == {"demo", "standard"}


def test_wrong_param_or_step_of_a_preset_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("splat: {iterations: many}\n")
    with pytest.raises(BadInput, match=r"step splat: iterations.*'many'"):
        params_of(read_shoot(SAMPLES[0].parent), read_preset(str(tmp_path / "mine.yaml")))
    (tmp_path / "mine.yaml").write_text("splatt: {}\n")
    with pytest.raises(BadInput, match="'splatt' is not a step"):
        read_preset(str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("splat: {engine: nerfstudio}", "step splat: splat engine 'nerfstudio' requires ns-"),
        ("splat: {engine: gsplat}", "step splat: splat engine 'gsplat' requires "),
        ("background: {diffusion: {device: cuda}}", "step background: device 'cuda' is requested"),
        (
            "cutout: {engine: checkpoint, checkpoint: WEIGHTS, checkpoint_sha256: DIGEST, device: cuda}",
            "step cutout: device 'cuda' is requested",
        ),
        ("render: {refine: {checkpoint: WEIGHTS, device: cuda}}", "step render: device 'cuda' is requested"),
    ],
)
def test_engine_that_this_machine_lacks_is_reported_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str, words: str
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "config.json").write_text("{}")
    (weights / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (weights / "model_index.json").write_text('{"_class_name": "StableDiffusionInpaintPipeline"}')
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    text = preset.replace("WEIGHTS", str(weights)).replace("DIGEST", folder_digest(weights))
    (tmp_path / "mine.yaml").write_text(text)
    store = Store(tmp_path / "store")
    with pytest.raises(MissingEngine, match=words):
        write_plan(SAMPLES[0].parent, store, str(tmp_path / "mine.yaml"))
    elsewhere, _ = write_plan(SAMPLES[0].parent, store, str(tmp_path / "mine.yaml"), runs_here=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("pipeline.core.engines.Registry.require_here", lambda registry, params: "here")
    assert write_plan(SAMPLES[0].parent, store, str(tmp_path / "mine.yaml"))[0] == elsewhere


def test_a_licence_is_refused_where_a_channel_sells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CATALOG_LICENCES", raising=False)
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    preset = tmp_path / "mine.yaml"

    def plan(channels: str, settings: str = "") -> Plan:
        preset.write_text(f"cutout: {{engine: checkpoint, checkpoint: {weights}{settings}}}")
        text = yaml.safe_dump({**SHOOT, "channels": [channels]})
        (tmp_path / "shoot.yaml").write_text(text)
        return write_plan(tmp_path, Store(tmp_path / "store"), str(preset), runs_here=False)[0]

    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "DSC_0001.jpg").write_bytes(b"\xff\xd8")
    refusal = r"cutout\.matte: .* is cc-by-nc-4\.0 \(non-commercial, says README\.md\), and channel shopify sells"
    with pytest.raises(BadInput, match=refusal):
        plan("shopify")
    assert plan("archive").steps["cutout"].params["matte"]["licence"] == "cc-by-nc-4.0"
    stated = plan("shopify", ", licence: contract 4711, licence_use: commercial, licence_said_by: Jo Smith")
    assert stated.steps["cutout"].params["matte"]["licence_said_by"] == "Jo Smith"
    monkeypatch.setenv("CATALOG_LICENCES", "conditional")
    with pytest.raises(BadInput, match="a plan accepts conditional ones"):
        plan("archive")
    monkeypatch.setenv("CATALOG_LICENCES", "any")
    plan("shopify")


def test_gpu_that_no_step_uses_is_not_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    (tmp_path / "mine.yaml").write_text("background: {diffusion: {device: cuda}}\n")
    shoot = read_shoot(SAMPLES[0].parent)
    plain = shoot.model_copy(update={"backdrops": tuple(b for b in shoot.backdrops if b.kind == "solid")})
    require_here(params_of(plain, read_preset(str(tmp_path / "mine.yaml"))))


@pytest.mark.parametrize(
    ("preset", "words", "remedy"),
    [
        ("background: {diffusion: {checkpoint: /no/where}}", "step background: /no/where is not a diffusers", "save_p"),
        ("render: {refine: {checkpoint: /no/where}}", "step render: /no/where is not a diffusers", "or leave the"),
        (
            "render: {refine: {checkpoint: embedded}}",
            "step render: refine.*paints empty sets",
            "Correct the preset",
        ),
        ("render: {refine: {checkpoint: 5}}", "step render: refine.checkpoint.*valid string", "Correct the preset"),
        (
            "background: {diffusion: {stepz: 3}}",
            "step background: diffusion: stepz: engine diffusers",
            "Correct the pre",
        ),
    ],
)
def test_unusable_checkpoint_is_reported_with_its_step(tmp_path: Path, preset: str, words: str, remedy: str) -> None:
    (tmp_path / "mine.yaml").write_text(preset)
    with pytest.raises(BadInput, match=words) as caught:
        params_of(read_shoot(SAMPLES[0].parent), read_preset(str(tmp_path / "mine.yaml")))
    assert remedy in str(caught.value) and "embedded'" not in caught.value.remedy and "\n" not in str(caught.value)


def test_caption_service_without_a_key_is_reported_when_planning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in KEYS["anthropic"]:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mine.yaml").write_text("caption: {engine: llm}\n")
    params = params_of(read_shoot(SAMPLES[0].parent), read_preset(str(tmp_path / "mine.yaml")))
    with pytest.raises(MissingEngine, match="step caption: the engine `llm` has no key"):
        require_here(params)
    monkeypatch.setenv(KEYS["anthropic"][0], "a key")
    require_here(params)


def test_run_request_accepts_a_request_and_a_whole_manifest(tmp_path: Path) -> None:
    runner = Runner(Store(tmp_path / "store"))
    request = toy.TOY.request(toy.make_inputs(runner.store, {"a": "one"}), toy.Params())
    (tmp_path / "request.json").write_text(request.model_dump_json())
    first = run_request(runner, toy.TOY, tmp_path / "request.json")
    manifest = runner.store.manifest("toy", request.key)
    assert manifest is not None
    (tmp_path / "manifest.json").write_text(manifest.model_dump_json())
    again = run_request(runner, toy.TOY, tmp_path / "manifest.json")
    assert (first.state, again.state, first.key) == ("done", "cached", again.key)


def test_new_title_changes_only_the_steps_that_use_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    folder = tmp_path / "shoot"
    folder.mkdir()
    shutil.copytree(SAMPLES[0].parent / "photos", folder / "photos")
    value = yaml.safe_load(SAMPLES[0].read_text())
    plans = []
    for title in ("one", "two"):
        (folder / "shoot.yaml").write_text(yaml.safe_dump({**value, "title": title}))
        plans.append(write_plan(folder, store, "demo")[0])
    changed = {step for step in STEPS if plans[0].steps[step] != plans[1].steps[step]}
    assert changed == {"evidence", "caption", "composite", "publish"}


def test_edits_go_to_render_alone() -> None:
    shoot = read_shoot(SAMPLES[0].parent)
    edited = shoot.model_copy(update={"edits": {"front": Edits(rotate_deg=2)}})
    plain, params = params_of(shoot, {}), params_of(edited, {})
    assert {step for step in STEPS if plain[step] != params[step]} == {"render"}
    assert params["render"]["edits"]["front"]["rotate_deg"] == 2


def test_plan_reads_back_and_forecasts_its_first_step(tmp_path: Path) -> None:
    store = Store(tmp_path)
    plan, digest = write_plan(SAMPLES[0].parent, store, "demo")
    assert read_plan(store, digest) == plan
    states = {step.step: step.state for step in forecast(Runner(store), plan)}
    assert states["ingest"] == "to run"
    assert states["cutout"] == "unknown until ingest"
    with pytest.raises(BadInput, match="not a plan"):
        read_plan(store, "nonsense")


def test_graph_and_its_stages_import_no_heavy_library() -> None:
    heavy = {"torch", "numba", "diffusers", "transformers", "pycolmap", "anthropic", "openai", "pydantic_ai"}
    heavy |= {"airflow"}
    code = "import sys; from pipeline.plan import STEPS, stage_of; [stage_of(step) for step in STEPS]; "
    code += f"print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[]"


def test_lamp_of_the_shoot_reaches_composite() -> None:
    shoot = read_shoot(SAMPLES[0].parent)
    lamp = Light(azimuth_deg=-120, elevation_deg=30, softness=0.1)
    lights = []
    for light in (None, lamp):
        named = shoot.model_copy(update={"capture": shoot.capture.model_copy(update={"light": light})})
        lights.append(params_of(named, {})["composite"]["light"])
    assert lights == [Light().model_dump(), lamp.model_dump()]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("splat: {iterations: 5", "is not YAML"),
        ("\udcff", "line 1: the byte 0xFF is not UTF-8"),
        ("- splat", "is a list, not a mapping of steps"),
        ("splat: fast", "splat: 'fast' is not a mapping of params"),
        ("? [a]\n: 1", "is not YAML"),
        ("3: {}", "'3' is not a step"),
        ("sfm: {}\nsfm: {}", "line 2: 'sfm' is given twice, first in line 1"),
        (None, "No such file"),
    ],
)
def test_invalid_preset_is_one_clear_error(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "mine.yaml"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadInput, match=f"mine.yaml.*{says}"):
        read_preset(str(path))


def test_no_part_of_a_stage_is_read_from_outside_while_modules_load() -> None:
    root = Path(__file__).parents[1]
    outside = [path for path in (root / "pipeline").rglob("*.py") if "stages" not in path.parts]
    parts = {
        f"{path.relative_to(root)}: {node.module}"
        for path in outside
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline.stages.")
    }
    assert parts == set(), "a stage is replaced as a whole, as the toy stages of tests/dags do"
