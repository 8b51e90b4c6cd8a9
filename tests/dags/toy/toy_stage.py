"""One toy stage, loaded under the name of each real one. Its inputs and outputs are those that the graph names."""

import json
import os
import signal
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
    wishes = read_wishes(inputs, work)
    ENDS[wishes.get(NAME, "done")]()
    work.progress(1, 1, "toy")
    return Outputs(
        report="toy", **{name: work.put_bytes(json.dumps(wishes).encode(), "application/json") for name in OUTPUTS}
    )


def read_wishes(inputs: Any, work: Work) -> dict[str, str]:
    """How each step is to end: ingest reads it from the photos' names, the others pass it on."""
    if NAME == "ingest":
        stems = [Path(name).stem for name in work.tree(inputs.photos)]
        return dict(stem.split("-", 1) for stem in stems if "-" in stem)
    found: dict[str, str] = {}
    for name in GRAPH[NAME]:
        value = getattr(inputs, name)
        if value is not None and isinstance(GRAPH[NAME][name], StepOutput):
            found |= json.loads(work.read(value))
    return found


def done() -> None:
    pass


def held() -> None:
    raise Held(
        "7 of 24 photos registered; the gap is 95-170 deg", code="sfm-too-few-poses", remedy="shoot 6 more there"
    )


def bad() -> None:
    raise BadInput("DSC_0001.jpg is no photo", remedy="shoot it again")


def fail() -> None:
    raise RuntimeError("a toy failure")


def crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def slow() -> None:
    time.sleep(120)


ENDS = {"done": done, "held": held, "bad": bad, "fail": fail, "crash": crash, "slow": slow}
STAGE = Stage(NAME, 1, Inputs, Params, Outputs, run, cached=NAME != "publish")
