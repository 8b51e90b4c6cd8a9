"""Run nerfstudio's programs, each with a time limit and a log that is followed."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from pipeline.core.errors import CatalogError, MissingEngine
from pipeline.core.process import last_lines, log_end, run_program

TRAIN, EXPORT = "ns-train", "ns-export"
_STEP = re.compile(r"^\s*(\d+) \(\d+\.\d+%\)", re.MULTILINE)  # how nerfstudio's log begins a line
# nerfstudio gets none of our secrets, and our Python's paths would mix two environments.
_OURS = ("ANTHROPIC_", "CATALOG_", "PYTHON", "VIRTUAL_ENV")
# Nothing to compile at run time in a pod whose root is read-only, and no terminal to colour.
_THEIRS = {"TORCHDYNAMO_DISABLE": "1", "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}


def require_nerfstudio() -> str:
    """The path of ns-train. Raises MissingEngine when one of nerfstudio's programs is not on the PATH."""
    path = ""
    for program in (EXPORT, TRAIN):
        path = shutil.which(program) or ""
        if not path:
            raise MissingEngine(
                f"splat engine 'nerfstudio' needs {program}, which is not on the PATH",
                remedy="Run the splat step in the image of deploy/nerfstudio.Dockerfile (nerfstudio's pins fit no other"
                " environment, so that there is no extra to install), or set the splat's engine to cpu or gsplat",
            )
    return path


def nerfstudio_version() -> str:
    """The name and version of the nerfstudio that is installed beside ns-train; "of unknown version" if it has none."""
    environment = Path(require_nerfstudio()).resolve().parents[1]
    installed = sorted(environment.glob("lib/python3*/site-packages/nerfstudio-*.dist-info"))
    version = installed[-1].name.removesuffix(".dist-info").split("-")[1] if installed else "of unknown version"
    return f"nerfstudio {version}"


def run_nerfstudio(
    command: list[str], log: Path, seconds: float, tell: Callable[[int], None] = lambda _: None, *, when_late: str
) -> None:
    """Run one of nerfstudio's programs with its output in `log`; call `tell` with each new step that the log names.

    Raises CatalogError, with the log's last lines, when it fails or, with the remedy `when_late`, when it is still
    running after `seconds`. Its process group is killed afterwards, whatever happens.
    """
    last, name = -1, Path(command[0]).name

    def follow() -> None:
        nonlocal last
        if (step := _last_step(log)) > last:
            last = step
            tell(step)

    env = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)} | _THEIRS
    try:
        code = run_program(command, log, seconds, env=env, on_poll=follow)
    except TimeoutError:
        raise CatalogError(f"{name} took longer than {seconds:g} s{_tail(log)}", remedy=when_late) from None
    if code != 0:
        raise CatalogError(f"{name} ended with code {code}{_tail(log)}", remedy="Its last lines say why")


def _last_step(log: Path) -> int:
    steps = _STEP.findall(log_end(log))
    return int(steps[-1]) if steps else -1


def _tail(log: Path) -> str:
    lines = last_lines(log)
    return f": {lines}" if lines else ""
