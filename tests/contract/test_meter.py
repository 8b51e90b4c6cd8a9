import time

import pytest

from pipeline.contract.artifact import Artifact
from pipeline.contract.meter import Meter
from pipeline.contract.runner import Runner
from pipeline.contract.stage import Stage
from pipeline.contract.store import Store
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import CatalogError, Held


class Inputs(Frozen):
    pass


class Params(Frozen):
    items: tuple[str, ...] = ()
    ends: str = "done"
    usd: float = 0.0


class Outputs(Frozen):
    text: Artifact
    report: int = 0


def _item(_inputs: Inputs, params: Params, work: Work) -> Outputs:
    work.pay(params.usd)
    return Outputs(text=work.put_bytes(params.items[0].encode()))


ITEM = Stage("toy_item", 1, Inputs, Params, Outputs, _item)


def _run(_inputs: Inputs, params: Params, work: Work) -> Outputs:
    for name in params.items:
        work.item(name, ITEM, Inputs(), Params(items=(name,), usd=params.usd))
    work.pay(params.usd)
    if params.ends == "held":
        raise Held("too dark", code="publish-no-asset", remedy="Light it")
    if params.ends == "failed":
        raise CatalogError("out of memory", remedy="Give it more")
    return Outputs(text=work.put_bytes(b"whole"))


STAGE = Stage("toy", 1, Inputs, Params, Outputs, _run)


def measured(store: Store, params: Params, cost_per_hour_usd: float = 0.0) -> tuple[str, Meter]:
    meter, runner = Meter.on(Runner(store, cost_per_hour_usd=cost_per_hour_usd), "toy")
    try:
        finished = runner.run(STAGE, Inputs(), params)
    except CatalogError as error:
        return type(error).__name__, meter
    return "computed" if finished.computed else "cached", meter


@pytest.mark.parametrize(("ends", "outcome"), [("done", "computed"), ("held", "Held"), ("failed", "CatalogError")])
def test_payments_and_items_count_however_a_step_ends(store: Store, ends: str, outcome: str) -> None:
    measured(store, Params(items=("a",), usd=0.25))
    ended, meter = measured(store, Params(items=("a", "b", "c"), ends=ends, usd=0.25))
    costs = meter.read()
    assert ended == outcome
    assert (costs["computed"], costs["reused"]) == (2, 1)
    assert costs["cost_usd"] == 0.75, "two items and the step itself; the third was paid before"
    assert costs["seconds"] > 0


@pytest.mark.parametrize(("ends", "outcome"), [("done", "cached"), ("held", "Held")])
def test_a_step_from_the_store_costs_nothing(store: Store, ends: str, outcome: str) -> None:
    params = Params(items=("a", "b"), ends=ends, usd=0.25)
    measured(store, params)
    ended, meter = measured(store, params, cost_per_hour_usd=3600.0)
    assert (ended, meter.read()) == (outcome, {"seconds": 0.0, "cost_usd": 0.0, "computed": 0, "reused": 1})


def test_a_step_without_items_counts_as_one_and_pays_for_the_machine(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, meter = measured(store, Params(), cost_per_hour_usd=3600.0)
    monkeypatch.setattr(time, "perf_counter", lambda: meter.began + 2.0)
    assert (ended, meter.read()) == ("computed", {"seconds": 2.0, "cost_usd": 2.0, "computed": 1, "reused": 0})
