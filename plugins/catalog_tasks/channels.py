"""Send a notice to an Airflow connection: Slack, e-mail or any web hook, by the connection's type.

A connection may hold secrets anywhere, in its URL too. So no message and no log shows more of it than its id.
"""

import html
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowException, AirflowFailException

TIMEOUT_SECONDS = 30.0
SLACK = "https://hooks.slack.com/services"
SLACK_CHARACTERS = 3000
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
WEBHOOK_FIELDS = (
    "run_id", "subject", "text", "links", "counts", "collections", "troubled", "waiting", "seconds", "cost_usd",
    "usd_per_image",
)  # fmt: skip

Notice = Mapping[str, Any]  # as `catalog notice --json` prints it


def send(connection_id: str, notice: Notice) -> None:
    """Send a notice. Raises AirflowException if it may succeed later, and AirflowFailException if it cannot."""
    connection = BaseHook.get_connection(connection_id)
    sender = SENDERS.get(connection.conn_type or "")
    if sender is None:
        raise AirflowFailException(
            f"the connection {connection_id} is of the type {connection.conn_type}, to which no notice can be sent. "
            f"Use one of {', '.join(SENDERS)}"
        )
    sender(connection, notice)


def _slack(connection: Connection, notice: Notice) -> None:
    """An incoming web hook of Slack, with the fields that Slack's provider for Airflow uses."""
    place = connection.password or ""
    url = place if "://" in place else f"{_base(connection, SLACK)}/{place}"
    text = html.escape(f"{notice['subject']}\n{notice['text']}", quote=False)  # else <!channel> would call everybody
    _post(connection, url, {"text": text[:SLACK_CHARACTERS]})


def _webhook(connection: Connection, notice: Notice) -> None:
    """Any URL that takes JSON; login and password as basic access, a password alone as a bearer token."""
    headers = {str(name): str(value) for name, value in connection.extra_dejson.items()}
    auth = (connection.login, connection.password or "") if connection.login else None
    if auth is None and connection.password:
        headers["Authorization"] = f"Bearer {connection.password}"
    _post(connection, _base(connection), {name: notice[name] for name in WEBHOOK_FIELDS}, headers, auth)


def _base(connection: Connection, otherwise: str = "") -> str:
    """The URL in a connection: its host, if that is one, or made of its parts, as Airflow's HttpHook does."""
    host = connection.host or otherwise
    if "://" in host:
        return host.rstrip("/")
    if not host:
        raise AirflowFailException(f"the connection {connection.conn_id} has no host. Give it the URL as its host")
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.schema or 'http'}://{host}{port}"


def _post(
    connection: Connection,
    url: str,
    body: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> None:
    name = f"the connection {connection.conn_id}"
    try:
        with _without_logs("httpx", "httpcore"):
            answer = httpx.post(url, json=body, headers=headers, auth=auth, timeout=TIMEOUT_SECONDS)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise AirflowFailException(f"{name} makes no usable URL. Give it the URL as its host") from None
    except httpx.HTTPError as error:
        raise AirflowException(f"{name} cannot be reached ({type(error).__name__})") from None
    if answer.is_success:
        return
    said = f"{name} answered {answer.status_code} {answer.reason_phrase}"
    if answer.is_server_error or answer.status_code in PASSING:
        raise AirflowException(said)
    raise AirflowFailException(f"{said}. Correct the connection")


def _mail(connection: Connection, notice: Notice) -> None:
    """An SMTP server, with the fields of Airflow's provider, and the recipients as `to_email` in its extra fields."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    to = connection.extra_dejson.get("to_email") or []
    to = [each.strip() for each in to.split(",")] if isinstance(to, str) else to
    if not to or not connection.extra_dejson.get("from_email"):
        raise AirflowFailException(
            f"the connection {connection.conn_id} does not say from whom and to whom. "
            "Give it the extra fields from_email and to_email"
        )
    with SmtpHook(smtp_conn_id=connection.conn_id) as hook:
        hook.send_email_smtp(to=to, subject=notice["subject"], html_content=notice["html"])


@contextmanager
def _without_logs(*names: str) -> Iterator[None]:
    """Within it, these loggers write warnings only: they would log URLs."""
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


SENDERS: dict[str, Callable[[Connection, Notice], None]] = {
    "slackwebhook": _slack,
    "smtp": _mail,
    "email": _mail,
    "http": _webhook,
    "https": _webhook,
}
