"""The simulated night against closed forms, and against a night that was real."""

import subprocess
import sys
from itertools import pairwise

import pytest

from benchmarks.night_figures import Night
from benchmarks.night_result import overhead_seconds, simulate
from benchmarks.night_rules import rules
from benchmarks.night_sim import Simulation
from benchmarks.night_steps import Record, read_catalog, read_file
from pipeline.catalog.shoots import StepFate, record_step
from pipeline.core.errors import BadInput
from pipeline.plan import STEPS, UPSTREAM

CALM = {"spread": 0, "held": 0, "failing": 0, "broken": 0, "oom": 0, "evictions": 0}
PROMPT = {"loop_seconds": 0, "loop_waiting_ms": 0, "loop_pair_us": 0, "rest_seconds": 0}
UNBOUNDED = {"parallelism": 10**6, "active_tasks": 10**6, "tasks_per_loop": 10**6, "start_limit": 10**9}
STORMY = {"held": 0.1, "failing": 0.05, "broken": 0.02, "oom": 0.05, "evictions": 20.0}
LARGE = {"gpus": 64, "cpu_nodes": 64}


@pytest.fixture(scope="module")
def record() -> Record:
    return read_file("demo")


def ideal(**given: object) -> Night:
    return Night.here(**{**CALM, **PROMPT, **UNBOUNDED, **given})


def critical_path(record: Record, night: Night, number: int) -> float:
    """A shoot's time on an empty cluster, straight from the graph."""

    def end(step: str) -> float:
        own = record.shoots[number].seconds[step] + overhead_seconds(night)
        return own + max((end(name) for name in UPSTREAM[step]), default=night.discover_seconds)

    return max(map(end, STEPS))


@pytest.mark.parametrize("execution", ["kubernetes", "local"])
def test_one_shoot_on_an_empty_cluster_takes_its_critical_path(record, execution):
    night = ideal(shoots=1, execution=execution, **LARGE)
    outcome = simulate(night, record)
    assert outcome.makespan_seconds == pytest.approx(critical_path(record, night, 0), abs=0.1)
    assert outcome.longest_shoot_seconds == outcome.makespan_seconds
    assert outcome.limit == "longest shoot"


def test_one_gpu_works_without_a_pause_through_many_shoots(record):
    night = ideal(shoots=60, gpus=1, cpu_nodes=64)
    of_gpu = [rule.name for rule in rules(backfill=False, gpus=True) if rule.request.gpu]
    bound = sum(
        record.shoots[number % len(record.shoots)].seconds[step] + night.pod_seconds
        for number in range(night.shoots)
        for step in of_gpu
    )
    outcome = simulate(night, record)
    assert bound <= outcome.makespan_seconds <= 1.05 * bound
    assert outcome.limit == "GPU"
    assert outcome.gpu_idle < 0.05


def test_cpu_steps_fill_the_nodes(record):
    night = ideal(shoots=200, gpus=256, gpus_per_node=256, cpu_nodes=1)
    cpu = [rule for rule in rules(backfill=False, gpus=True) if not rule.request.gpu]
    core_seconds = sum(
        rule.request.cores * (record.shoots[number % 2].seconds[rule.name] + night.pod_seconds)
        for number in range(night.shoots)
        for rule in cpu
    )
    outcome = simulate(night, record)
    assert core_seconds / night.cores_per_node <= outcome.makespan_seconds < 1.25 * core_seconds / night.cores_per_node
    assert outcome.limit == "CPU"


def test_more_gpus_are_never_slower_without_faults(record):
    nights = [simulate(ideal(shoots=80, gpus=gpus, cpu_nodes=32), record) for gpus in (1, 2, 4, 8, 16, 32)]
    seconds = [night.makespan_seconds for night in nights]
    # list scheduling may lose a little by an earlier start (Graham 1969)
    assert all(after <= 1.03 * before for before, after in pairwise(seconds))


@pytest.mark.parametrize("seed", range(5))
def test_every_shoot_ends_in_one_fate_whatever_happens(record, seed):
    outcome = simulate(Night.here(shoots=100, backfill=20, seed=seed, **STORMY), record)
    assert sum(outcome.fates.values()) == 100
    assert sum(outcome.backfill_fates.values()) == 20
    assert {"done", "held", "failed"} == set(outcome.fates)


def test_work_is_neither_lost_nor_invented(record):
    night = ideal(shoots=60, evictions=2.0, failing=0.002, **LARGE)
    simulation = Simulation(night, record)
    books = simulation.run()
    assert books.fates["night"]["done"] == 60
    assert books.worked - sum(books.lost.values()) == pytest.approx(simulation.series[0].draws.seconds.sum())
    assert books.lost["lost"] > 0


