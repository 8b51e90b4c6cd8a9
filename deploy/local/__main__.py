"""`python -m deploy.local up | demo`: what `make up` and `make demo` run."""

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
HomeOption = Annotated[Path, typer.Option("--home", help="Airflow's home")]
DEFAULT_HOME = PROJECT / ".airflow"


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
                    f"login {LOGIN} / {PASSWORD}\n"
                    f"Shoots: {settings.shoots.absolute()}  Store: {settings.store.absolute()}\n"
                    f"Logs: {place.logs}  Stop with Ctrl-C."
                )
            supervisor.watch()
        finally:
            console.print("Stopping Airflow ...")
            supervisor.stop()
            console.print("Everything is stopped.")


@app.command()
def demo(
    home: HomeOption = DEFAULT_HOME,
    preset: Annotated[str, typer.Option(help="engines and quality of every step")] = "demo",
) -> None:
    """The sample collection through the nightly DAG, watched; starts Airflow if need be, and stops it."""
    settings = read_settings().model_copy(update={"preset": preset})
    green = Demo(Home(home.absolute()), settings, console).run()
    raise typer.Exit(0 if green else 1)


def main() -> None:
    """Run the command; an error that a person can act on is one line, not a traceback."""
    try:
        app()
    except CatalogError as error:
        console.print(f"error: {error}", style="red", markup=False)
        sys.exit(error.exit_code)


main()
