"""What the pods of each step request: what its stage declares, changed by the file that CATALOG_PODS names."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter, model_validator

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, readable
from pipeline.core.yaml_file.fields import Allowed, Guide, read_model
from pipeline.plan import STEPS, stage_of

Quantity = Annotated[str, Field(pattern=r"^[1-9][0-9]*(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)$")]
Text = Annotated[str, Field(min_length=1, max_length=253)]
GPU = "nvidia.com/gpu"
GUIDE = Guide(
    page="docs/reference/pods-yaml.md",
    begin="Write `every: {cores: 2}`, or unset CATALOG_PODS",
    patterns={str(TypeAdapter(Quantity).json_schema()["pattern"]): Allowed("a quantity such as 512Mi or 8Gi")},
)


def _is_a_step(name: str) -> str:
    if name in STEPS:
        return name
    alike = get_close_matches(name, STEPS, 1)
    raise ValueError(f"there is no step {name!r}; {f'write {alike[0]}' if alike else 'use one of ' + ', '.join(STEPS)}")


class Toleration(Frozen):
    """A taint of nodes that the pods accept; Kubernetes' own field."""

    key: Text | None = Field(default=None, description="the taint's key; without one, every taint")
    operator: Literal["Equal", "Exists"] = Field(default="Equal", description="whether the value counts")
    value: str | None = Field(default=None, description="the taint's value")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="the taint's effect; without one, every effect"
    )


class PodOptions(Frozen):
    """What pods request. A field that is not given keeps the value of the level below."""

    image: Text | None = Field(default=None, description="container image, instead of `CATALOG_IMAGE`")
    cores: float | None = Field(default=None, gt=0, le=1024, description="cores, and threads, that the pod requests")
    memory: Quantity | None = Field(default=None, description="memory of the first try, request and limit")
    max_memory: Quantity | None = Field(
        default=None,
        description="after a try that ran out of memory, the next one gets twice as much, up to this; without it, up "
        "to four times `memory`",
    )
    scratch: Quantity | None = Field(
        default=None, description="ephemeral storage that the pod requests, and the limit of its temporary files"
    )
    gpu: bool | None = Field(default=None, description="whether the pod gets a GPU where `CATALOG_DEVICE` is cuda")
    gpu_resource: Text | None = Field(
        default=None, description="the cluster's name for a GPU or a part of one, such as nvidia.com/mig-2g.20gb"
    )
    node_selector: dict[Text, str] | None = Field(default=None, description="labels that the node must have")
    tolerations: tuple[Toleration, ...] | None = Field(default=None, description="taints that the pods accept")
    priority_class: Text | None = Field(default=None, description="the cluster's PriorityClass, such as one per DAG")
    queue: Text | None = Field(default=None, description="Kueue's local queue: label `kueue.x-k8s.io/queue-name`")

    @model_validator(mode="after")
    def _limit_is_above(self) -> "PodOptions":
        if self.memory and self.max_memory and bytes_of(self.max_memory) < bytes_of(self.memory):
            raise ValueError(f"max_memory {self.max_memory} is below memory {self.memory}; raise max_memory")
        return self

    def over(self, below: "PodOptions") -> "PodOptions":
        """These options, and where they say nothing those of `below`."""
        given = {name: value for name in PodOptions.model_fields if (value := getattr(self, name)) is not None}
        return below.model_copy(update=given)


class PodsFile(Frozen):
    """What pods request, from the general to the special: every pod, the pods of a step, the pods of a DAG."""

    every: PodOptions = Field(default=PodOptions(), description="options of every pod")
    steps: dict[Annotated[str, AfterValidator(_is_a_step)], PodOptions] = Field(
        default={}, description="options of a step's pods, by the step's name"
    )
    dags: dict[Text, PodOptions] = Field(
        default={}, description="options of a DAG's pods, by its id, such as `catalog_backfill`"
    )


class PodRequest(PodOptions):
    """What one pod requests, with nothing left open."""

    cores: float
    memory: str
    max_memory: str
    scratch: str
    gpu: bool
    gpu_resource: str


def read_pods(path: Path | None) -> PodsFile:
    """Read pods.yaml; without a path, nothing is changed. Raises BadInput that names line, field and value."""
    if path is None:
        return PodsFile()
    if not path.is_file():
        raise BadInput(f"CATALOG_PODS names {path}, which is not a file", remedy="Correct or unset it")
    with readable():
        data = path.read_bytes()
    return read_model(PodsFile, data, path, GUIDE)


def pod_request(step: str, dag_id: str, file: PodsFile) -> PodRequest:
    """What the pods of `step` request in the DAG `dag_id`.

    Raises BadInput when the levels together ask for more memory than their `max_memory`.
    """
    own = stage_of(step).resources
    options = PodOptions(cores=own.cores, memory=own.memory, scratch=own.scratch, gpu=own.gpu, gpu_resource=GPU)
    for level in (file.every, file.steps.get(step, PodOptions()), file.dags.get(dag_id, PodOptions())):
        options = level.over(options)
    memory = options.memory or own.memory
    limit = options.max_memory or in_mebibytes(4 * bytes_of(memory))
    if bytes_of(limit) < bytes_of(memory):
        what = f"CATALOG_PODS: the pods of {step} in {dag_id} request {memory} of memory, above max_memory {limit}"
        raise BadInput(what, remedy="Raise max_memory, or lower memory")
    return PodRequest.model_validate({**dict(options), "max_memory": limit})


_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def bytes_of(quantity: str) -> int:
    """The bytes of a Kubernetes quantity, such as 8Gi."""
    number = quantity.rstrip("KMGTki")
    return int(float(number) * _UNITS[quantity[len(number) :]])


def in_mebibytes(amount: int) -> str:
    """A number of bytes as a quantity in Gi where that is exact, else in Mi, rounded down."""
    return f"{amount // 2**30}Gi" if amount % 2**30 == 0 else f"{amount // 2**20}Mi"
