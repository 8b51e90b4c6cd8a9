"""Run nerfstudio's programs in a process group of their own, with a time limit, and read their log."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.core.errors import CatalogError, MissingEngine

TRAIN, EXPORT = "ns-train", "ns-export"
_POLL_SECONDS = 0.2
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
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


def run_program(
    command: list[str], log: Path, seconds: float, tell: Callable[[int], None] = lambda _: None, *, when_late: str
) -> None:
    """Run `command` with its output in `log`; `tell` is called with each new step that the log names.

    Raises CatalogError, with the log's last lines, when it fails or, with the remedy `when_late`, when it is still
    running after `seconds`. Its process group is killed in any case.
    """
    deadline = time.monotonic() + seconds
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            env={k: v for k, v in os.environ.items() if not k.startswith(_OURS)} | _THEIRS,
        )  # fmt: skip
    last = -1
    try:
        while True:
            ended = _ended(process)
            if (step := _last_step(log)) > last:
                last = step
                tell(step)
            if ended:
                break
            if time.monotonic() > deadline:
                raise CatalogError(
                    f"{Path(command[0]).name} took longer than {seconds:g} s{_tail(log)}", remedy=when_late
                )
            time.sleep(_POLL_SECONDS)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # not reaped yet, so that the number is still its own
        code = process.wait()
    if code != 0:
        raise CatalogError(
            f"{Path(command[0]).name} ended with code {code}{_tail(log)}", remedy="Its last lines say why"
        )


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has ended; it is not reaped."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _text(log: Path, size: int = 4096) -> str:
    """The end of the log, without colours."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size))
        return _ANSI.sub("", file.read().decode(errors="replace"))


def _last_step(log: Path) -> int:
    steps = _STEP.findall(_text(log))
    return int(steps[-1]) if steps else -1


def _tail(log: Path) -> str:
    """The last three lines with text, joined: ": a / b / c"; empty for an empty log."""
    lines = [line.strip(" \t\r│╭╮╰╯─") for line in re.split(r"[\r\n]+", _text(log))]
    text = " / ".join([line for line in lines if line][-3:])
    return f": {text[-500:]}" if text else ""
