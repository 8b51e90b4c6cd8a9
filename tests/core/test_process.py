import gc
import os
import select
import sys

import pytest

from pipeline.core.process import (
    importing,
    last_lines,
    log_end,
    peak_memory_mb,
    peak_memory_of_children_mb,
    run_program,
)

MB = 10**6


def python(code):
    return [sys.executable, "-c", code]


def ends_within(pid, seconds):
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    return bool(select.select([process], [], [], seconds)[0])  # readable once the process has ended


def test_a_program_runs_with_its_output_in_the_log(tmp_path):
    log = tmp_path / "log"
    code = run_program(
        python("import os; print(os.environ['WORD']); raise SystemExit(3)"), log, 60, env={"WORD": "yes"}
    )
    assert (code, log_end(log)) == (3, "yes\n")


def test_a_program_past_its_time_limit_is_killed_with_its_children(tmp_path):
    with pytest.raises(TimeoutError):
        run_program(["sh", "-c", f"tail -f /dev/null & echo $! > {tmp_path}/child; wait"], tmp_path / "log", 2)
    assert ends_within(int((tmp_path / "child").read_text()), 30)


def test_children_that_outlive_a_program_are_killed(tmp_path):
    assert run_program(["sh", "-c", f"tail -f /dev/null & echo $! > {tmp_path}/child"], tmp_path / "log", 60) == 0
    assert ends_within(int((tmp_path / "child").read_text()), 30)


def test_an_exception_in_on_poll_ends_the_program(tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_program(["sh", "-c", "tail -f /dev/null"], tmp_path / "log", 600, on_poll=stop)


def test_last_lines_skips_empty_lines_and_colours(tmp_path):
    (tmp_path / "log").write_text("one\n\x1b[31mtwo\x1b[0m\n\n  three  \r\n│ four │\n\n")
    assert last_lines(tmp_path / "log") == "two / three / four"
    (tmp_path / "log").write_text("")
    assert last_lines(tmp_path / "log") == ""


def test_memory_is_in_millions_of_bytes(tmp_path):
    run_program(python(f"b = bytearray({300 * MB}); b[::4096] = b'x' * len(b[::4096])"), tmp_path / "log", 60)
    assert peak_memory_of_children_mb() > 300
    assert peak_memory_mb() > 10


def test_own_peak_does_not_count_what_the_parent_holds(tmp_path):
    parent = f"""import subprocess, sys
held = bytearray({300 * MB}); held[::4096] = b'x' * len(held[::4096])
subprocess.run([sys.executable, '-c', 'from pipeline.core.process import peak_memory_mb; print(peak_memory_mb())'])"""
    run_program([sys.executable, "-c", parent], tmp_path / "log", 60)
    assert 5 < float((tmp_path / "log").read_text()) < 150


def test_no_garbage_is_collected_while_libraries_are_imported():
    exempt = gc.get_freeze_count()
    try:
        with pytest.raises(ImportError), importing():
            with importing():
                assert not gc.isenabled()
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled()
        assert gc.get_freeze_count() > exempt
    finally:
        gc.unfreeze()
