"""The schedule by iterations and by the clock."""

import pytest

from pipeline.splatting.fit.schedule import Schedule


def test_clock_has_no_effect_on_a_fast_machine():
    schedule = Schedule.starting(1000, 100.0, begun_seconds=9.0)
    for iteration in range(1000):
        seconds = 9.0 + iteration * 0.09
        assert schedule.done(iteration, seconds) == iteration / 1000
        assert schedule.planned(iteration, iteration / 1000) == pytest.approx(1000)


def test_slow_machine_ends_in_time_with_fewer_larger_steps():
    schedule = Schedule.starting(1000, 100.0, begun_seconds=2.0)
    assert schedule.done(200, 55.0) == pytest.approx(0.5)
    assert schedule.planned(200, 0.5) == 400
    assert schedule.done(300, 100.0) == 1
    travelled = sum(schedule.mean_rate(1.0, i, i / 400) for i in range(400))
    assert travelled == pytest.approx(1, abs=0.15)  # the first steps were planned for all 1000


@pytest.mark.parametrize(("iteration", "seconds"), [(1, 42.0), (19, 45.0), (20, 60.0)])
def test_late_slow_start_limits_the_step_size(iteration, seconds):
    schedule = Schedule.starting(1000, 100.0, begun_seconds=40.0)
    done = schedule.done(iteration, seconds)
    assert schedule.mean_rate(1.0, iteration, done) <= 10 * schedule.mean_rate(1.0, 0, 0.0)
    assert schedule.planned(iteration, done) >= 100


def test_limit_passed_before_the_start_ends_the_fit():
    assert Schedule.starting(1000, 1e-6, begun_seconds=3.0).done(0, 3.0) == 1
