"""A step as a Kubernetes pod: not root, only scratch and store writable, a GPU if the stage uses one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowSkipException
from kubernetes.client import models as k8s

from catalog_tasks.command import raise_unless_done
from catalog_tasks.labels import LABEL, LABEL_TEMPLATE, held_label
from pipeline.core.errors import EXIT_BAD_INPUT, EXIT_HELD, BadInput
from pipeline.plan import stage_of
from pipeline.settings import Settings

SHARED, SCRATCH = "/catalog", "/scratch"
USER_ID = 10001  # the user of deploy/Dockerfile
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
POLL_SECONDS = 3  # a step of a few seconds should not double in duration by polling


class StagePod(KubernetesPodOperator):
    """One step of one shoot's plan in a pod. The triggerer waits for it, so that it does not occupy a worker."""

    template_fields: Sequence[str] = (*KubernetesPodOperator.template_fields, "sku")

    def __init__(self, *, step: str, sku: Any, **kwargs: Any) -> None:
        """Take the names for the task's label; `stage_pod` describes the pod."""
        super().__init__(map_index_template=LABEL_TEMPLATE, **kwargs)
        self.step = step
        self.sku = sku

    def cleanup(
        self,
        pod: k8s.V1Pod,
        remote_pod: k8s.V1Pod,
        xcom_result: dict[str, Any] | None = None,
        context: Context | None = None,
    ) -> None:
        """Clean up as the parent does, but skip a held step and fail one with bad input, with the step's own reason.

        The parent would retry every failed pod, but bad input can never work.
        """
        exit_code, reason = termination(remote_pod, self.base_container_name)
        try:
            super().cleanup(pod, remote_pod, xcom_result, context)
        except AirflowException:
            if exit_code not in {EXIT_HELD, EXIT_BAD_INPUT}:
                raise
            try:
                raise_unless_done(self.step, exit_code, reason)
            except AirflowSkipException as held:
                if context is not None:
                    context[LABEL] = held_label(self.sku, str(held))  # type: ignore[literal-required]
                raise


def termination(pod: k8s.V1Pod | None, container: str) -> tuple[int | None, str]:
    """Return the exit code and last log line of a container that ended; (None, "") for one that has not."""
    statuses = (pod.status.container_statuses if pod is not None and pod.status else None) or []
    ended = next((s.state.terminated for s in statuses if s.name == container and s.state), None)
    if ended is None:
        return None, ""
    lines = [line for line in (ended.message or "").splitlines() if line.strip()]
    return ended.exit_code, lines[-1].strip() if lines else ""


def stage_pod(step: str, plan: Any, sku: Any, settings: Settings, **kwargs: Any) -> StagePod:
    """Return the task that runs `step` of `plan` in a pod with the resources that its stage declares.

    Raises BadInput when CATALOG_IMAGE is not set.
    """
    image = _image(settings)
    resources = stage_of(step).resources
    with_gpu = resources.gpu and settings.device == "cuda"
    cores = resources.cores or settings.kubernetes_cores
    memory = resources.memory or settings.kubernetes_memory
    return StagePod(
        step=step,
        sku=sku,
        name=f"catalog-{step}",
        namespace=settings.kubernetes_namespace,
        image=image,
        cmds=["python", "-m", "pipeline"],
        arguments=["stage", step, "--plan", plan, "--run-id", "{{ run_id }}"],
        env_vars=_environment(cores, with_gpu, settings),
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=settings.kubernetes_secret))],
        container_resources=_requirements(cores, memory, with_gpu),
        volumes=_volumes(settings),
        volume_mounts=_mounts(settings),
        security_context=POD_SECURITY,
        container_security_context=CONTAINER_SECURITY,
        automount_service_account_token=False,
        pod_template_file=str(settings.kubernetes_pod_template) if settings.kubernetes_pod_template else None,
        labels={"app.kubernetes.io/name": "catalog-pipeline", "app.kubernetes.io/component": step},
        deferrable=True,
        reattach_on_restart=False,  # the pod of an earlier try may be dying
        poll_interval=POLL_SECONDS,
        startup_timeout_seconds=settings.kubernetes_start_seconds,
        startup_check_interval_seconds=POLL_SECONDS,
        skip_on_exit_code=EXIT_HELD,
        termination_message_policy="FallbackToLogsOnError",  # a held step's reason is its last line
        log_pod_spec_on_failure=False,
        log_events_on_failure=True,
        **kwargs,
    )


def _image(settings: Settings) -> str:
    if settings.image is None:
        raise BadInput(
            "CATALOG_EXECUTION=kubernetes requires an image", remedy="Set CATALOG_IMAGE; see deploy/Dockerfile"
        )
    return settings.image


def _environment(cores: int, with_gpu: bool, settings: Settings) -> dict[str, str]:
    threads = str(cores)
    return {
        "CATALOG_STORE": f"{SHARED}/store" if isinstance(settings.store, Path) else settings.store_location,
        "CATALOG_CACHE": f"{SCRATCH}/cache",
        "CATALOG_DEVICE": "cuda" if with_gpu else "cpu",
        "CATALOG_IMAGE_DIGEST": settings.image_digest or "",
        "CATALOG_COST_PER_HOUR_USD": str(settings.cost_per_hour_usd),
        **({} if settings.usd_per_run is None else {"CATALOG_USD_PER_RUN": str(settings.usd_per_run)}),
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "NUMBA_CACHE_DIR": f"{SHARED if settings.kubernetes_claim else SCRATCH}/numba",  # shared: compiled only once
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), threads),
    }


def _requirements(cores: int, memory: str, with_gpu: bool) -> k8s.V1ResourceRequirements:
    requests = {"cpu": str(cores), "memory": memory}
    limits = {"memory": memory} | ({"nvidia.com/gpu": "1"} if with_gpu else {})
    return k8s.V1ResourceRequirements(requests=requests, limits=limits)


def _mounts(settings: Settings) -> list[k8s.V1VolumeMount]:
    mounts = [k8s.V1VolumeMount(name="scratch", mount_path=SCRATCH)]
    if settings.kubernetes_claim:
        mounts.append(k8s.V1VolumeMount(name="catalog", mount_path=SHARED))
    return mounts


def _volumes(settings: Settings) -> list[k8s.V1Volume]:
    volumes = [k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="20Gi"))]
    if settings.kubernetes_claim:
        claim = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=settings.kubernetes_claim)
        volumes.append(k8s.V1Volume(name="catalog", persistent_volume_claim=claim))
    return volumes
