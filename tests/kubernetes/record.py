"""Records how pods end on the cluster of the environment, for tests/plugins/test_pod_ends.py.

    python -m tests.kubernetes.record [NAME ...]

Each pod is that of a step, as the plugin renders it, with one thing made wrong.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient

from tests.kubernetes.cluster import kubectl, pod_template, until
from tests.plugins.test_pods import build

FOLDER = Path(__file__).parents[1] / "plugins" / "pod_states"
Pod = dict[str, Any]


def python(code: str) -> Callable[[Pod], None]:
    """The pod's program."""

    def change(pod: Pod) -> None:
        pod["spec"]["containers"][0] |= {"command": ["python", "-c", code], "args": []}

    return change


def container(**fields: Any) -> Callable[[Pod], None]:
    """Fields of the container."""
    return lambda pod: pod["spec"]["containers"][0].update(fields)


def requests(**amounts: str) -> Callable[[Pod], None]:
    """What the container requests; its memory is also its limit."""

    def change(pod: Pod) -> None:
        resources = pod["spec"]["containers"][0]["resources"]
        resources["requests"] |= amounts
        resources["limits"] |= {name: amount for name, amount in amounts.items() if name == "memory"}

    return change


def volume(name: str, **source: Any) -> Callable[[Pod], None]:
    """Another source of a volume."""

    def change(pod: Pod) -> None:
        kept = [each for each in pod["spec"]["volumes"] if each["name"] != name]
        pod["spec"]["volumes"] = [*kept, {"name": name, **source}]

    return change


def both(*changes: Callable[[Pod], None]) -> Callable[[Pod], None]:
    """Several changes."""
    return lambda pod: [change(pod) for change in changes] and None


def waiting(*reasons: str) -> Callable[[Pod], bool]:
    """Until the container waits for one of these reasons."""
    return lambda pod: (state_of(pod).get("waiting") or {}).get("reason") in reasons


def is_ended(pod: Pod) -> bool:
    """Until the pod has ended."""
    return pod["status"].get("phase") in {"Failed", "Succeeded"}


def is_unscheduled(pod: Pod) -> bool:
    """Until the scheduler has found no node."""
    return any(c["type"] == "PodScheduled" and c["status"] == "False" for c in pod["status"].get("conditions", ()))


def state_of(pod: Pod) -> Pod:
    """The container's state."""
    statuses = pod["status"].get("containerStatuses") or [{}]
    return dict(statuses[0].get("state") or {})


SLEEP = python("import time; time.sleep(300)")
EAT = "x = []\nwhile True: x.append(bytearray(b'x' * 2**20))"
LITTER = "import time; open('/scratch/x', 'wb').write(b'x' * 2**25); time.sleep(300)"
TERM = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(143)); time.sleep(300)"
CASES: dict[str, tuple[Callable[[Pod], Any], Callable[[Pod], bool]]] = {
    "running": (SLEEP, lambda pod: "running" in state_of(pod)),
    "succeeded": (python("print('done')"), is_ended),
    "held": (python("import sys; print('working\\n7 of 24 photos'); sys.exit(20)"), is_ended),
    "out-of-memory": (both(python(EAT), requests(memory="60Mi")), is_ended),
    "evicted-scratch": (both(python(LITTER), volume("scratch", emptyDir={"sizeLimit": "1Mi"})), is_ended),
    "image-never-pulled": (container(image="localhost/no-such:1"), waiting("ErrImageNeverPull")),
    "image-pull": (
        container(image="127.0.0.1:9/no-such:1", imagePullPolicy="Always"),
        waiting("ErrImagePull", "ImagePullBackOff"),
    ),
    "image-back-off": (
        container(image="127.0.0.1:9/no-such:1", imagePullPolicy="Always"),
        waiting("ImagePullBackOff"),
    ),
    "image-name": (container(image="Not/A:Name!"), waiting("InvalidImageName")),
    "no-secret": (
        container(envFrom=[{"secretRef": {"name": "no-such-secret"}}]),
        waiting("CreateContainerConfigError"),
    ),
    "no-secret-key": (
        container(env=[{"name": "X", "valueFrom": {"secretKeyRef": {"name": "catalog", "key": "NO_SUCH"}}}]),
        waiting("CreateContainerConfigError"),
    ),
    "no-cores": (requests(cpu="640"), is_unscheduled),
    "no-gpu": (
        lambda pod: pod["spec"]["containers"][0]["resources"]["limits"].update({"nvidia.com/gpu": "8"}),
        is_unscheduled,
    ),
    "no-such-node": (lambda pod: pod["spec"].update(nodeSelector={"pool": "gpu"}), is_unscheduled),
    "no-claim": (volume("catalog", persistentVolumeClaim={"claimName": "no-such-claim"}), is_unscheduled),
    "no-program": (container(command=["no-such-program"]), is_ended),
    "crashed": (python("import ctypes; ctypes.string_at(0)"), is_ended),
    "stopped": (python("import sys; sys.exit(143)"), is_ended),
    "not-mounted": (volume("scratch", configMap={"name": "no-such-map"}), lambda _pod: False),
}


def manifest(name: str) -> Pod:
    """The pod of sfm's step with one thing made wrong."""
    template = pod_template(Path(tempfile.mkdtemp()), toys=False)
    pod = build("sfm", kubernetes_pod_template=template).build_pod_request_obj(dry_run=True)
    plain: Pod = ApiClient().sanitize_for_serialization(pod)
    plain["metadata"] |= {"name": f"record-{name}"}
    plain["spec"]["containers"][0] |= {"image": "localhost/catalog:1"}
    requests(cpu="100m", memory="200Mi", **{"ephemeral-storage": "100Mi"})(plain)
    CASES[name][0](plain)
    return plain


def recorded(name: str) -> Pod:
    """The pod and its warnings once it is as the case asks; anyhow after 40 s."""
    pod_name = f"record-{name}"
    kubectl("delete", "pod", pod_name, "--ignore-not-found", "--grace-period=0", "--force")
    kubectl("create", "--filename", "-", given=json.dumps(manifest(name)))
    deadline = time.monotonic() + 40

    def found() -> Pod | None:
        pod: Pod = json.loads(kubectl("get", "pod", pod_name, "--output", "json"))
        return pod if CASES[name][1](pod) or (name == "not-mounted" and time.monotonic() > deadline) else None

    pod = until(found)
    selector = f"involvedObject.name={pod_name},type=Warning"
    events = json.loads(kubectl("get", "events", "--field-selector", selector, "--output", "json"))["items"]
    kubectl("delete", "pod", pod_name, "--grace-period=0", "--force")
    return {"pod": tidy(pod), "warnings": [f"{event['reason']}: {event['message']}" for event in events]}


def tidy(pod: Pod) -> Pod:
    """The pod without what says more about the test's machine than about its end."""
    spec, base = pod["spec"], pod["spec"]["containers"][0]
    kept = {key: base[key] for key in ("name", "image", "resources")}
    return {
        "metadata": {key: pod["metadata"][key] for key in ("name", "namespace")},
        "spec": {"containers": [kept], "nodeSelector": spec.get("nodeSelector")},
        "status": pod["status"],
    }


def main() -> None:
    """Record the named cases, or all."""
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        (FOLDER / f"{name}.json").write_text(json.dumps(recorded(name), indent=1, sort_keys=True) + "\n")
    nodes = json.loads(kubectl("get", "nodes", "--output", "json"))["items"]
    kept = [
        {"metadata": {"name": n["metadata"]["name"]}, "status": {"allocatable": n["status"]["allocatable"]}}
        for n in nodes
    ]
    (FOLDER / "nodes.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
