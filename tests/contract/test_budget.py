from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.contract.budget import Budget
from pipeline.contract.storage.disk import Disk
from pipeline.core.errors import CatalogError
from pipeline.run import runner_from
from pipeline.settings import Settings


def test_payments_of_all_steps_of_a_run_count_together(tmp_path: Path) -> None:
    for _ in range(3):
        Budget.of_run(Disk(tmp_path), "nightly 2026-11-30/07:00+00", 1.0).pay(0.1)
    assert Budget.of_run(Disk(tmp_path), "nightly 2026-11-30/07:00+00", 1.0).left_usd == pytest.approx(0.7)
    assert Budget.of_run(Disk(tmp_path), "another", 1.0).left_usd == 1.0


def test_concurrent_payments_are_all_counted(tmp_path: Path) -> None:
    budget = Budget.of_run(Disk(tmp_path), "run", 10.0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(budget.pay, [0.01] * 200))
    assert budget.left_usd == pytest.approx(8.0)


def test_damaged_note_is_an_error_and_not_a_new_limit(tmp_path: Path) -> None:
    budget = Budget.of_run(Disk(tmp_path), "run", 1.0)
    budget.pay(0.5)
    budget.storage.write(f"{budget.folder}/much", b"")
    with pytest.raises(CatalogError, match="notes what the run has paid, cannot be read"):
        _ = budget.left_usd


def test_runner_has_a_budget_only_where_a_limit_is_set(tmp_path: Path) -> None:
    assert runner_from(Settings(store=tmp_path)).budget is None
    limited = Settings(store=tmp_path, usd_per_run=2.0)
    first, second = (runner_from(limited, run_id="monday").budget for _ in range(2))
    assert first is not None and second is not None and first.left_usd == 2.0
    assert first.folder == second.folder
    alone = runner_from(limited).budget
    assert alone is not None and alone.folder != first.folder
