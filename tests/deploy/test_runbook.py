"""docs/runbook.md: its commands of Airflow, of the catalog and of this package exist, with these options."""

import re
import shlex
from importlib.util import find_spec

import pytest

from tests.deploy.files import COMPOSE, PROJECT, manifest
from tests.test_docs import commands_in

PAGES = {name: (PROJECT / "docs" / name).read_text() for name in ("runbook.md", "kubernetes.md")}


def written(program: str) -> list[str]:
    """Every command of the program, in blocks and in running text."""
    found = []
    for page in PAGES.values():
        text = page.replace("\\\n", " ")
        blocks = "\n".join(re.findall(r"```console\n(.*?)```", text, re.S))
        lines = [re.sub(r"\s+#.*", "", line.strip().removeprefix("$ ")) for line in blocks.splitlines()]
        lines = [re.sub(r"^kubectl .* -- +", "", line) for line in lines]
        inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
        found += [" ".join(each.split()) for each in [*lines, *inline] if each.startswith(f"{program} ")]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("command", written("airflow"))
def test_airflow_accepts_the_command(command: str) -> None:
    from airflow.cli.cli_parser import get_parser

    get_parser().parse_args(shlex.split(command)[1:])


def test_the_runbook_shows_how_to_verify_and_how_to_go_back() -> None:
    assert ["verify"] in commands_in(PAGES["runbook.md"])
    assert any("deploy.downgrade" in command for command in written("python"))


@pytest.mark.parametrize("command", written("python"))
def test_python_modules_exist(command: str) -> None:
    assert find_spec(shlex.split(command)[2])


def test_services_and_secrets_that_the_pages_name_exist() -> None:
    for service in re.findall(r"docker compose exec (\S+?)`", "".join(PAGES.values())):
        assert service in COMPOSE["services"]
    for name in re.findall(r"deploy/([\w-]+\.yaml)", "".join(PAGES.values())):
        assert (PROJECT / "deploy" / name).is_file()
    assert manifest("ConfigMap", "catalog-pods")
