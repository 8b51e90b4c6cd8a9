"""Lays the contact sheet of a shoot where a person finds it: one PNG a shoot, by its SKU."""

from pathlib import Path

from pipeline.contract.runner import Runner
from pipeline.run import output_of


def lay_out_sheet(runner: Runner, plan: str, sku: str, folder: Path) -> Path | None:
    """Copy the contact sheet of a plan to `folder`/<sku>.png. None when composite has not made one."""
    sheet = output_of(runner, plan, "composite", "sheet")
    if sheet is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / f"{sku}.png", folder / f".{sku}.part"
    part.write_bytes(runner.store.read(sheet))
    part.replace(path)
    return path
