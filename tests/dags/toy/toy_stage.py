"""A toy stage, loaded under the name of each real one, with the inputs and outputs that the graph names."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, create_model

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, Held
from pipeline.plan import GRAPH, StepOutput

NAME = __name__.rpartition(".")[2]
OUTPUTS = sorted(
    {
        value.output
        for wiring in GRAPH.values()
        for value in wiring.values()
        if isinstance(value, StepOutput) and value.step == NAME
    }
)


class Params(Frozen):
    model_config = ConfigDict(frozen=True, extra="allow")


Inputs = create_model("Inputs", __base__=Frozen, **dict.fromkeys(GRAPH[NAME], (Artifact | None, None)))
Outputs = create_model("Outputs", __base__=Frozen, report=(str, ...), **dict.fromkeys(OUTPUTS, (Artifact, ...)))


def run(inputs: Any, params: Params, work: Work) -> Any:
    endings = read_endings(inputs, work)
    ending = endings.get(NAME, "done")
    IN_A_POD[ending](work) if ending in IN_A_POD else ENDINGS[ending]()
    work.progress(1, 1, "toy")
    return Outputs(
        report="toy", **{name: work.put_bytes(json.dumps(endings).encode(), "application/json") for name in OUTPUTS}
    )


def read_endings(inputs: Any, work: Work) -> dict[str, str]:
    """How each step must end: ingest reads it from the photos' names, other steps pass it on."""
    if NAME == "ingest":
        stems = [Path(name).stem for name in work.tree(inputs.photos)]
        return dict(stem.split("-", 1) for stem in stems if "-" in stem)
    endings: dict[str, str] = {}
    for name in GRAPH[NAME]:
        value = getattr(inputs, name)
        if value is not None and isinstance(GRAPH[NAME][name], StepOutput):
            endings |= json.loads(work.read(value))
    return endings


def done() -> None:
    pass


def held() -> None:
    raise Held(
        "7 of 24 photos registered; the gap is 95-170 deg", code="sfm-too-few-poses", remedy="Shoot 6 more there"
    )


def bad() -> None:
    raise BadInput("DSC_0001.jpg is not a photo", remedy="Shoot it again")


def fail() -> None:
    raise RuntimeError("a toy failure")


def crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def slow() -> None:
    time.sleep(120)


def shop() -> None:
    """Publish two images of the product `mug`, by the real stage, which in this process is a toy."""
    root = Path(os.environ["CATALOG_STORE"]).parent
    program = f"ToyShoot(Path({str(root)!r}), {os.environ['CATALOG_DATABASE_URL']!r}, 'mug').publish(collection='toys')"
    program = f"from pathlib import Path; from tests.catalog.toy_shoot import ToyShoot; {program}"
    project = str(Path(__file__).parents[3])
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": project}, cwd=project, check=True)


def hungry(_work: Work) -> None:
    """Need 80 MiB of memory more than others."""
    for _ in range(8):
        HOARD.append(bytearray(10 * 2**20))  # zeroed, hence touched only when it is written
        HOARD[-1][::4096] = b"x" * len(HOARD[-1][::4096])


def litter(work: Work) -> None:
    """Leave 50 MiB in scratch, and stay until the node notices."""
    (Path(os.environ["TMPDIR"]) / "litter").write_bytes(b"x" * 50 * 2**20)
    for second in range(300):
        work.progress(second, 300, "waiting for the node")
        time.sleep(1)


def fit(work: Work) -> None:
    """Count to 40, a second each, from the snapshot of a stopped try."""
    first = int(work.load_snapshot() or b"0")
    for number in range(first, 40):
        work.save_snapshot(str(number).encode())
        work.progress(number, 40, f"counting from {first}")
        time.sleep(1)


HOARD: list[bytearray] = []
IN_A_POD = {"hungry": hungry, "litter": litter, "fit": fit}  # of tests/kubernetes
ENDINGS = {"done": done, "held": held, "bad": bad, "fail": fail, "crash": crash, "slow": slow, "shop": shop}
STAGE = Stage(NAME, 1, Inputs, Params, Outputs, run, cached=NAME != "publish")
