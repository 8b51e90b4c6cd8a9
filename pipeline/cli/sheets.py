"""Copies contact sheets to a folder for people: one PNG per shoot, named by its SKU."""

import uuid
from pathlib import Path

from pipeline.contract.runner import Runner
from pipeline.contract.store import write_whole
from pipeline.run import output_of


def lay_out_sheet(runner: Runner, plan: str, sku: str, folder: Path) -> Path | None:
    """Copy the contact sheet of a plan to `folder`/<sku>.png. Returns None if composite has not made one.

    Raises StoreFull or CatalogError when the file cannot be written.
    """
    sheet = output_of(runner, plan, "composite", "sheet")
    if sheet is None:
        return None
    path = folder / f"{sku}.png"
    part = folder / f".{sku}.{uuid.uuid4().hex}.part"  # a unique name, because the same shoot may run twice at once
    write_whole(path, runner.store.read(sheet), part)
    return path
