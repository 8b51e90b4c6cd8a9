"""pods.yaml: what a step's pods request, from the general to the special."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.plan import STEPS, stage_of
from pipeline.pods import PodOptions, PodsFile, bytes_of, in_mebibytes, pod_request, read_pods

QUANTITIES = st.builds("{}{}".format, st.integers(1, 999), st.sampled_from(["Ki", "Mi", "Gi", "Ti", "k", "M", "G"]))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pods.yaml"
    path.write_text(text)
    return path


def test_without_a_file_a_pod_requests_what_its_stage_declares() -> None:
    for step in STEPS:
        request, declared = pod_request(step, "catalog_nightly", read_pods(None)), stage_of(step).resources
        assert (request.cores, request.memory, request.gpu) == (declared.cores, declared.memory, declared.gpu)
        assert request.scratch == declared.scratch
        assert bytes_of(request.max_memory) == 4 * bytes_of(request.memory)


def test_every_stage_fits_a_node_of_four_cores_and_16_gb() -> None:
    for step in STEPS:
        declared = stage_of(step).resources
        assert declared.cores <= 3 and bytes_of(declared.memory) <= bytes_of("12Gi")


def test_a_dag_is_more_special_than_a_step_and_a_step_than_every_pod(tmp_path: Path) -> None:
    text = """
every: {cores: 3, memory: 4Gi, node_selector: {pool: catalog}}
steps:
  splat: {memory: 12Gi, tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]}
dags:
  catalog_backfill: {priority_class: backfill, memory: 5Gi, queue: idle}
"""
    file = read_pods(written(tmp_path, text))
    nightly, backfill = (pod_request("splat", dag, file) for dag in ("catalog_nightly", "catalog_backfill"))
    assert (nightly.cores, nightly.memory, nightly.max_memory) == (3, "12Gi", "48Gi")
    assert (backfill.memory, backfill.priority_class, backfill.queue) == ("5Gi", "backfill", "idle")
    assert nightly.priority_class is nightly.queue is None
    assert nightly.node_selector == backfill.node_selector == {"pool": "catalog"}
    assert nightly.tolerations[0].key == "nvidia.com/gpu"
    assert pod_request("sfm", "catalog_nightly", file).tolerations is None


@given(st.builds(PodOptions, cores=st.none() | st.floats(0.1, 64), memory=st.none() | QUANTITIES), QUANTITIES)
def test_what_a_level_leaves_open_comes_from_the_level_below(level: PodOptions, memory: str) -> None:
    below = PodOptions(cores=7, memory=memory, scratch="3Gi")
    both = level.over(below)
    assert both.cores == (7 if level.cores is None else level.cores)
    assert (both.memory, both.scratch) == (level.memory or memory, "3Gi")
    assert PodOptions().over(below) == below


@given(QUANTITIES)
def test_bytes_survive_being_written_as_mebibytes(quantity: str) -> None:
    amount = bytes_of(quantity)
    assert 0 <= amount - bytes_of(in_mebibytes(amount)) < 2**20 if amount >= 2**20 else True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("every: {memory: 8GB}", r"line 1: every\.memory: '8GB' is not a quantity such as 512Mi or 8Gi"),
        ("every: {memory: 8}", r"every\.memory: text is asked for, and 8 is a number"),
        ("every:\n  cores: 0", r"line 2: every\.cores: .*greater than 0 \(got '0'\)"),
        ("steps: {splta: {cores: 1}}", r"steps\.splta: there is no step 'splta'; write splat"),
        ("steps: {splat: {core: 1}}", r"steps\.splat\.core: there is no such field here\. Write `cores`"),
        ("every: {memory: 8Gi, max_memory: 4Gi}", r"every: max_memory 4Gi is below memory 8Gi; raise max_memory"),
        ("every: {tolerations: [{operator: exists}]}", r"tolerations\.0\.operator: .*'Equal' or 'Exists'"),
        ("", r"is empty\. Write `every: {cores: 2}`"),
        ("[]", "is not a mapping of fields"),
    ],
)
def test_a_fault_is_named_with_file_value_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=rf"pods\.yaml.*{message}"):
        read_pods(written(tmp_path, text))


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"CATALOG_PODS names .*pods\.yaml, which is not a file"):
        read_pods(tmp_path / "pods.yaml")


def test_levels_that_contradict_each_other_are_refused() -> None:
    file = PodsFile(every=PodOptions(max_memory="4Gi"))
    with pytest.raises(BadInput, match="splat in catalog_nightly request 6Gi of memory, above max_memory 4Gi"):
        pod_request("splat", "catalog_nightly", file)
