"""`python -m deploy.local up | demo`: what `make up` and `make demo` run."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.home import FIRST_PORT, LOGIN, PASSWORD, PROJECT, Home, environment, free_port
from deploy.local.supervisor import Supervisor
from pipeline.errors import CatalogError
from pipeline.settings import read_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(highlight=False)
HomeOption = Annotated[Path, typer.Option("--home", help="Airflow's home")]
DEFAULT_HOME = PROJECT / ".airflow"


@app.callback()
def _commands() -> None:
    """Airflow on one machine."""


@app.command()
def up(
    home: HomeOption = DEFAULT_HOME,
    port: Annotated[int, typer.Option(help="where the web page is; another one when it is taken")] = FIRST_PORT,
) -> None:
    """Airflow's api-server, scheduler, dag-processor and triggerer on this machine, until Ctrl-C or SIGTERM."""
    settings, place = read_settings(), Home(home.absolute())
    cores = len(os.sched_getaffinity(0))
    parallelism = max(2, cores)
    with place.locked():
        chosen = free_port(port)
        if chosen != port:
            console.print(f"Port {port} is taken; using {chosen}.")
        place.configure(chosen, parallelism)
        supervisor = Supervisor(place, chosen, environment(place, settings, threads=max(1, cores // parallelism)))
        supervisor.stop_on_signals()
        began = time.monotonic()
        console.print("Starting Airflow ...")
        try:
            supervisor.start()
            supervisor.wait_until_healthy()
            if not supervisor.stopping:
                console.print(
                    f"Airflow is ready after {time.monotonic() - began:.0f} s: http://127.0.0.1:{chosen}  "
                    f"login {LOGIN} / {PASSWORD}\nShoots: {settings.shoots.absolute()}  Store: {settings.store.absolute()}\n"
                    f"Logs: {place.logs}  Stop with Ctrl-C."
                )
            supervisor.watch()
        finally:
            console.print("Stopping Airflow ...")
            supervisor.stop()
            console.print("Everything is stopped.")


def main() -> None:
    """Run the command; an error that a person can act on is one line, not a traceback."""
    try:
        app()
    except CatalogError as error:
        console.print(f"error: {error}", style="red", markup=False)
        sys.exit(error.exit_code)


main()
