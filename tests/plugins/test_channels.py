"""Notices sent to real servers on loopback, whose connections hold secrets."""

import json
import logging
import socket

import pytest

from pipeline.notice import Counts, Notice, Troubled
from tests.plugins.servers import serve_hook, serve_mail

SECRET = "s3cr3t-t0ken"  # noqa: S105 - of a server in this process
HOSTILE = "<!channel> <b>&amp; \u202emug"


def notice() -> dict:
    made = Notice(
        run_id="night",
        subject="Catalog run night: 2 images published, 1 held",
        lines=("2 images published.", f"held: {HOSTILE}: no photo <img src=x>"),
        links={"Run": "https://airflow.example/dags/a/runs/night?a=1&b=2"},
        is_empty=False,
        counts=Counts(published=2, held=1),
        collections={"autumn": Counts(published=2)},
        troubled=(Troubled(sku=HOSTILE, fate="held", reason="no photo"),),
    )
    return {**made.model_dump(mode="json"), "text": made.text, "html": made.html}


def connect(monkeypatch, **values) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps(values))


def send() -> None:
    from catalog_tasks.channels import send as send_notice

    send_notice("team", notice())


@pytest.fixture
def hook():
    with serve_hook() as server:
        yield server


@pytest.fixture
def box():
    with serve_mail() as server:
        yield server


@pytest.fixture(autouse=True)
def no_secret_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    yield
    assert SECRET not in caplog.text


def test_slack_gets_text_in_which_nothing_is_markup(hook, monkeypatch):
    connect(monkeypatch, conn_type="slackwebhook", host=f"{hook.url}/services", password=f"T0/B0/{SECRET}")
    send()
    ((path, _, body),) = hook.requests
    assert path == f"/services/T0/B0/{SECRET}" and list(body) == ["text"]
    assert "&lt;!channel&gt;" in body["text"] and "<!" not in body["text"]


def test_slack_takes_a_whole_url_as_the_password_too(hook, monkeypatch):
    connect(monkeypatch, conn_type="slackwebhook", password=f"{hook.url}/{SECRET}")
    send()
    assert hook.requests[0][0] == f"/{SECRET}"


def test_a_web_hook_gets_json_with_counts(hook, monkeypatch):
    connect(monkeypatch, conn_type="http", host=f"{hook.url}/night", password=SECRET, extra={"X-Team": "shop"})
    send()
    ((path, headers, body),) = hook.requests
    assert path == "/night" and headers["X-Team"] == "shop" and headers["Authorization"] == f"Bearer {SECRET}"
    assert body["counts"]["published"] == 2 and body["collections"]["autumn"]["published"] == 2
    assert body["troubled"][0]["sku"] == HOSTILE and "html" not in body


def test_a_mail_has_only_links_as_markup(box, monkeypatch):
    extra = {"from_email": "catalog@example.org", "to_email": "a@example.org, b@example.org", "disable_ssl": True}
    extra |= {"disable_tls": True}
    connect(monkeypatch, conn_type="smtp", host="127.0.0.1", port=box.port, extra=extra)
    send()
    ((recipients, message),) = box.messages
    assert recipients == ["a@example.org", "b@example.org"] and message["Subject"] == notice()["subject"]
    body = message.get_body(("html",)).get_content()
    assert "&lt;img src=x&gt;" in body and "<img" not in body and "<b>" not in body
    assert 'href="https://airflow.example/dags/a/runs/night?a=1&amp;b=2"' in body


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_that_fails_is_tried_again(hook, monkeypatch, status):
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    hook.statuses = [status]
    connect(monkeypatch, conn_type="http", host=f"{hook.url}/{SECRET}")
    with pytest.raises(AirflowException, match=f"the connection team answered {status}") as raised:
        send()
    assert not isinstance(raised.value, AirflowFailException) and SECRET not in str(raised.value)


def test_a_server_that_does_not_answer_is_tried_again(monkeypatch):
    from airflow.sdk.exceptions import AirflowException

    monkeypatch.setattr("catalog_tasks.channels.TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connect(monkeypatch, conn_type="http", host=f"http://127.0.0.1:{silent.getsockname()[1]}/{SECRET}")
        with pytest.raises(AirflowException, match=r"the connection team cannot be reached \(ReadTimeout\)") as raised:
            send()
    assert SECRET not in str(raised.value) and raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"conn_type": "ftp", "host": "x"}, "is of the type ftp, to which no notice can be sent"),
        ({"conn_type": "http", "password": SECRET}, "has no host"),
        ({"conn_type": "http", "host": "ftp://x/" + SECRET}, "makes no usable URL"),
        ({"conn_type": "smtp", "host": "127.0.0.1"}, "from whom and to whom"),
    ],
)
def test_a_connection_that_cannot_be_used_says_what_to_do(monkeypatch, values, message):
    from airflow.sdk.exceptions import AirflowFailException

    connect(monkeypatch, **values)
    with pytest.raises(AirflowFailException, match=message) as raised:
        send()
    assert SECRET not in str(raised.value)


def test_a_refused_answer_is_not_tried_again(hook, monkeypatch):
    from airflow.sdk.exceptions import AirflowFailException

    hook.statuses = [404]
    connect(monkeypatch, conn_type="slackwebhook", host=hook.url, password=SECRET)
    with pytest.raises(AirflowFailException, match=r"answered 404 Not Found\. Correct the connection"):
        send()
