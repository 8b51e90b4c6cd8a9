"""Copy a shoot's contact sheet, and the pictures of why its steps are held, to where a person finds them."""

import uuid
from pathlib import Path

from pipeline.contract.runner import Runner
from pipeline.contract.storage.disk import write_whole, writing
from pipeline.run import StepResult, output_of


def copy_sheet(runner: Runner, plan: str, sku: str, folder: Path) -> Path | None:
    """Copy the contact sheet of a plan to `folder`/<sku>.png; returns None if composite has not made one.

    Raises StoreFull or CatalogError when the file cannot be written.
    """
    sheet = output_of(runner, plan, "composite", "sheet")
    if sheet is None:
        return None
    return _write(folder / f"{sku}.png", runner.store.read(sheet))


def copy_held_picture(runner: Runner, result: StepResult, sku: str, folder: Path) -> Path | None:
    """Copy the picture of a held step to `folder`/held/<sku>-<step>.png; returns None if the step has none.

    Removes the picture of an earlier run. Raises StoreFull or CatalogError when the file cannot be written.
    """
    path = folder / "held" / f"{sku}-{result.step}.png"
    if result.picture is None:
        if path.exists():
            with writing(path.parent):
                path.unlink()
        return None
    return _write(path, runner.store.read_object(result.picture))


def _write(path: Path, data: bytes) -> Path:
    part = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.part")  # unique, because a shoot may run twice at once
    write_whole(path, data, part)
    return path
