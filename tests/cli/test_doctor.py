from pathlib import Path

import pytest

from pipeline.cli import doctor
from pipeline.language.llm.service import KEYS
from pipeline.settings import Settings


def test_a_store_that_cannot_be_created_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = doctor._store(Settings(store=tmp_path / "file" / "store"))
    assert finding.state == "missing"
    assert "cannot be written: Not a directory" in finding.words and "CATALOG_STORE" in finding.words
    assert doctor._store(Settings(store=tmp_path / "store")).state == "ok"


def test_a_missing_engine_that_the_preset_does_not_use_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS["anthropic"]:
        monkeypatch.delenv(name, raising=False)
    findings = {finding.what: finding for finding in doctor._engines(Settings())}
    assert findings["engine of cutout"].state == "ok" and findings["engine of caption"].state == "ok"
    assert "embedded" in findings["engine of background"].words
    assert findings["cutout: seeded"].state == "ok"
    assert findings["cutout: checkpoint"].words.endswith("Requires checkpoint")
    assert findings["caption: llm"].state == "optional"
    assert "Set ANTHROPIC_API_KEY" in findings["caption: llm"].words


@pytest.mark.parametrize(
    ("preset", "what", "words"),
    [
        ("caption: {engine: llm}", "engine of caption", "has no key for the Anthropic API. Set ANTHROPIC_API_KEY"),
        ("cutout: {engine: seeded, seeds: box}", "engine of cutout", "step cutout: seeds: box needs a seed_box"),
        ("background: {diffusion: {checkpoint: /nowhere}}", "engine of background", "/nowhere is not a diffusers"),
        ("render: {refine: {checkpoint: WEIGHTS, device: cuda}}", "engine of render", "torch sees no GPU"),
    ],
)
def test_a_requirement_of_the_preset_that_this_machine_lacks_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str, what: str, words: str
) -> None:
    for name in KEYS["anthropic"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionInpaintPipeline"}')
    (tmp_path / "mine.yaml").write_text(preset.replace("WEIGHTS", str(tmp_path)))
    findings = {finding.what: finding for finding in doctor._engines(Settings(preset=str(tmp_path / "mine.yaml")))}
    assert findings[what].state == "missing" and words in findings[what].words


def test_a_licence_that_a_plan_would_refuse_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: creativeml-openrail-m\n---\n")
    (tmp_path / "mine.yaml").write_text(f"embed: {{engine: transformers, checkpoint: {tmp_path}}}")
    preset = str(tmp_path / "mine.yaml")
    (finding,) = doctor._licences(Settings(preset=preset))
    assert (finding.what, finding.state) == ("licence in embed", "optional")
    assert "creativeml-openrail-m (conditional, says README.md)" in finding.words
    assert doctor._licences(Settings(preset=preset, licences="commercial"))[0].state == "missing"
    assert doctor._licences(Settings(preset=preset, licences="conditional")) == []


def test_a_variable_that_nothing_reads_is_named_with_the_setting_that_is_near() -> None:
    environment = {"CATALOG_STORE": "s", "CATALOG_STROE": "s", "CATALOG_KUBERNETES_CORES": "2", "HOME": "/"}
    found = {finding.what: finding.words for finding in doctor._unread(environment)}
    assert found["CATALOG_STROE"] == "is not a setting; did you mean CATALOG_STORE?"
    assert set(found) == {"CATALOG_STROE", "CATALOG_KUBERNETES_CORES"}


@pytest.mark.parametrize(
    ("notify", "deadline", "state", "words"),
    [
        ("a,b", None, "ok", "go to a, b"),
        ("a", "6h", "ok", "go to a, also after 6:00:00 without an end"),
        ("", "6h", "missing", "tells nobody: name Airflow connections in CATALOG_NOTIFY"),
    ],
)
def test_a_deadline_that_tells_nobody_is_a_finding(notify: str, deadline: str | None, state: str, words: str) -> None:
    (finding,) = doctor._notices(Settings.model_validate({"notify": notify, "deadline": deadline}))
    assert finding.state == state and words in finding.words
    assert doctor._notices(Settings()) == []
