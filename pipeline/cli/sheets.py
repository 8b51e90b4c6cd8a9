"""Lays the contact sheet of a shoot where a person finds it: one PNG a shoot, by its SKU."""

import uuid
from pathlib import Path

from pipeline.contract.runner import Runner
from pipeline.contract.store import write_whole
from pipeline.run import output_of


def lay_out_sheet(runner: Runner, plan: str, sku: str, folder: Path) -> Path | None:
    """Copy the contact sheet of a plan to `folder`/<sku>.png. None when composite has not made one.

    Raises StoreFull or CatalogError when that cannot be written.
    """
    sheet = output_of(runner, plan, "composite", "sheet")
    if sheet is None:
        return None
    path = folder / f"{sku}.png"
    part = folder / f".{sku}.{uuid.uuid4().hex}.part"  # its own: the same shoot may run twice at a time
    write_whole(path, runner.store.read(sheet), part)
    return path
