"""The clock of a fit: it counts work, neither waiting nor compiling, and a fit that it ended goes on later."""

import json
import subprocess
import sys
import threading
import time

import pytest
import torch
from numba.core.event import end_event, start_event

from pipeline.splatting.fit import trainer
from pipeline.splatting.fit.clock import COMPILING, Clock, seconds_of_work
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.raster.cpu import CpuRasterizer
from tests.splatting.toy_product import fit, photos, sparse

PARAMS = FitParams(side_px=64, iterations=60, max_seconds=60.0, gaussians=300, degree=0, holdout=6)


class Ticks:
    """A time that only a test advances."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_the_clock_stands_still_while_kernels_compile():
    now = Ticks()
    clock = Clock(now)
    now.at += 3
    with clock.running():
        for seconds in (100, 200):
            start_event(COMPILING)
            start_event(COMPILING)  # a kernel that calls another compiles it, too
            now.at += seconds
            end_event(COMPILING)
            now.at += seconds
            end_event(COMPILING)
        now.at += 4
    assert clock.seconds == pytest.approx(7)
    clock.advance(10)
    assert clock.seconds == pytest.approx(17)


def test_work_is_counted_and_waiting_is_not():
    """A sleep stands for the wait for a core that another process has."""
    before, cpu = seconds_of_work(), time.process_time()
    threading.Event().wait(0.2)
    while time.process_time() - cpu < 0.1:
        pass
    worked, cpu_seconds = seconds_of_work() - before, time.process_time() - cpu
    assert 0.05 < worked <= cpu_seconds + 0.01  # however long it took beside other processes


@pytest.mark.parametrize(
    ("own", "process", "work"),
    [(10.0, 20.0, 10.0), (14.0, 20.0, 14.0), (3.0, 23.0, 11.5)],
    ids=["all is parallel", "a part is not", "this thread waits for two others"],
)
def test_work_of_two_threads_is_counted_once(monkeypatch, own, process, work):
    monkeypatch.setattr(time, "thread_time", lambda: own)
    monkeypatch.setattr(time, "process_time", lambda: process)
    monkeypatch.setattr("numba.get_num_threads", lambda: 2)
    assert seconds_of_work() == work


def test_a_gpu_counts_the_seconds_that_pass():
    assert Clock.of(torch.device("cuda")).now is time.monotonic
    assert Clock.of(torch.device("cpu")).now is seconds_of_work


COLD = """
import json, sys
import numba
from numba.core.event import Listener, register
numba.config.CACHE_DIR = sys.argv[2]  # one kernel is cold; to compile all those of a fit takes a minute
from pipeline.splatting.fit import adam
numba.config.CACHE_DIR = ""
from pipeline.splatting.fit import trainer
from pipeline.splatting.fit.clock import Clock
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.raster.cpu import CpuRasterizer
from tests.splatting.toy_product import photos, sparse

compiled = 0

class Compiled(Listener):
    def on_start(self, event): pass
    def on_end(self, event):
        global compiled
        compiled += 1

register("numba:compile", Compiled())
params, photos, sparse = FitParams.model_validate_json(sys.argv[1]), photos(), sparse()
compiled = 0
clock = Clock(lambda: 1000.0 * compiled)  # nothing takes time but compiling, and every kernel takes 1000 s
report = trainer.fit(params, CpuRasterizer(), photos, sparse, Hooks(), clock).report
print(json.dumps({"compiled": compiled, **report.model_dump(include={"iterations", "stopped", "seconds"})}))
"""


def test_a_cold_cache_costs_a_fit_no_iteration(tmp_path):
    params = PARAMS.model_copy(update={"iterations": 12})
    arguments = [sys.executable, "-c", COLD, params.model_dump_json(), str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report.pop("compiled") > 0 and any(tmp_path.rglob("*.nbi"))
    assert report == {"iterations": 12, "stopped": "iterations", "seconds": 0.0}


class TickingRasterizer(CpuRasterizer):
    """Draws, and lets a second pass with every picture."""

    def __init__(self, now: Ticks) -> None:
        self.ticks = now

    def draw(self, *arguments, **settings):
        self.ticks.at += 1
        return super().draw(*arguments, **settings)


def test_a_fit_that_the_clock_ended_goes_on_where_it_stopped():
    now, params = (
        Ticks(),
        PARAMS.model_copy(update={"iterations": 120, "max_seconds": 50.0, "patience": 100, "snapshot_seconds": 1e9}),
    )
    saved: list[bytes] = []
    reports = []
    while not reports or reports[-1].stopped == "seconds":
        hooks = Hooks(load=lambda: saved[-1] if saved else None, save=saved.append)
        drawn_before = now.at
        reports.append(trainer.fit(params, TickingRasterizer(now), photos(), sparse(), hooks, Clock(now)).report)
        assert now.at - drawn_before < 65  # its own time, not what the nights before had left: and the last evaluation
        assert len(saved) == len(reports) - (reports[-1].stopped != "seconds")
    counts = [report.iterations for report in reports]
    assert 2 <= len(reports) <= 4 and counts == sorted(set(counts)) and counts[-1] == 120
    whole = fit(params.model_copy(update={"max_seconds": 1e6}), photos(), sparse()).report
    assert reports[0].psnr_db < reports[-1].psnr_db
    assert reports[-1].psnr_db > whole.psnr_db - 1
