import logging
import os
import threading
import time

import psutil
import pytest

LOG = logging.getLogger("task")


def command(program: str):
    """A Command that runs `program` (Python source) in place of the pipeline."""
    from catalog_tasks.command import Command

    run = Command([], dict(os.environ))
    run.arguments = [run.arguments[0], "-c", program]
    return run


@pytest.mark.parametrize(
    ("code", "exception"), [(20, "AirflowSkipException"), (30, "AirflowFailException"), (1, "AirflowException")]
)
def test_an_exit_code_becomes_airflows_exception(code, exception):
    from airflow.sdk.exceptions import AirflowException

    from catalog_tasks.command import raise_unless_done

    with pytest.raises(AirflowException, match="too few photos") as caught:
        raise_unless_done("sfm", code, "too few photos")
    assert type(caught.value).__name__ == exception


def test_a_step_killed_by_the_system_reports_the_usual_cause():
    from airflow.sdk.exceptions import AirflowException

    from catalog_tasks.command import raise_unless_done

    with pytest.raises(AirflowException, match=r"splat was killed by signal 9 \(usually .* memory ran out\): 3/9"):
        raise_unless_done("splat", -9, "3/9")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("too few", "held: too few"), ("held: too few", "held: too few"), ("held by cutout", "held by cutout")],
)
def test_a_held_step_is_skipped_with_its_reason(reason, shown):
    from airflow.sdk.exceptions import AirflowSkipException

    from catalog_tasks.command import raise_unless_done

    with pytest.raises(AirflowSkipException) as held:
        raise_unless_done("sfm", 20, reason)
    assert str(held.value) == shown


def test_done_raises_nothing():
    from catalog_tasks.command import raise_unless_done

    raise_unless_done("sfm", 0, "")


def test_the_reason_is_the_last_line_of_standard_error(caplog):
    caplog.set_level(logging.INFO)
    result = command("import sys; print('{}'); sys.stderr.write('working\\nheld: too few\\n\\n'); sys.exit(20)").run(
        LOG
    )
    assert (result.exit_code, result.output, result.reason) == (20, "{}", "held: too few")
    assert "working" in caplog.text


def test_much_output_on_both_streams_does_not_block_the_child():
    result = command(
        "import sys; [print('x' * 1000) or sys.stderr.write('y' * 1000 + '\\n') for _ in range(2000)]"
    ).run(LOG)
    assert result.exit_code == 0
    assert len(result.output) == 2000 * 1001 - 1


def test_killing_a_command_ends_its_childs_children():
    program = (
        "import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']);"
        "sys.stderr.write(str(c.pid) + '\\n'); c.wait()"
    )
    running, results = command(program), []
    worker = threading.Thread(target=lambda: results.append(running.run(LOG)))
    worker.start()
    grandchild = _first_child_of_child(running)
    running.kill()
    worker.join(timeout=30)
    assert results and results[0].exit_code != 0
    assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE


def _first_child_of_child(running) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if running.process is not None and (children := psutil.Process(running.process.pid).children()):
            return children[0].pid
        time.sleep(0.05)
    raise AssertionError("the child started no process")
