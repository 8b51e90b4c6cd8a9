"""`catalog init`: write a first shoot.yaml for a folder of photos."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.prompt import Prompt

from pipeline.cli.engines import Rig
from pipeline.cli.output import Json, bar, checked, print_json

NAMES_SHOWN = 6


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    app.command()(init)


def init(
    shoot_dir: Annotated[Path, typer.Argument(help="a folder with the photos of one product in photos/")],
    category: Annotated[
        str, typer.Option(help="category whose angles to request; see pipeline/presets/categories")
    ] = "general",
    rig: Annotated[Rig | None, typer.Option(help="how the photos were taken; default: asked for, or guessed")] = None,
    sku: Annotated[str | None, typer.Option(help="the product's number; default: the folder's name")] = None,
    move: Annotated[bool, typer.Option("--move", help="move photos in SHOOT_DIR itself into photos/")] = False,
    force: Annotated[bool, typer.Option("--force", help="overwrite an existing shoot.yaml")] = False,
    as_json: Json = False,
) -> None:
    """Survey a folder of photos and write a commented shoot.yaml, ready for `catalog plan`."""
    from pipeline.starter.init import Choices, start_shoot, survey_folder

    chosen = {"sku": sku, "category": category, "rig": rig and rig.value, "move": move, "force": force}
    choices = checked(Choices, chosen)
    with bar("init") as show:
        survey = survey_folder(shoot_dir, choices, show)
    if choices.rig is None and not as_json and sys.stdin.isatty() and sys.stderr.isatty():
        choices = choices.model_copy(update={"rig": _ask_rig(survey.rig.rig, survey.rig.because)})
    started = start_shoot(shoot_dir, survey, choices)
    following = f"catalog plan {shlex.quote(str(shoot_dir))}"
    if as_json:
        print_json({**started.model_dump(), "next": following})
        return
    endings = ", ".join(f"{count} {ending}" for ending, count in started.endings.items())
    lines = [
        f"{len(started.photos)} photos ({endings}), {', '.join(started.sizes)}" + (", moved" * started.moved),
        f"left out: {_listed(started.left_out)}" if started.left_out else "",
        f"front: {started.front} ({started.front_reason})",
        f"rig: {started.rig} ({started.rig_reason})",
        f"angles: {', '.join(started.angles)} (category {started.category})",
        f"wrote {started.shoot_yaml}: fill in title, brand, category and attributes",
        f"next: {following}",
    ]
    for line in filter(None, lines):
        Console().print(escape(line), soft_wrap=True, highlight=False)


def _ask_rig(guess: str, because: str) -> str:
    """Ask for the rig on the terminal; Enter accepts the guess."""
    question = f"Rig (it looks like {guess}: {because})"
    return Prompt.ask(question, choices=list(Rig), default=guess, console=Console(stderr=True))


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
