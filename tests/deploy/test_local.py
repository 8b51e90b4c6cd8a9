"""The parts of `make up` and `make demo` that do not require Airflow: home, lock, ports, processes, tables, client."""

import configparser
import importlib
import json
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest
from rich.console import Console

from deploy.local.board import Board, fates_tables, live_table, shoot_names
from deploy.local.client import ApiError, Client
from deploy.local.home import HOST, PROJECT, Home, Running, environment, free_port
from deploy.local.supervisor import Supervisor
from pipeline.core.errors import BadInput
from pipeline.plan import STEPS
from pipeline.settings import Settings


def read_config(home: Home) -> configparser.RawConfigParser:
    config = configparser.RawConfigParser()
    config.read(home.path / "airflow.cfg")
    return config


def configured(tmp_path, port=8099) -> Home:
    home = Home(tmp_path / "home")
    with home.locked():
        home.configure(port, parallelism=2)
    return home


def test_configuration_binds_loopback_and_requires_a_login(tmp_path):
    config = read_config(configured(tmp_path))
    assert config["api"]["host"] == HOST and config["api"]["port"] == "8099"
    assert config["core"]["simple_auth_manager_all_admins"] == "False"
    assert config["core"]["load_examples"] == "False"
    assert config["core"]["execution_api_server_url"] == "http://127.0.0.1:8099/execution/"
    assert config["scheduler"]["enable_health_check"] == "False"  # it would listen on every interface


def test_a_worker_that_is_done_with_its_task_delays_no_other(tmp_path):
    core = read_config(configured(tmp_path))["core"]
    assert core["max_active_tasks_per_dag"] == "2"
    assert int(core["parallelism"]) > 2


def test_airflow_writers_wait_for_the_database_lock(tmp_path):
    database = read_config(configured(tmp_path))["database"]
    for name in ("sql_alchemy_connect_args", "sql_alchemy_connect_args_async"):
        module, _, value = database[name].rpartition(".")
        assert getattr(importlib.import_module(module), value)["timeout"] >= 60


def test_every_home_has_its_own_private_persistent_secrets(tmp_path):
    first, second = configured(tmp_path / "a"), configured(tmp_path / "b")
    secret = read_config(first)["api_auth"]["jwt_secret"]
    assert secret != read_config(second)["api_auth"]["jwt_secret"]
    with first.locked():
        first.configure(9000, parallelism=4)
    assert read_config(first)["api_auth"]["jwt_secret"] == secret
    for name in ("airflow.cfg", "secrets.json", "passwords.json"):
        assert (first.path / name).stat().st_mode & 0o077 == 0


def test_home_can_be_locked_only_once(tmp_path):
    home = Home(tmp_path)
    assert not home.is_locked()
    with home.locked():
        home.write_running(Running(pid=1, url="http://127.0.0.1:1", store="/s"))
        assert home.is_locked()
        with pytest.raises(BadInput, match="already runs"), home.locked():
            pass
    assert not home.is_locked()


def test_taken_port_is_skipped():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_services_get_absolute_paths_and_no_other_airflow_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_TEAM", "http://127.0.0.1:1")
    variables = environment(Home(tmp_path), Settings(), threads=1)
    assert "AIRFLOW__CORE__EXECUTOR" not in variables and variables["AIRFLOW_HOME"] == str(tmp_path)
    assert variables["AIRFLOW_CONN_TEAM"] == "http://127.0.0.1:1"
    assert variables["CATALOG_STORE"].startswith("/") and variables["CATALOG_SHOOTS"].startswith("/")
    assert variables["OMP_NUM_THREADS"] == "1"


def test_a_persons_own_dags_are_loaded_where_there_are_any(tmp_path):
    def bundles() -> list[str]:
        home.configure(8080, 2)
        config = configparser.RawConfigParser()
        config.read(home.path / "airflow.cfg")
        return [bundle["name"] for bundle in json.loads(config["dag_processor"]["dag_bundle_config_list"])]

    home = Home(tmp_path)
    assert bundles() == ["dags-folder"]
    (tmp_path / "dags").mkdir()
    assert bundles() == ["dags-folder", "own"]


def test_services_of_a_killed_supervisor_are_ended_at_the_next_start(tmp_path):
    leftover = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    unrelated = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    home = Home(tmp_path)
    services = {
        "scheduler": (leftover.pid, psutil.Process(leftover.pid).create_time()),
        "triggerer": (unrelated.pid, psutil.Process(unrelated.pid).create_time() - 500),  # a reused pid
    }
    try:
        home.write_running(Running(pid=1, url="", store="", services=services))
        Supervisor(home, 1, {}).end_leftovers()
        assert leftover.wait(timeout=30) is not None
        assert unrelated.poll() is None
    finally:
        for process in (leftover, unrelated):
            process.kill()
            process.wait()


