"""Copy the contact sheet of a shoot to where a person finds it: one PNG per shoot, named by its sku."""

import uuid
from pathlib import Path

from pipeline.contract.runner import Runner
from pipeline.contract.store import write_whole
from pipeline.run import output_of


def copy_sheet(runner: Runner, plan: str, sku: str, folder: Path) -> Path | None:
    """Copy the contact sheet of a plan to `folder`/<sku>.png; returns None if composite has not made one.

    Raises StoreFull or CatalogError when the file cannot be written.
    """
    sheet = output_of(runner, plan, "composite", "sheet")
    if sheet is None:
        return None
    path = folder / f"{sku}.png"
    part = folder / f".{sku}.{uuid.uuid4().hex}.part"  # unique, because the same shoot may run twice at the same time
    write_whole(path, runner.store.read(sheet), part)
    return path
