"""The README documents what there is: every command, every setting, every make target."""

import re
from pathlib import Path

import pytest
import typer

from pipeline.cli.app import app
from pipeline.plan import STEPS
from pipeline.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", sorted(typer.main.get_command(app).commands))  # type: ignore[attr-defined]
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"catalog {command}\b", README), f"document `catalog {command}` in README.md"


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_in_the_readme(field: str) -> None:
    assert f"CATALOG_{field.upper()}" in README, f"document CATALOG_{field.upper()} in README.md"


@pytest.mark.parametrize("step", STEPS)
def test_every_stage_is_in_the_design(step: str) -> None:
    assert f"`{step}`" in (ROOT / "pipeline" / "design.md").read_text()


def test_the_readme_gives_the_commands_that_ci_runs() -> None:
    for command in re.findall(r"^make \w+$", (ROOT / ".ci" / "run").read_text(), re.M):
        assert command in README


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", README))))
def test_every_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (ROOT / link.split("#", maxsplit=1)[0]).exists()
