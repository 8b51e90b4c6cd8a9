"""The DAGs under the supervisor, with a real api-server, scheduler, LocalExecutor, dag-processor and triggerer.

Steps are toys. One Airflow serves all tests of this file, in their order; the last two stop it.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest
from PIL import Image

from deploy.local.client import ApiError, Client
from deploy.local.home import LOGIN, PASSWORD, PROJECT
from pipeline.plan import STEPS
from tests.browser import chromium, open_page
from tests.dags.airflow_up import Airflow, alive, change, fetch, is_ready, start_up, until
from tests.dags.toy_airflow import BACKFILL, NIGHTLY, REQUEST, toy_airflow
from tests.dags.toy_shoots import write_toy_shoot
from tests.plugins.servers import Hook, serve_hook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ASSET = "MUG-1/front/white/shop"


@pytest.fixture(scope="module")
def hook():
    with serve_hook() as server:
        yield server


@pytest.fixture(scope="module")
def airflow(tmp_path_factory, hook):
    with toy_airflow(tmp_path_factory.mktemp("airflow"), hook) as running:
        yield running


def notices(hook: Hook, run_id: str) -> list[str]:
    return [body["text"] for _, _, body in hook.requests if body["run_id"] == run_id]


def test_airflow_listens_only_on_this_machine(airflow):
    supervisor = psutil.Process(airflow.up.pid)
    family = [supervisor, *supervisor.children(recursive=True)]
    addresses = {c.laddr.ip for p in family for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}


def test_a_second_airflow_on_the_same_home_is_rejected(airflow):
    arguments = [sys.executable, "-m", "deploy.local", "up", "--home", str(airflow.home.path)]
    second = subprocess.run(
        arguments, cwd=PROJECT, env=airflow.environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 30
    assert "already runs" in second.stdout
    assert is_ready(airflow)


@pytest.mark.parametrize(
    "path", ["/api/v2/dags", "/catalog/board", f"/catalog/assets/{ASSET}", "/catalog/pictures/" + "0" * 64]
)
def test_nothing_is_shown_without_a_login(airflow, path):
    assert fetch(airflow, path)[0] == 401
    assert fetch(airflow, path, "made.up.token")[0] in {401, 403}


@pytest.mark.parametrize("path", ["/catalog/docs", "/catalog/openapi.json", "/catalog/redoc"])
def test_the_pages_have_no_open_documentation(airflow, path):
    assert fetch(airflow, path)[0] in {401, 404}


def test_a_wrong_password_is_rejected(airflow):
    with pytest.raises(ApiError, match="401"):
        Client(airflow.client.url).login(LOGIN, "not the password")


def test_a_logged_in_user_sees_the_lineage_of_an_asset(airflow):
    token = airflow.client.token
    status, page = fetch(airflow, "/catalog/board", token)
    assert status == 200 and f'href="/catalog/assets/{ASSET}"'.encode() in page
    status, page = fetch(airflow, f"/catalog/assets/{ASSET}", token)
    assert status == 200 and b"A.jpg" in page and b"cutout" in page
    picture = page.partition(b'src="/catalog/pictures/')[2].partition(b'"')[0].decode()
    status, data = fetch(airflow, f"/catalog/pictures/{picture}", token)
    assert status == 200 and max(Image.open(io.BytesIO(data)).size) <= 1200
    assert fetch(airflow, "/catalog/assets/no/such/white/shop", token)[0] == 404
    assert fetch(airflow, "/catalog/pictures/" + "0" * 64, token)[0] == 404


def test_a_redo_from_the_pages_is_a_run_of_the_dag_of_requests(airflow):
    _, page = fetch(airflow, f"/catalog/assets/{ASSET}", airflow.client.token)
    token = re.search(rb'"X-CSRF-Token": "([0-9a-f]{64})"', page)[1].decode()
    sha256 = re.search(rb"<code>([0-9a-f]{64})</code>", page)[1].decode()
    wish = {"asset": f"{sha256} {ASSET}", "text": "on light grey"}
    airflow.client.send("PATCH", f"/api/v2/dags/{REQUEST}", {"is_paused": False})
    assert change(airflow, "/catalog/redos", wish) == 403
    assert change(airflow, "/catalog/redos", wish | {"csrf_token": token}, Origin="http://elsewhere.test") == 403
    assert change(airflow, "/catalog/redos", wish | {"csrf_token": token}) == 303
    runs = airflow.client.get(f"/api/v2/dags/{REQUEST}/dagRuns")["dag_runs"]
    ((run_id, conf),) = [(run["dag_run_id"], run["conf"]) for run in runs]
    assert run_id.startswith("redo-") and conf == {"sku": "MUG-1", "text": "on light grey", "asset": ASSET}
    _, page = fetch(airflow, "/catalog/log", airflow.client.token)
    assert ASSET.encode() in page and LOGIN.encode() in page
    assert change(airflow, "/catalog/undo", {"asset": ASSET, "csrf_token": token}) == 303


def test_the_catalog_is_in_the_navigation(airflow):
    plugins = {plugin["name"]: plugin for plugin in airflow.client.get("/api/v2/plugins")["plugins"]}
    assert [view["href"] for view in plugins["catalog"]["external_views"]] == ["/catalog/board"]
    assert not airflow.client.get("/api/v2/plugins/importErrors")["import_errors"]


def test_a_request_runs_the_steps_of_its_own_plan_and_a_bad_one_says_why(airflow):
    state, tasks = airflow.run(REQUEST, sku=str(airflow.shoots / "tee"), text="- on light grey\n- for Instagram")
    assert state == "success"
    assert {name for shoot, name in tasks if shoot == "tee"} == {f"shoot.{step}" for step in STEPS}
    assert "channels.instagram_4x5" in airflow.log(tasks["", "discover"])
    state, tasks = airflow.run(REQUEST, sku="no-such", text="on white")
    assert state == "failed" and "neither a folder nor a product" in airflow.log(tasks["", "discover"])


ABOVE = """photo => { const names = [];
  for (let step = photo.closest("li"); step; step = step.parentElement.closest("li"))
    names.push(step.querySelector(":scope > strong").innerText);
  return names }"""


def test_a_browser_reaches_a_photo_from_the_navigation_after_login(airflow):
    with chromium() as browser, open_page(browser) as (page, requests):
        page.set_default_timeout(120_000)
        for path in ("/catalog/board", f"/catalog/assets/{ASSET}"):
            assert page.goto(airflow.client.url + path).status == 401
            assert "MUG-1" not in page.content()
        page.goto(f"{airflow.client.url}/plugin/catalog/catalog/board")
        page.locator("[name=username]").fill(LOGIN)
        assert "MUG-1" not in page.content()
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Browse").click()
        page.get_by_text("Catalog", exact=True).click()
        pages = page.frame_locator("iframe")
        pages.locator(f"a[href='/catalog/assets/{ASSET}']").click()
        pages.get_by_text("The same as text").click()
        tree = pages.locator(".tree strong", has_text="A.jpg").first.evaluate(ABOVE)
        for picture in pages.locator("img:visible").all():
            picture.scroll_into_view_if_needed()
            assert picture.evaluate("async i => { await i.decode(); return i.naturalWidth }") > 0
        pages.get_by_text("Reject…").click()
        pages.get_by_role("textbox", name="Reason").fill("only a test")
        pages.get_by_role("button", name="Reject", exact=True).click()
        pages.get_by_role("button", name="Undo the rejection").click()
        pages.locator(".heading .state", has_text="published").wait_for()
    assert tree[:3] == ["A.jpg", "ingest_photo A", "cutout_photo A"]
    assert tree[-2:] == ["render_angle front", "composite_shop_photo front/white/shop"]
    assert {address.split("/")[2] for address in requests if "://" in address} == {airflow.client.url.split("/")[2]}


def test_a_night_with_every_outcome(airflow, hook):
    state, tasks = airflow.run(NIGHTLY)
    assert state == "failed" and tasks["", "summary"]["state"] == "failed"

    whole = {task: t["state"] for (shoot, task), t in tasks.items() if shoot == "tee"}
    assert len(whole) == len(STEPS) and set(whole.values()) == {"success"}

    held = tasks["mug", "shoot.sfm"]
    assert held["state"] == "skipped" and "7 of 24 photos registered" in held["rendered_map_index"]
    assert "7 of 24 photos registered" in airflow.log(held)
    assert tasks["mug", "shoot.splat"]["state"] == "skipped"
    assert tasks["mug", "shoot.coverage"]["state"] == tasks["mug", "shoot.publish"]["state"] == "success"

    refused, failed = tasks["bag", "shoot.ingest"], tasks["hat", "shoot.ingest"]
    assert (refused["state"], refused["try_number"]) == ("failed", 1)
    assert (failed["state"], failed["try_number"]) == ("failed", 2)
    summary = airflow.log(tasks["", "summary"])
    assert "broken" in summary and "RuntimeError" in summary  # the table's columns wrap

    assert tasks["", "announce"]["state"] == tasks["", "notify.team"]["state"] == "success"
    assert tasks["", "next_run"]["state"] == "skipped"
    (notice,) = [text for text in notices(hook, refused["run_id"]) if "not finished" not in text]
    assert "2 images published" in notice and "Shoots: 1 done, 1 held, 1 failed, 2 refused." in notice
    assert "held: mug: sfm: 7 of 24 photos registered" in notice
    assert f"Run: {airflow.client.url}/dags/{NIGHTLY}/runs/" in notice


def test_a_dag_downstream_runs_once_for_the_collection_that_was_published(airflow):
    (run,) = until(lambda: runs_of(airflow, "shop_feed"))
    ended = {"success", "failed"}
    state = until(lambda: (s := airflow.client.run_state("shop_feed", run["dag_run_id"])) in ended and s)
    assert state == "success"
    (event,) = airflow.client.get("/api/v2/assets/events")["asset_events"]
    assert event["uri"] == "catalog://collection/toys"
    counts = {name: event["extra"][name] for name in ("collection", "published", "done", "held", "failed")}
    assert counts == {"collection": "toys", "published": 2, "done": 1, "held": 1, "failed": 1}


def runs_of(airflow: Airflow, dag_id: str) -> list[dict[str, Any]]:
    return list(airflow.client.get(f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"])


def ingested(airflow: Airflow, dag_id: str, run_id: str) -> set[str]:
    """The shoots of a run."""
    tasks = [task for task in airflow.client.tasks(dag_id, run_id) if task["task_id"] == "shoot.ingest"]
    return {(task["rendered_map_index"] or "").partition(" · ")[0] for task in tasks}


def test_a_night_without_changes_succeeds_and_runs_no_step(airflow):
    for name in ("bag", "hat", "broken"):
        shutil.move(airflow.shoots / name, airflow.root / name)
    state, tasks = airflow.run(NIGHTLY)
    assert state == "success" and tasks["", "discover"]["state"] == tasks["", "summary"]["state"] == "success"
    assert {t["state"] for (_, task), t in tasks.items() if task.startswith("shoot.")} == {"skipped"}
    assert all(t["map_index"] == -1 for t in tasks.values())


@pytest.mark.parametrize(("dag_id", "conf"), [(NIGHTLY, {}), (BACKFILL, {"collection": "many"})])
def test_more_shoots_than_one_run_takes_end_without_a_person(airflow, hook, dag_id, conf):
    for number in range(5):
        write_toy_shoot(airflow.shoots, f"many-{number}", "ingest-bad", collection="many")
    first = airflow.client.trigger(dag_id, conf)
    second = f"part2__{first}"
    until(lambda: second in {run["dag_run_id"] for run in runs_of(airflow, dag_id)})
    until(lambda: airflow.client.run_state(dag_id, second) == "failed")
    taken = [ingested(airflow, dag_id, run_id) for run_id in (first, second)]
    assert (len(taken[0]), len(taken[1]), len(taken[0] | taken[1])) == (4, 1, 5)
    postponed = "1 shoot postponed to the next run: one run takes at most 4 shoots."
    assert any(postponed in notice for notice in notices(hook, first))
    assert not [run for run in runs_of(airflow, dag_id) if run["dag_run_id"].startswith("part3__")]
    for number in range(5):
        shutil.rmtree(airflow.shoots / f"many-{number}")


def test_a_backfill_shows_a_collection_and_runs_what_is_wanted_of_it(airflow):
    shutil.move(airflow.root / "bag", airflow.shoots / "bag")
    state, tasks = airflow.run(BACKFILL, collection="bags", dry_run=True)
    assert state == "success" and {t["map_index"] for t in tasks.values()} == {-1}
    assert "bag: runs: ingest failed, cutout missing" in airflow.log(tasks["", "discover"])
    state, tasks = airflow.run(BACKFILL, collection="bags", only="failed", steps="..sfm")
    assert state == "failed" and tasks["bag", "shoot.ingest"]["state"] == "failed"
    assert {t["map_index"] for t in tasks.values()} == {-1, 0}  # that shoot only
    ingest = tasks["bag", "shoot.ingest"]
    pool = airflow.client.get("/api/v2/pools/catalog_backfill")
    assert ingest["pool"] == pool["name"] and (pool["slots"], pool["include_deferred"]) == (1, True)
    assert ingest["priority_weight"] < 1000 and tasks["", "discover"]["pool"] == "default_pool"


def test_a_cancelled_backfill_leaves_nothing_running(airflow):
    write_toy_shoot(airflow.shoots, "cap", "ingest-slow", collection="caps")
    supervisor = psutil.Process(airflow.up.pid)

    def is_step_running() -> bool:
        return any("stage" in p.cmdline() for p in alive(supervisor.children(recursive=True)))

    run_id = airflow.client.trigger(BACKFILL, {"collection": "caps"})
    until(is_step_running)
    airflow.client.fail_run(BACKFILL, run_id)
    until(lambda: not is_step_running())
    # Not the run's own state: Airflow skips what has not begun, and its scheduler, if it looks at the run just then,
    # may judge it by the skipped tasks at its end and call it a success. A task may also keep no state at all.
    until(lambda: airflow.ended(BACKFILL, run_id))
    tasks = {task["task_id"]: task for task in airflow.client.tasks(BACKFILL, run_id)}
    assert (tasks.pop("discover")["state"], tasks.pop("shoot.ingest")["state"]) == ("success", "failed")
    assert {task["state"] for task in tasks.values()} <= {None, "skipped", "upstream_failed"}
    assert [name for name, task in tasks.items() if task["try_number"]] == [], "nothing else began"


def test_airflows_own_backfill_runs_the_nightly_of_a_day(airflow):
    for name in ("bag", "cap"):
        shutil.rmtree(airflow.shoots / name)
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    span = {"from_date": day.isoformat(), "to_date": (day + timedelta(hours=23)).isoformat()}

    def create() -> Any:
        try:
            return airflow.client.send("POST", "/api/v2/backfills", {"dag_id": NIGHTLY, **span, "max_active_runs": 1})
        except ApiError as error:
            assert "Database is locked" in str(error)  # SQLite while the scheduler writes
            return None

    made = until(create)
    until(lambda: airflow.client.get(f"/api/v2/backfills/{made['id']}")["completed_at"])
    runs = airflow.client.get(f"/api/v2/dags/{NIGHTLY}/dagRuns")["dag_runs"]
    ((state, date),) = [(run["state"], run["logical_date"]) for run in runs if run["run_type"] == "backfill"]
    assert state == "success" and date.startswith(day.date().isoformat())


def test_stopping_during_a_step_leaves_nothing_behind(airflow, hook):
    shutil.rmtree(airflow.shoots)
    write_toy_shoot(airflow.shoots, "cap", "ingest-slow")
    run_id = airflow.client.trigger(NIGHTLY, {})
    supervisor = psutil.Process(airflow.up.pid)
    until(lambda: any("stage" in p.cmdline() for p in alive(supervisor.children(recursive=True))))
    until(lambda: notices(hook, run_id))  # CATALOG_DEADLINE
    assert "1 of 1 shoot still run" in notices(hook, run_id)[0] and "Still running: cap." in notices(hook, run_id)[0]
    family = supervisor.children(recursive=True)
    airflow.up.send_signal(signal.SIGTERM)
    assert airflow.up.wait() == 0
    assert [process for process in family if process in alive(family)] == []
    assert run_id and not airflow.home.is_locked() and airflow.home.running() is None
    output = (airflow.root / "up.log").read_text()
    assert "Airflow is stopped" in output and "Traceback" not in output
    assert not any(airflow.root.glob("store/scratch/*/*"))


def test_ctrl_c_during_the_start_leaves_nothing_behind(airflow):
    up = start_up(airflow.root, airflow.environment)
    until(airflow.home.running)
    family = psutil.Process(up.pid).children(recursive=True)
    assert len(family) >= 4
    os.killpg(up.pid, signal.SIGINT)  # a terminal signals the whole group
    assert up.wait() == 0
    assert alive(family) == [] and airflow.home.running() is None and not airflow.home.is_locked()
    output = (airflow.root / "up.log").read_text()
    assert "Airflow is stopped" in output and "Traceback" not in output
