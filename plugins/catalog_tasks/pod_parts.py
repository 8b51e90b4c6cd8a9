"""The parts of a step's pod: security, resources, volumes, environment."""

from pathlib import Path

from kubernetes.client import models as k8s

from pipeline.core.errors import BadInput
from pipeline.pods import PodRequest
from pipeline.settings import Settings

SHARED, SCRATCH = "/catalog", "/scratch"
USER_ID = 10001  # the user of deploy/Dockerfile
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
POD_SECURITY = k8s.V1PodSecurityContext(
    run_as_non_root=True,
    run_as_user=USER_ID,
    run_as_group=USER_ID,
    fs_group=USER_ID,
    fs_group_change_policy="OnRootMismatch",  # not a walk through the whole store at every step
    seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
)
CONTAINER_SECURITY = k8s.V1SecurityContext(
    allow_privilege_escalation=False,
    read_only_root_filesystem=True,
    capabilities=k8s.V1Capabilities(drop=["ALL"]),
)


def image_of(request: PodRequest, settings: Settings) -> str:
    """The image of a pod. Raises BadInput when there is none."""
    image = request.image or settings.image
    if image is None:
        raise BadInput(
            "CATALOG_EXECUTION=kubernetes requires an image", remedy="Set CATALOG_IMAGE; see deploy/Dockerfile"
        )
    return image


def with_gpu(request: PodRequest, settings: Settings) -> bool:
    """Whether the pod gets a GPU."""
    return request.gpu and settings.device == "cuda"


def environment(request: PodRequest, settings: Settings) -> dict[str, str]:
    """The variables of a pod that come from no Secret. A step uses as many threads as it has whole cores."""
    threads = str(max(1, int(request.cores)))
    return {
        "CATALOG_STORE": f"{SHARED}/store" if isinstance(settings.store, Path) else settings.store_location,
        "CATALOG_CACHE": f"{SCRATCH}/cache",
        "CATALOG_DEVICE": "cuda" if with_gpu(request, settings) else "cpu",
        "CATALOG_IMAGE_DIGEST": settings.image_digest or "",
        "CATALOG_COST_PER_HOUR_USD": str(settings.cost_per_hour_usd),
        **({} if settings.usd_per_run is None else {"CATALOG_USD_PER_RUN": str(settings.usd_per_run)}),
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "NUMBA_CACHE_DIR": f"{SCRATCH}/numba",
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), threads),
    }


def requirements(request: PodRequest, memory: str, settings: Settings) -> k8s.V1ResourceRequirements:
    """Requests and limits. Memory is not overcommitted: a step above its request would be the first to be evicted."""
    gpus = {request.gpu_resource: "1"} if with_gpu(request, settings) else {}
    return k8s.V1ResourceRequirements(
        requests={"cpu": f"{request.cores:g}", "memory": memory, "ephemeral-storage": request.scratch},
        limits={"memory": memory, **gpus},
    )


def tolerations(request: PodRequest) -> list[k8s.V1Toleration]:
    """The taints that the pod accepts."""
    return [k8s.V1Toleration(**each.model_dump()) for each in request.tolerations or ()]


def mounts(settings: Settings) -> list[k8s.V1VolumeMount]:
    """The only folders that the container can write."""
    scratch = [k8s.V1VolumeMount(name="scratch", mount_path=SCRATCH)]
    return scratch + ([k8s.V1VolumeMount(name="catalog", mount_path=SHARED)] if settings.kubernetes_claim else [])


def volumes(request: PodRequest, settings: Settings) -> list[k8s.V1Volume]:
    """Scratch, and the shared store."""
    scratch = k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit=request.scratch))
    if not settings.kubernetes_claim:
        return [scratch]
    claim = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=settings.kubernetes_claim)
    return [scratch, k8s.V1Volume(name="catalog", persistent_volume_claim=claim)]
