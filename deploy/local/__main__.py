"""`python -m deploy.local up | demo`: the commands behind `make up` and `make demo`."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.demo import Demo
from deploy.local.home import FIRST_PORT, LOGIN, PASSWORD, PROJECT, Home, environment, free_port
from deploy.local.supervisor import Supervisor
from pipeline.core.errors import CatalogError
from pipeline.settings import read_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
HomeOption = Annotated[Path, typer.Option("--home", help="Airflow's home folder")]
DEFAULT_HOME = PROJECT / ".airflow"


@app.command()
def up(
    home: HomeOption = DEFAULT_HOME,
    port: Annotated[int, typer.Option(help="port of the web interface; a free one if it is taken")] = FIRST_PORT,
) -> None:
    """Run Airflow's api-server, scheduler, dag-processor and triggerer on this machine until Ctrl-C or SIGTERM."""
    settings, airflow = read_settings(), Home(home.absolute())
    cores = len(os.sched_getaffinity(0))
    parallelism = max(2, cores)
    with airflow.locked():
        chosen = free_port(port)
        if chosen != port:
            console.print(f"Port {port} is taken; using {chosen}.")
        airflow.configure(chosen, parallelism)
        supervisor = Supervisor(airflow, chosen, environment(airflow, settings, threads=max(1, cores // parallelism)))
        supervisor.stop_on_signals()
        began = time.monotonic()
        console.print("Starting Airflow ...")
        try:
            supervisor.start()
            supervisor.wait_until_healthy()
            if not supervisor.stopping:
                console.print(
                    f"Airflow is ready after {time.monotonic() - began:.0f} s: http://127.0.0.1:{chosen}  "
                    f"login {LOGIN} / {PASSWORD}\n"
                    f"Shoots: {settings.shoots_location}  Store: {settings.store_location}\n"
                    f"Logs: {airflow.logs}  Stop with Ctrl-C."
                )
            supervisor.watch()
        finally:
            console.print("Stopping Airflow ...")
            supervisor.stop()
            console.print("Airflow is stopped.")


@app.command()
def demo(
    home: HomeOption = DEFAULT_HOME,
    preset: Annotated[str, typer.Option(help="preset: engines and quality of every step")] = "demo",
) -> None:
    """Run the sample collection through the nightly DAG and show its progress; starts and stops Airflow if needed."""
    settings = read_settings().model_copy(update={"preset": preset})
    succeeded = Demo(Home(home.absolute()), settings, console).run()
    raise typer.Exit(0 if succeeded else 1)


def main() -> None:
    """Run the command; print a CatalogError as one line instead of a traceback."""
    try:
        app()
    except CatalogError as error:
        console.print(f"error: {error}", style="red", markup=False)
        sys.exit(error.exit_code)


main()
