"""Run nerfstudio's programs with a time limit, reporting progress from their logs."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from pipeline.core.errors import CatalogError, MissingEngine
from pipeline.core.process import last_lines, log_end, run_program

TRAIN, EXPORT = "ns-train", "ns-export"
_STEP = re.compile(r"^\s*(\d+) \(\d+\.\d+%\)", re.MULTILINE)  # how progress lines of nerfstudio's log begin
# Not passed on: our secrets, and paths of our Python environment, which would mix with nerfstudio's.
_OURS = ("ANTHROPIC_", "OPENAI_", "CATALOG_", "PYTHON", "VIRTUAL_ENV")
# Nothing is compiled at run time, because a pod's root is read-only; logs are plain text.
_THEIRS = {"TORCHDYNAMO_DISABLE": "1", "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}


def require_nerfstudio() -> str:
    """Return the path of ns-train. Raises MissingEngine if a program of nerfstudio is not on the PATH."""
    path = ""
    for program in (EXPORT, TRAIN):
        path = shutil.which(program) or ""
        if not path:
            raise MissingEngine(
                f"splat engine 'nerfstudio' requires {program}, which is not on the PATH",
                remedy="Run the splat step in the image of deploy/nerfstudio.Dockerfile (its pins conflict with ours,"
                " so there is no extra to install), or set the splat's engine to cpu or gsplat",
            )
    return path


def nerfstudio_version() -> str:
    """Return the name and version of the nerfstudio installed with ns-train, or "nerfstudio of unknown version"."""
    environment = Path(require_nerfstudio()).resolve().parents[1]
    installed = sorted(environment.glob("lib/python3*/site-packages/nerfstudio-*.dist-info"))
    version = installed[-1].name.removesuffix(".dist-info").split("-")[1] if installed else "of unknown version"
    return f"nerfstudio {version}"


def run_nerfstudio(
    command: list[str], log: Path, seconds: float, on_step: Callable[[int], None] = lambda _: None, *, when_late: str
) -> None:
    """Run one of nerfstudio's programs with its output in `log`; call `on_step` with each new step in the log.

    Raises CatalogError, with the log's last lines, if it fails, or if it is still running after `seconds` (remedy:
    `when_late`). Its process group is always killed afterwards.
    """
    last, name = -1, Path(command[0]).name

    def follow() -> None:
        nonlocal last
        if (step := _last_step(log)) > last:
            last = step
            on_step(step)

    env = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)} | _THEIRS
    try:
        code = run_program(command, log, seconds, env=env, on_poll=follow)
    except TimeoutError:
        raise CatalogError(f"{name} took longer than {seconds:g} s{_tail(log)}", remedy=when_late) from None
    if code != 0:
        raise CatalogError(f"{name} ended with code {code}{_tail(log)}", remedy="Fix what its last lines report")


def _last_step(log: Path) -> int:
    steps = _STEP.findall(log_end(log))
    return int(steps[-1]) if steps else -1


def _tail(log: Path) -> str:
    lines = last_lines(log)
    return f": {lines}" if lines else ""