def test_the_same_seed_gives_the_same_night(record):
    one, two, other = (simulate(Night.here(shoots=50, seed=seed, **STORMY), record) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_a_shoot_ends_before_the_next_begins(record):
    simulation = Simulation(ideal(shoots=3, execution="local", parallelism=1), record)
    started, work = [], simulation.scheduler.work

    def noted(task):
        started.append((task.index, task.rule.name))
        work(task)

    simulation.scheduler.work = noted
    simulation.run()
    assert [index for index, _ in started] == [index for index in range(3) for _ in STEPS]
    assert started[-1] == (2, "publish")


def test_retries_wait_about_twice_as_long_each_time():
    for rule in rules(backfill=False, gpus=True):
        first, second = rule.retry_seconds
        assert 20 <= first < 40 <= second < 80


def test_steps_of_the_night_go_before_those_of_a_backfill():
    night, backfill = (rules(backfill=value, gpus=True) for value in (False, True))
    assert min(rule.priority for rule in night) > max(rule.priority for rule in backfill)


def test_pods_that_get_no_node_in_time_fail(record):
    crowded = {"shoots": 40, "gpus": 1, "cpu_nodes": 4, "start_limit": 300}
    outcome = simulate(ideal(**crowded), record)
    assert outcome.tries["unstarted"] > 40
    assert outcome.fates["failed"] > 0


def test_a_pool_of_gpu_steps_keeps_pods_from_waiting_for_nodes(record):
    crowded = {"shoots": 40, "gpus": 1, "cpu_nodes": 4, "start_limit": 300}
    outcome = simulate(ideal(**crowded, night_slots=16, gpu_slots=1), record)
    assert "unstarted" not in outcome.tries
    assert outcome.fates == {"done": 40}


def test_a_backfill_keeps_to_its_pool(record):
    alone = simulate(ideal(shoots=30, gpus=4, cpu_nodes=8), record)
    beside = simulate(ideal(shoots=30, gpus=4, cpu_nodes=8, backfill=10, backfill_slots=1), record)
    assert beside.makespan_seconds < 1.3 * alone.makespan_seconds
    steps = sum(sum(shoot.seconds.values()) for shoot in record.shoots) / len(record.shoots) * 10
    assert beside.backfill_seconds > steps  # one step at a time


def test_runs_of_some_shoots_follow_each_other(record):
    night = ideal(shoots=10, shoots_per_run=4, **LARGE)
    outcome = simulate(night, record)
    runs = [max(critical_path(record, night, number) for number in (0, 1)) for _ in range(3)]
    assert outcome.makespan_seconds == pytest.approx(sum(runs), abs=0.2)


def test_pods_beyond_the_triggerer_wait_to_be_seen(record):
    few = simulate(ideal(shoots=40, triggers=5, **LARGE), record)
    many = simulate(ideal(shoots=40, triggers=1000, **LARGE), record)
    assert few.makespan_seconds > many.makespan_seconds
    assert few.waited_seconds["triggerer"] > 0
    assert "triggerer" not in many.waited_seconds


def test_a_step_out_of_memory_gets_twice_as_much_until_it_fits(record):
    simulation = Simulation(ideal(shoots=1, **LARGE), record)
    simulation.series[0].draws.memory_factor[0, STEPS.index("sfm")] = 3.0
    books = simulation.run()
    assert books.ends["memory"] == 2  # with once and twice what the stage declares
    assert books.fates["night"] == {"done": 1}


def test_a_step_that_needs_more_than_max_memory_fails_at_once(record):
    simulation = Simulation(ideal(shoots=1, **LARGE), record)
    simulation.series[0].draws.memory_factor[0, STEPS.index("sfm")] = 100.0
    books = simulation.run()
    assert books.ends["memory"] == 3
    assert books.fates["night"] == {"failed": 1}


@pytest.mark.parametrize(("sudden", "lost_at_most"), [(0, 0.0), (1, 30.0)])
def test_an_evicted_fit_goes_on_from_its_snapshot(record, sudden, lost_at_most):
    simulation = Simulation(ideal(shoots=1, evictions=1e-9, sudden=sudden, **LARGE), record)
    draws, fit = simulation.series[0].draws, STEPS.index("splat")
    draws._evicted_after[0, fit, 0] = 100.0
    books = simulation.run()
    assert books.ends["lost" if sudden else "evicted"] == 1
    assert sum(books.lost.values()) <= lost_at_most
    assert books.worked == pytest.approx(draws.seconds.sum() + sum(books.lost.values()))


def test_a_held_shoot_publishes_its_captured_angles(record):
    outcome = simulate(ideal(shoots=2, **LARGE, held=1), record)
    assert outcome.fates == {"held": 2}
    assert outcome.images == sum(shoot.images_held for shoot in record.shoots)


def test_steps_are_read_from_a_catalog_of_recorded_runs(tmp_path):
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    for run_id, reused in (("one", 0), ("two", 1)):
        for number, step in enumerate(STEPS):
            record_step(
                url, run_id, "mug", StepFate(step=step, state="done", seconds=number + 1, computed=24, reused=reused)
            )
    record = read_catalog(url)
    assert [shoot.name for shoot in record.shoots] == ["mug in one"]  # the other one's seconds are not whole
    assert record.shoots[0].seconds == {step: number + 1 for number, step in enumerate(STEPS)}
    assert record.held == 0


def test_a_catalog_without_a_whole_run_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no run in which all twelve steps"):
        read_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")


def test_a_figure_that_does_not_exist_is_one_clear_error():
    command = [sys.executable, "-m", "benchmarks.night", "--set", "gpu=3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --set gpu=3: there is no figure 'gpu'. Write NAME=VALUE")


def test_a_real_night_of_two_shoots_took_as_long_as_the_simulated_one(record):
    """`make demo` of 2026-11-30: from trigger to the last step 557 s, two steps at a time on two cores."""
    given = {"begin_seconds": 2.1, "end_seconds": 2.1, "rest_seconds": 0.25, "discover_seconds": 16}
    night = Night.here(**CALM, execution="local", shoots=2, active_tasks=2, parallelism=8, **given)
    assert simulate(night, record).makespan_seconds == pytest.approx(557, rel=0.05)
