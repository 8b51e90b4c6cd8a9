"""Each test stops a process of its own, for a process is asked to stop only once."""

import signal
import subprocess
import sys
from pathlib import Path

from pipeline.core.stopping import EXIT_STOPPED, MESSAGE
from tests.core.test_process import ends_within

READY = "from pipeline.core.stopping import *; stop_on_sigterm();"


def stopped(code: str) -> tuple[int, str, str]:
    """Run `code`, which prints a line once it can be stopped, and stop it then: exit code, rest of output, errors."""
    process = subprocess.Popen(
        [sys.executable, "-c", READY + code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=120)
    return process.returncode, out, errors


def test_a_safe_point_ends_the_process_and_what_is_open_is_closed() -> None:
    code = """
try:
    print("started", flush=True)
    while True:
        raise_if_asked()
except Exception:
    print("swallowed")
finally:
    print("closed")
"""
    assert stopped(code) == (EXIT_STOPPED, "closed\n", "")


def test_compiled_code_without_a_safe_point_is_ended_too() -> None:
    code = 'import hashlib; print("started", flush=True); hashlib.pbkdf2_hmac("sha256", b"a", b"b", 10**9)'
    assert stopped(code) == (EXIT_STOPPED, "", MESSAGE)


def test_a_process_that_never_returns_takes_its_programs_with_it(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from pipeline.core.process import run_program
def on_poll():
    if Path("{tmp_path}/child").exists():
        print("started", flush=True)
        time.sleep(600)
run_program(["sh", "-c", "echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/child; tail -f /dev/null"],
            Path("{tmp_path}/log"), 600, on_poll=on_poll)
"""
    assert stopped(code) == (EXIT_STOPPED, "", MESSAGE)
    assert ends_within(int((tmp_path / "child").read_text()), 30)


def test_waiting_for_a_program_is_a_safe_point(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from pipeline.core.process import run_program
run_program(["sleep", "600"], Path("{tmp_path}/log"), 600, on_poll=lambda: print("waiting", flush=True))
"""
    code_, out, errors = stopped(code)
    assert (code_, set(out.splitlines()) <= {"waiting"}, errors) == (EXIT_STOPPED, True, "")


def test_other_signals_are_no_request_to_stop() -> None:
    code = """
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
print("asked" if is_asked() else "not asked", flush=True)
while True:
    raise_if_asked()
"""
    assert stopped(code)[0] == EXIT_STOPPED
