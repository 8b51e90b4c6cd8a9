"""A plan: the steps of one shoot with everything known before the first of them runs. Written by `pipeline.plan`."""

from typing import Any

from pydantic import Field

from pipeline.contract.artifact import Artifact
from pipeline.core.domain import Frozen, Name


class StepOutput(Frozen):
    """An output of a step above. If that step is held, `optional` makes the input None; otherwise this step is held."""

    step: Name
    output: str
    optional: bool = False


class PlannedStep(Frozen):
    """One step: which stage, with which params, from which inputs."""

    stage: Name
    params: dict[str, Any] = {}
    inputs: dict[str, Artifact | StepOutput | None] = {}


class Plan(Frozen):
    """The steps of one shoot, in an order in which they can run."""

    sku: Name
    collection: Name
    source: str = Field(description="the folder that the shoot was read from")
    shoot: Artifact = Field(description="shoot.yaml as it was")
    photos: Artifact = Field(description="the photos as they were, a tree by file name")
    steps: dict[Name, PlannedStep]
