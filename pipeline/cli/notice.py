"""The command `notice`: what a team is told about a run."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from pipeline.cli.output import Json, print_json
from pipeline.core.errors import BadInput
from pipeline.notice import Around, late_notice, notice_of, unknown_notice
from pipeline.settings import read_settings


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the `catalog` command."""
    app.command()(notice)


def notice(
    run_id: Annotated[str, typer.Option(help="name of the run, as `catalog discover` shows it")],
    deadline: Annotated[
        str, typer.Option(help="the time by which the run is not finished, in ISO format; default: it has ended")
    ] = "",
    waiting: Annotated[int, typer.Option(help="how many shoots are still being uploaded")] = 0,
    failed_task: Annotated[list[str] | None, typer.Option(help="a failed task of Airflow; can be repeated")] = None,
    link: Annotated[list[str] | None, typer.Option(help="NAME=URL; can be repeated")] = None,
    as_json: Json = False,
) -> None:
    """Show the notice about a run that CATALOG_NOTIFY gets: counts, what needs a person and why, work and cost."""
    url = read_settings().catalog_url
    links = dict(each.partition("=")[::2] for each in link or ())
    around = Around(waiting=waiting, failed_tasks=tuple(failed_task or ()), links=links)
    try:
        at = datetime.fromisoformat(deadline).astimezone(UTC) if deadline else None
    except ValueError:
        raise BadInput(f"--deadline {deadline} is not a time", remedy="Write it as 2026-11-30T08:00+00:00") from None
    try:
        made = late_notice(url, run_id, at, around) if at else notice_of(url, run_id, around)
    except BadInput:
        if not around.failed_tasks and at is None:
            raise
        made = unknown_notice(run_id, at, around)
    if as_json:
        print_json({**made.model_dump(mode="json"), "text": made.text, "html": made.html})
    else:
        typer.echo(f"{made.subject}\n\n{made.text}")