def test_services_die_with_a_killed_supervisor(tmp_path):
    program = (
        "import subprocess, sys; from deploy.local.supervisor import die_with_parent;"
        "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], preexec_fn=die_with_parent);"
        "print(c.pid, flush=True); c.wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


class Api(BaseHTTPRequestHandler):
    """Responds to every path with its entry in `responses`."""

    responses: dict[str, tuple[int, object]] = {}

    def do_GET(self):
        path = self.path.partition("?")[0]
        offset = int(self.path.partition("offset=")[2].partition("&")[0] or 0)
        code, body = self.responses.get(path, (404, {"detail": "not found"}))
        if isinstance(body, list):
            body = {"task_instances": body[offset : offset + 2], "total_entries": len(body)}
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    server = ThreadingHTTPServer((HOST, 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Client(f"http://{HOST}:{server.server_port}")
    server.shutdown()
    server.server_close()


def test_client_reads_every_page_of_tasks(api, monkeypatch):
    tasks = [{"task_id": f"t{number}"} for number in range(5)]
    path = "/api/v2/dags/d/dagRuns/manual__1%2B2/taskInstances"
    monkeypatch.setattr(Api, "responses", {path: (200, tasks)})
    assert api.tasks("d", "manual__1+2") == tasks


def test_client_error_contains_the_servers_message(api):
    with pytest.raises(ApiError, match=r"404.*not found"):
        api.health()
    with pytest.raises(ApiError, match="make up"):
        Client("http://127.0.0.1:9").health()


def test_broken_dag_file_is_reported_with_its_traceback(api, monkeypatch):
    broken = {"import_errors": [{"filename": "catalog_nightly.py", "stack_trace": "NameError: x"}]}
    monkeypatch.setattr(Api, "responses", {"/api/v2/importErrors": (200, broken)})
    with pytest.raises(ApiError, match="NameError"):
        api.has_dag("catalog_nightly")


def task(name: str, index: int, state: str, label: str | None = None) -> dict[str, object]:
    return {"task_id": f"shoot.{name}", "map_index": index, "state": state, "rendered_map_index": label}


def test_shoots_are_named_by_their_sku():
    tasks = [
        task("ingest", 0, "success", "mug"),
        task("sfm", 0, "skipped", "mug · sfm is held: too few"),
        task("ingest", 1, "queued", "1"),
        task("ingest", -1, "skipped"),
    ]
    assert shoot_names(tasks) == {0: "mug", 1: "shoot 2"}


def printed(show, width=200) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    show(console)
    return console.export_text()


def test_board_prints_each_change_once():
    def show(console):
        with Board(console) as board:
            for _ in range(2):
                board.show([task("sfm", 0, "skipped", "mug")], 3.0)

    assert printed(show).split() == ["3", "s", "mug", "sfm:", "held"]


def test_deferred_pod_is_shown_as_running():
    def show(console):
        with Board(console) as board:
            for state in ("running", "deferred", "queued", "running", "success"):
                board.show([task("sfm", 0, state, "mug")], 3.0)

    assert [line.split()[2:] for line in printed(show).splitlines()] == [
        ["mug", "sfm:", "running"],
        ["mug", "sfm:", "done"],
    ]


SUMMARY = {
    "shoots": [
        {
            "sku": "mug",
            "fate": "held",
            "reason": "sfm: too few photos",
            "assets": {"in review": 1, "published": 12},
            "steps": [
                {"step": "ingest", "state": "done", "seconds": 3.21, "reason": ""},
                {"step": "cutout", "state": "cached", "seconds": 0.0, "reason": ""},
                {"step": "sfm", "state": "held", "seconds": 0.0, "reason": "too few photos"},
            ],
        },
        {"sku": "folder x", "fate": "refused", "reason": "no sku", "assets": {}, "steps": []},
    ]
}


def printed_tables(summary, width=100) -> str:
    return printed(lambda console: [console.print(table) for table in fates_tables(summary)], width)


def test_table_shows_steps_seconds_and_assets():
    text = printed_tables(SUMMARY)
    assert all(part in text for part in ("mug", "3.2", "cached", "held", "12 published", "1 in review", "refused"))


def test_group_mapped_over_no_shoots_is_not_shown_as_held():
    def show(console):
        with Board(console) as board:
            board.show([task("sfm", -1, "skipped"), {"task_id": "summary", "map_index": -1, "state": "running"}], 3.0)

    assert printed(show).split() == ["3", "s", "summary:", "running"]


def test_tables_of_many_shoots_fit_a_terminal():
    many = [SUMMARY["shoots"][0] | {"sku": f"sneaker-{number:06}"} for number in range(9)]
    text = printed_tables({"shoots": many})
    assert all(shoot["sku"] in text for shoot in many) and text.count("12 published") == 9
    assert "…" not in text and max(map(len, text.splitlines())) <= 100


def test_run_without_work_has_a_short_table():
    idle = {"sku": "mug", "fate": "unchanged", "reason": "", "assets": {"published": 12}, "steps": []}
    text = printed_tables({"shoots": [idle]})
    assert "unchanged" in text and "12 published" in text and "ingest" not in text


def test_live_table_shows_unfinished_shoots_first():
    tasks = [task(step, 0, "success", "bag") for step in STEPS]
    tasks += [task("sfm", index, "running", f"mug-{index}") for index in range(1, 6)]
    text = printed(lambda console: console.print(live_table(tasks, shoot_names(tasks), 7.0)), 100)
    assert "1 of 6 shoots finished" in text and "bag" not in text
    assert [f"mug-{index}" in text for index in range(1, 6)] == [True] * 4 + [False]
