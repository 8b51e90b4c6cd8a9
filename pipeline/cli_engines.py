"""Commands that use one engine alone on plain folders: sfm, cutout, splat, render."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.cli_output import Json, bar, checked, print_json


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    for command in (cutout,):
        app.command()(command)


def cutout(
    images: Annotated[list[Path], typer.Argument(help="image files")],
    out: Annotated[Path, typer.Option(help="folder for <stem>.png; existing files are never overwritten")],
    engine: Annotated[str, typer.Option(help="backdrop (no weights) or checkpoint")] = "backdrop",
    checkpoint: Annotated[str, typer.Option(help="folder of a segmentation checkpoint")] = "",
    as_json: Json = False,
) -> None:
    """Cut the product out of any images: RGBA PNGs with straight alpha."""
    from pipeline.imaging.cutout_files import cut_files
    from pipeline.imaging.cutout_params import CutoutParams

    params = checked(CutoutParams, {"engine": engine, "checkpoint": checkpoint})
    with bar("cutout") as tell:
        report = cut_files(images, out, params, tell)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for file in report.files:
        words = f"[yellow]{file.fault}[/]" if file.fault else f"{file.coverage:.0%} product"
        Console().print(f"{file.written}: {words}, {file.seconds:.1f} s", soft_wrap=True)
