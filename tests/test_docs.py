"""The documentation says what there is: its generated pages are complete, its links resolve, its examples work."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
import typer
import yaml
from typer.testing import CliRunner

from docs.fields import code, nested_models
from docs.reference import REFERENCES, engine_sections, expand, flat
from pipeline.cli.app import app
from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry
from pipeline.plan import STEPS, params_of, stage_of
from pipeline.settings import Settings
from pipeline.shoot import Shoot, parse_shoot

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text() for path in sorted(DOCS.rglob("*.md"))}
COMMANDS = flat(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
GROUPS = {name.split()[0] for name in COMMANDS if " " in name}
MUG = ROOT / "examples" / "collection" / "mug-001"
QUICK = ("doctor", "init", "plan", "assets")


def reference(name: str) -> str:
    return expand(PAGES[f"reference/{name}.md"])


def rows_without_meaning(page: str) -> list[str]:
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    return [row[0] for row in rows if len(row) < 4]


def commands_in(page: str) -> list[list[str]]:
    """The words of every `catalog ...` line in the page's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    shown = [re.sub(r"\s+#.*", "", line.strip().removeprefix("$ ")) for line in lines]
    return [line.split()[1:] for line in shown if line.startswith("catalog ")]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_reference_has_every_command_with_every_option(command: str) -> None:
    section = reference("commands").split(f"## catalog {command} ", 1)[1].split("\n## ", 1)[0]
    for param in COMMANDS[command].params:
        names = [param.name.upper()] if param.param_type_name == "argument" else param.opts
        assert all(f"| {code(name)}" in section for name in names)


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_reference_has_every_setting(field: str) -> None:
    assert f"| `CATALOG_{field.upper()}` |" in reference("settings")


@pytest.mark.parametrize("step", STEPS)
def test_reference_has_every_step_with_its_settings_and_engines(step: str) -> None:
    section = reference("presets").split(f"## `{step}` ", 1)[1].split("\n## ", 1)[0]
    stage = stage_of(step)
    for field in set(stage.params.model_fields) - {getattr(stage, "engine_field", "")}:
        assert code(field) in section
    registry = getattr(stage, "engines", None)
    for name, engine in registry.engines.items() if registry else ():
        assert f"### `{name}`, engine of {step}" in section
        assert all(code(field) in section for field in set(engine.Params.model_fields) - {"engine"})


class PlainParams(Frozen):
    engine: Literal["plain"] = "plain"
    seed: int = 0
    steps: int = 20


class FineParams(Frozen):
    engine: Literal["fine"] = "fine"
    seed: int = 0
    steps: int = 50
    """More of them."""


def test_settings_that_an_engine_shares_with_the_default_are_described_once() -> None:
    engines = [SimpleNamespace(Params=params, __doc__="A toy.") for params in (PlainParams, FineParams)]
    registry = Registry("splat", *engines)
    plain, fine = (part.split("### ")[0] for part in "\n".join(engine_sections("splat", registry)).split("### ")[1:])
    assert "`splat: {engine: plain}` in a preset, the default." in plain
    assert "| `seed` |" in plain
    assert "As for [`plain`](#splat-plain): `seed`." in fine
    assert "| `seed` |" not in fine
    assert "| `steps` | whole number | `50` | More of them |" in fine


def test_reference_has_every_field_of_shoot_yaml() -> None:
    page = reference("shoot-yaml")
    for path, model in [("", Shoot), *nested_models(Shoot)]:
        section = page.split(f"## {code(path)}" if path else "## Top level", 1)[1].split("\n## ", 1)[0]
        assert all(f"| {code(field)} |" in section for field in model.model_fields)


@pytest.mark.parametrize("name", ["shoot", "settings", "commands", "presets", "channels"])
def test_every_documented_field_says_what_it_means(name: str) -> None:
    assert rows_without_meaning(REFERENCES[name]()) == []


@pytest.mark.parametrize("step", STEPS)
def test_every_step_is_in_the_architecture_and_in_both_diagrams(step: str) -> None:
    assert f"`{step}`" in expand(PAGES["architecture.md"])
    assert f">{step}</text>" in (DOCS / "images" / "pipeline.svg").read_text()
    diagram = re.search(r"```mermaid\n(.*?)```", README.read_text(), re.S)
    assert diagram
    assert re.search(rf"\b{step}\b", diagram[1])


@pytest.mark.parametrize("name", ["README.md", *PAGES])
def test_pages_show_only_commands_and_options_that_exist(name: str) -> None:
    for command, *words in commands_in(README.read_text() if name == "README.md" else PAGES[name]):
        if command in GROUPS:
            command, words = f"{command} {words[0]}", words[1:]  # noqa: PLW2901
        assert command in COMMANDS
        known = {option for param in COMMANDS[command].params for option in (*param.opts, *param.secondary_opts)}
        assert {word for word in words if re.match(r"--\w", word)} <= known | {"--help"}


def test_quick_commands_of_the_quickstart_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in Settings.model_fields if name != "preset"]:
        monkeypatch.delenv(f"CATALOG_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(MUG / "photos", tmp_path / "shoots" / "my-mug" / "photos")
    for words in commands_in(PAGES["quickstart.md"]):
        if words[0] in QUICK:
            result = CliRunner().invoke(app, words)
            assert result.exit_code == 0, f"catalog {' '.join(words)}: {result.output} {result.exception}"


def test_shoot_yaml_examples_are_valid() -> None:
    for page in (README.read_text(), PAGES["reference/shoot-yaml.md"]):
        blocks = re.findall(r"```yaml\n(sku:.*?)```", page, re.S)
        assert len(blocks) == 1
        parse_shoot(blocks[0].encode(), Path("shoot.yaml"))


def test_preset_examples_are_valid() -> None:
    shoot = parse_shoot((MUG / "shoot.yaml").read_bytes(), MUG / "shoot.yaml")
    examples = [
        yaml.safe_load(block)
        for block in re.findall(r"```yaml\n(.*?)```", PAGES["engines.md"], re.S)
        if "FOLDER" not in block
    ]
    assert len(examples) >= 2
    for example in examples:
        assert set(params_of(shoot, example)) == set(STEPS)


def test_readme_is_short_and_gives_the_commands_that_ci_runs() -> None:
    text = README.read_text()
    assert len(text.splitlines()) <= 150
    for command in re.findall(r"^make \w+$", (ROOT / ".ci" / "run").read_text(), re.M):
        assert command in text


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", README.read_text()))))
def test_every_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (ROOT / link.split("#", maxsplit=1)[0]).exists()


def test_site_builds_without_a_broken_link_and_requests_no_other_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path), strict=True))
    for page in tmp_path.rglob("*.html"):
        requested = re.findall(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="(https?:[^"]+)"', page.read_text())
        assert requested == [], page
