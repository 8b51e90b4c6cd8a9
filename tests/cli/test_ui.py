"""`catalog ui` as a process: it prints its link, serves this machine only, and ends with Ctrl-C."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from pipeline.catalog.shoots import known_shoots, record_fate, record_planned, record_request_failed, summary
from pipeline.cli.app import app
from pipeline.cli.background import BackgroundRedo
from pipeline.cli.ui import listen
from pipeline.core.errors import BadInput
from pipeline.settings import Settings
from tests.catalog.toy_shoot import ToyShoot

SHOW = "import json, sys; json.dump(sys.argv[1:], open(sys.argv[1] + '.json', 'w'))"


@pytest.fixture
def served(tmp_path: Path) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    environment = {**os.environ, "CATALOG_STORE": str(tmp_path / "store"), "PYTHONUNBUFFERED": "1"}
    environment.pop("CATALOG_DATABASE_URL", None)
    command = [sys.executable, "-m", "pipeline", "ui", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ui:
        try:
            assert ui.stdout is not None
            yield ui, ui.stdout.readline().strip()
        finally:
            ui.kill()


def test_the_printed_link_works_and_ctrl_c_ends_it(served):
    ui, link = served
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/login\?token=[\w-]{43}", link)
    addresses = {c.laddr.ip for c in psutil.Process(ui.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}
    with urllib.request.urlopen(link, timeout=60) as page:  # noqa: S310 - our own server
        cookie = page.headers["set-cookie"].partition(";")[0]
    board = urllib.request.Request(link.partition("/login")[0] + "/board", headers={"Cookie": cookie})  # noqa: S310
    with urllib.request.urlopen(board, timeout=60) as page:  # noqa: S310
        assert "The catalog is empty." in page.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(link, timeout=60)  # noqa: S310
    ui.send_signal(signal.SIGINT)
    out, err = ui.communicate(timeout=60)
    assert ui.returncode == 0 and "Traceback" not in err
    assert out.startswith(link.partition("token=")[0]) and link not in out  # the next link


def test_a_taken_port_is_named():
    with listen(0) as taken, pytest.raises(BadInput, match="cannot be used"):
        listen(taken.getsockname()[1])


def ask(redo: BackgroundRedo, run_id: str, text: str, asset: str = "MUG-1/front/white/shop") -> None:
    asyncio.run(redo.start(None, run_id, asset, text))  # type: ignore[arg-type]


def test_a_wish_becomes_a_run_of_its_brief_with_a_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    redo = BackgroundRedo(Settings(store=tmp_path / "store"), (sys.executable, "-c", SHOW))
    ask(redo, "redo-1", "- on light grey", asset="mug-001/front/white/shop")
    redo.finish()
    assert json.loads((tmp_path / "brief.json").read_text()) == [
        "brief", "--run", "--run-id", "redo-1", "--asset", "mug-001/front/white/shop", "--", "mug-001",
        "- on light grey",
    ]  # fmt: skip
    assert (tmp_path / "logs" / "redo-1.log").read_bytes() == b""


FAIL = "import sys; print('progress'); sys.exit('error: the brief names no angle. Name one')"


@pytest.fixture
def known(tmp_path: Path) -> Settings:
    """A catalog with the product MUG-1, done in an earlier night."""
    settings = Settings(store=tmp_path / "store", database_url=f"sqlite:///{tmp_path}/catalog.db")
    ToyShoot(tmp_path, settings.catalog_url).publish()
    planned = {"sku": "MUG-1", "collection": "autumn", "source": ""}
    record_planned(settings.catalog_url, "night-1", **planned, listing_digest="1" * 64, plan_digest="2" * 64)
    record_fate(settings.catalog_url, "night-1", "MUG-1", "done")
    return settings


def fates(settings: Settings, run_id: str) -> list[tuple[str, str]]:
    return [(shoot.fate, shoot.reason) for shoot in summary(settings.catalog_url, run_id).shoots]


def test_a_wish_that_fails_is_a_run_that_failed_with_its_reason(known):
    redo = BackgroundRedo(known, (sys.executable, "-c", FAIL))
    ask(redo, "redo-1", "nonsense")
    redo.finish()
    ((fate, reason),) = fates(known, "redo-1")
    assert fate == "failed" and reason.startswith("the brief names no angle. Name one (log: ") and "redo-1" in reason
    assert known_shoots(known.catalog_url)["MUG-1"].fate == "done"  # the shoot itself is as it was


def test_how_a_run_itself_ended_is_not_replaced(known):
    redo = BackgroundRedo(known, (sys.executable, "-c", FAIL))
    record_fate(known.catalog_url, "redo-1", "MUG-1", "held", "splat: too blurred")
    record_request_failed(known.catalog_url, "redo-1", "MUG-1", "exit code 1")
    assert fates(known, "redo-1") == [("held", "splat: too blurred")]
    redo.stop()


def test_wishes_that_catalog_ui_leaves_unmade_are_recorded(known):
    redo = BackgroundRedo(known, (sys.executable, "-c", "import time; time.sleep(600)"))
    runs = {"redo-1": "on oak", "redo-2": "on slate"}
    for run_id, text in runs.items():
        ask(redo, run_id, text)
    redo.stop()
    for run_id in runs:
        ((fate, reason),) = fates(known, run_id)
        assert fate == "failed" and "was ended before it was made" in reason


def test_a_command_that_cannot_be_started_fails_its_wish_and_not_the_next(known, tmp_path):
    redo = BackgroundRedo(known, (str(tmp_path / "no-such-program"),))
    for run_id, text in (("redo-1", "on oak"), ("redo-2", "on slate")):
        ask(redo, run_id, text)
    redo.finish()
    assert [fates(known, run_id)[0][0] for run_id in ("redo-1", "redo-2")] == ["failed", "failed"]


def test_a_brief_that_cannot_be_planned_is_a_run_that_failed(known, monkeypatch):
    monkeypatch.setenv("CATALOG_STORE", str(known.store))
    monkeypatch.setenv("CATALOG_DATABASE_URL", known.catalog_url)
    answer = CliRunner().invoke(app, ["brief", "--run-id", "redo-1", "MUG-1", "front on oak"])
    assert isinstance(answer.exception, BadInput)
    ((fate, reason),) = fates(known, "redo-1")
    assert fate == "failed" and "shoot.yaml does not exist" in reason
