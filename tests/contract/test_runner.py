import errno
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pipeline.contract.manifest import Manifest
from pipeline.contract.plan import Plan, PlannedStep, StepOutput
from pipeline.contract.runner import Runner
from pipeline.contract.stage import Stage
from pipeline.contract.store import Store
from pipeline.contract.work import Event, Work
from pipeline.core.errors import BadInput, CatalogError, Held, StoreFull
from tests.contract import toy

TEXTS = {"a": "one", "b": "two", "c": "three"}


class Recorder:
    """Counts what happens, by kind and step."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()

    def __call__(self, event: Event) -> None:
        self.seen[event.kind, event.step] += 1

    def computed(self) -> set[str]:
        return {step for kind, step in self.seen if kind == "started"}


def run(store: Store, texts: dict[str, str] = TEXTS, params: toy.Params = toy.Params()) -> tuple[str, set[str]]:
    recorder = Recorder()
    outputs = Runner(store, recorder).run(toy.TOY, toy.make_inputs(store, texts), params).outputs
    return store.read(outputs.joined).decode(), recorder.computed()


def test_repeated_call_is_cached(store: Store) -> None:
    assert run(store) == ("ONE!\nTWO!\nTHREE!", {"toy", "toy[a]", "toy[b]", "toy[c]"})
    assert run(store) == ("ONE!\nTWO!\nTHREE!", set())


def test_replacing_one_of_three_recomputes_one_item(store: Store) -> None:
    run(store)
    assert run(store, {**TEXTS, "b": "zwei"}) == ("ONE!\nZWEI!\nTHREE!", {"toy", "toy[b]"})


def test_changed_param_changes_the_key(store: Store) -> None:
    run(store)
    text, computed = run(store, params=toy.Params(suffix="?"))
    assert text == "ONE?\nTWO?\nTHREE?"
    assert "toy" in computed


def test_manifest_records_request_and_provenance(store: Store) -> None:
    inputs = toy.make_inputs(store, TEXTS)
    runner = Runner(store, device="cpu", cost_per_hour_usd=3600.0)
    outputs, manifest, computed = runner.run(toy.TOY, inputs, toy.Params())
    assert computed
    assert manifest.request.params == {"suffix": "!", "limit": 100}
    assert manifest.outputs == outputs.model_dump(mode="json")
    assert manifest.items["a"].stage == "toy_text"
    assert store.manifest("toy_text", manifest.items["a"].key) is not None
    assert manifest.provenance.cost_usd == pytest.approx(manifest.provenance.seconds, abs=0.01)
    assert "python" in manifest.provenance.versions


def test_held_result_is_cached(store: Store) -> None:
    with pytest.raises(Held, match="more than 5"):
        run(store, params=toy.Params(limit=5))
    recorder = Recorder()
    with pytest.raises(Held, match="write less") as held:
        Runner(store, recorder).run(toy.TOY, toy.make_inputs(store, TEXTS), toy.Params(limit=5))
    assert held.value.code == "sfm-no-poses"
    assert recorder.computed() == set()


def test_step_held_for_time_is_computed_again_and_its_result_is_kept(store: Store) -> None:
    nights = iter(["busy", "quiet"])

    def hurried(inputs: toy.OneInputs, params: toy.Params, work: Work) -> toy.OneOutputs:
        if next(nights) == "busy":
            raise Held("no time", code="splat-out-of-time", remedy="again", passing=True)
        return toy.run_one(inputs, params, work)

    stage = Stage("hurried", 1, toy.OneInputs, toy.Params, toy.OneOutputs, hurried)
    below = Stage("below", 1, toy.OneInputs, toy.Params, toy.OneOutputs, toy.run_one)
    steps = {
        "first": PlannedStep(stage="hurried", params={}, inputs={"text": store.put(b"one", "text/plain")}),
        "second": PlannedStep(stage="below", params={}, inputs={"text": StepOutput(step="first", output="text")}),
    }
    nothing = store.put(b"", "text/plain")
    plan = Plan(sku="mug-001", collection="c", source="/shoots/mug-001", shoot=nothing, photos=nothing, steps=steps)
    digest, runner = "0" * 64, Runner(store)
    for name, one, reason in (("first", stage, "no time"), ("second", below, "held by first")):
        with pytest.raises(Held, match=reason) as held:
            runner.run_planned(plan, digest, name, one)
        assert held.value.passing
    for name, one in (("first", stage), ("second", below)):
        assert runner.run_planned(plan, digest, name, one).computed
    assert not runner.run_planned(plan, digest, "first", stage).computed


@pytest.mark.parametrize("damage", ["flip", "delete"])
def test_damaged_output_is_detected_and_recomputed(store: Store, damage: str) -> None:
    outputs, before, _ = Runner(store).run(toy.TOY, toy.make_inputs(store, TEXTS), toy.Params())
    path = Path(store.where(store.tree(outputs.texts)["b"].sha256))
    if damage == "flip":
        data = bytearray(path.read_bytes())
        data[0] ^= 1
        path.write_bytes(data)
    else:
        path.unlink()
    assert run(store) == ("ONE!\nTWO!\nTHREE!", {"toy", "toy[b]"})
    assert path.read_bytes() == b"TWO!"
    assert store.manifest("toy", before.key) is not None
    assert run(store)[1] == set()


def test_damaged_input_is_one_clear_error(store: Store) -> None:
    inputs = toy.make_inputs(store, TEXTS)
    Path(store.where(store.tree(inputs.texts)["a"].sha256)).write_bytes(b"tampered")
    with pytest.raises(CatalogError, match="is damaged"):
        Runner(store).run(toy.TOY, inputs, toy.Params())


def test_damaged_input_is_named_before_a_stage_reads_its_path(store: Store) -> None:
    read: list[Path] = []

    def by_path(inputs: toy.OneInputs, _params: toy.Params, work: Work) -> toy.OneOutputs:
        read.append(work.path(inputs.text))
        return toy.OneOutputs(text=inputs.text, report=0)

    text = store.put(b"one", "text/plain")
    Path(store.where(text.sha256)).write_bytes(b"two")
    stage = Stage("by_path", 1, toy.OneInputs, toy.Params, toy.OneOutputs, by_path)
    with pytest.raises(CatalogError, match=f"step by_path: its input text is damaged: {store.where(text.sha256)}"):
        Runner(store).run(stage, toy.OneInputs(text=text), toy.Params())
    assert not read


@pytest.mark.parametrize("spoilt", [b"", b"{", b'{"key": 3}'])
def test_damaged_manifest_is_ignored_and_written_again(store: Store, spoilt: bytes) -> None:
    run(store)
    (path,) = (store.root / "manifests" / "toy").glob("*.json")
    path.write_bytes(spoilt)
    assert run(store) == ("ONE!\nTWO!\nTHREE!", {"toy"})
    assert run(store)[1] == set()


def test_four_racing_processes_write_one_manifest(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen([sys.executable, "-m", "tests.contract.toy", str(tmp_path), "none", "1"]) for _ in range(4)
    ]
    assert [racer.wait(timeout=120) for racer in racers] == [0, 0, 0, 0]
    assert len(list((tmp_path / "manifests" / "toy").glob("*.json"))) == 1
    assert len(list((tmp_path / "manifests" / "toy_text").glob("*.json"))) == 3
    assert run(Store(tmp_path)) == ("ONE!\nTWO!\nTHREE!", set())


def test_the_first_writer_wins_and_the_second_adopts(store: Store) -> None:
    first = Runner(store).run(toy.TOY, toy.make_inputs(store, TEXTS), toy.Params()).manifest
    later = first.model_copy(update={"outputs": {**(first.outputs or {}), "report": 99}})
    assert store.commit(later) == first
    assert store.commit(later, instead_of=later) == first
    assert store.commit(later, instead_of=first) == later


@pytest.mark.parametrize(
    ("event", "count"),
    [
        ("started", 1),
        ("progress", 2),
        ("stored", 1),
        ("stored", 4),
        ("committing", 2),
        ("committing", 4),
        ("committed", 4),
    ],
)
def test_step_killed_at_any_point_resumes(tmp_path: Path, event: str, count: int) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "tests.contract.toy", str(tmp_path), event, str(count)], check=False, timeout=120
    )
    assert killed.returncode == -9
    store = Store(tmp_path)
    finished = {path.stem for path in (tmp_path / "manifests" / "toy_text").glob("*.json")}
    text, computed = run(store)
    assert text == "ONE!\nTWO!\nTHREE!"
    assert len(computed - {"toy"}) == 3 - len(finished), "a finished item was done twice"
    assert ("toy" in computed) == (event != "committed")


def test_full_disk_is_one_clear_error_and_resumes_cleanly(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = toy.make_inputs(store, TEXTS)
    write, room = Path.write_bytes, 2

    def limited(path: Path, data: bytes) -> int:
        nonlocal room
        room -= 1
        if room < 0:
            write(path, data[:1])  # a full disk leaves a torn file behind
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", limited)
    with pytest.raises(StoreFull, match="Free disk space"):
        Runner(store).run(toy.TOY, inputs, toy.Params())
    monkeypatch.undo()
    assert not list((store.root / "scratch").iterdir())
    text, computed = run(store)
    assert (text, computed) == ("ONE!\nTWO!\nTHREE!", {"toy", "toy[b]", "toy[c]"})


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "step greedy ran out of memory. Give it more memory"),
        (MemoryError("Unable to allocate 9 GiB"), "out of memory: Unable to allocate 9 GiB. Give"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes\n at x.cpp"),
            "allocate memory: 9 bytes. Give",
        ),
        (RuntimeError("CUDA out of memory. Tried"), "ran out of memory: CUDA out of memory. Tried. Give"),
    ],
)
def test_out_of_memory_is_one_clear_error(store: Store, error: Exception, says: str) -> None:
    def greedy(_inputs: toy.OneInputs, _params: toy.Params, _work: Work) -> toy.OneOutputs:
        raise error

    stage = Stage("greedy", 1, toy.OneInputs, toy.Params, toy.OneOutputs, greedy)
    with pytest.raises(CatalogError, match=re.escape(says)) as caught:
        Runner(store).run(stage, toy.OneInputs(text=store.put(b"a", "text/plain")), toy.Params())
    assert not isinstance(caught.value, BadInput)  # worth another try
    assert not list((store.root / "scratch").iterdir())


def test_error_of_a_stage_keeps_its_message(store: Store) -> None:
    def broken(_inputs: toy.OneInputs, _params: toy.Params, _work: Work) -> toy.OneOutputs:
        raise RuntimeError("a bug")

    stage = Stage("broken", 1, toy.OneInputs, toy.Params, toy.OneOutputs, broken)
    with pytest.raises(RuntimeError, match="a bug"):
        Runner(store).run(stage, toy.OneInputs(text=store.put(b"a", "text/plain")), toy.Params())


def test_a_held_step_keeps_a_picture_and_makes_it_again_once_damaged(store: Store) -> None:
    runs = []

    def hold(inputs: toy.OneInputs, params: toy.Params, work: Work) -> toy.OneOutputs:
        runs.append(work.step)
        raise Held("no product", code="cutout-product-not-found", remedy="again", picture=b"a picture")

    stage = Stage("holding", 1, toy.OneInputs, toy.Params, toy.OneOutputs, hold)
    inputs = toy.OneInputs(text=store.put(b"one", "text/plain"))

    def held_again() -> Manifest:
        with pytest.raises(Held, match=r"^no product\. again$"):
            Runner(store).run(stage, inputs, toy.Params())
        manifest = store.manifest("holding", stage.request(inputs, toy.Params()).key)
        assert manifest is not None
        return manifest

    manifest = held_again()
    assert manifest.held is not None and manifest.held.picture is not None
    assert store.read(manifest.held.picture) == b"a picture" and len(runs) == 1
    assert held_again() == manifest and len(runs) == 1
    Path(store.where(manifest.held.picture.sha256)).unlink()
    again = held_again().held
    assert again is not None and again.picture is not None
    assert store.read(again.picture) == b"a picture" and len(runs) == 2
