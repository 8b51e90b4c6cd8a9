import pytest

from pipeline.contract.plan import Plan, PlannedStep, StepOutput
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.errors import CatalogError, Held
from tests.contract import toy

TEXTS = {"a": "one", "b": "two", "c": "three"}


def plan_of(store: Store, limit: int, optional: bool) -> tuple[Plan, str]:
    inputs = toy.make_inputs(store, TEXTS)
    first = PlannedStep(stage="toy", params={"limit": limit}, inputs={"texts": inputs.texts})
    source = StepOutput(step="first", output="joined", optional=optional)
    second = PlannedStep(stage="toy", params={}, inputs={"texts": inputs.texts, "extra": source})
    plan = Plan(
        sku="x",
        collection="c",
        source="/",
        shoot=inputs.texts,
        photos=inputs.texts,
        steps={"first": first, "second": second},
    )
    return plan, store.put(plan.model_dump_json().encode(), "application/json").sha256


def test_planned_step_resolves_its_inputs_through_pointers(store: Store) -> None:
    plan, digest = plan_of(store, 100, optional=False)
    runner = Runner(store)
    with pytest.raises(CatalogError, match="needs step first"):
        runner.run_planned(plan, digest, "second", toy.TOY)
    outputs = runner.run_planned(plan, digest, "first", toy.TOY).outputs
    manifest = runner.run_planned(plan, digest, "second", toy.TOY).manifest
    assert manifest.request.inputs["extra"] == outputs.joined.model_dump(mode="json")


def test_damaged_pointer_names_the_step_to_run_first(store: Store) -> None:
    plan, digest = plan_of(store, limit=100, optional=False)
    Runner(store).run_planned(plan, digest, "first", toy.TOY)
    (store.root / "plans" / digest / "first").write_bytes(b"\0\0")
    with pytest.raises(CatalogError, match="Run first first"):
        Runner(store).run_planned(plan, digest, "second", toy.TOY)
    Runner(store).run_planned(plan, digest, "first", toy.TOY)
    assert Runner(store).run_planned(plan, digest, "second", toy.TOY).computed


@pytest.mark.parametrize("optional", [True, False])
def test_held_step_holds_only_its_dependents(store: Store, optional: bool) -> None:
    plan, digest = plan_of(store, 5, optional=optional)
    runner = Runner(store)
    with pytest.raises(Held):
        runner.run_planned(plan, digest, "first", toy.TOY)
    if optional:
        manifest = runner.run_planned(plan, digest, "second", toy.TOY).manifest
        assert manifest.request.inputs["extra"] is None
        return
    with pytest.raises(Held, match=r"^held by first$") as held:
        runner.run_planned(plan, digest, "second", toy.TOY)
    assert held.value.code == "sfm-no-poses"  # the code of the step above
    assert runner.upstream_of(plan, digest, "third").keys() == {"first", "second"}


def test_steps_below_a_held_step_point_to_it_and_not_to_each_other(store: Store) -> None:
    plan, digest = plan_of(store, 5, optional=False)
    third = PlannedStep(
        stage="toy",
        params={},
        inputs={"texts": plan.steps["second"].inputs["texts"], "extra": StepOutput(step="second", output="joined")},
    )
    plan = plan.model_copy(update={"steps": {**plan.steps, "third": third}})
    reasons = {}
    for name in plan.steps:
        with pytest.raises(Held) as held:
            Runner(store).run_planned(plan, digest, name, toy.TOY)
        reasons[name] = str(held.value)
    assert reasons["second"] == reasons["third"] == "held by first"
    manifests = Runner(store).upstream_of(plan, digest, "fourth")
    assert [manifest.held.by for manifest in manifests.values() if manifest.held] == [None, "first", "first"]
    assert len({manifest.key for manifest in manifests.values()}) == 3
