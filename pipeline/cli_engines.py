"""Commands that use one engine alone on plain folders: sfm, cutout, splat, render."""

import typer


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
