"""What a stage is: a function from frozen Inputs and Params to Outputs, with a name and a version."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pipeline.contract.manifest import Request
from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry
from pipeline.core.errors import BadInput

if TYPE_CHECKING:
    from pipeline.contract.work import Work

I = TypeVar("I", bound=Frozen)  # noqa: E741 - Inputs, Params and Outputs read best by their initials
P = TypeVar("P", bound=Frozen)
O = TypeVar("O", bound=Frozen)  # noqa: E741


@dataclass(frozen=True)
class Resources:
    """What a step's pod requests from the cluster, unless pods.yaml says otherwise (`pipeline/pods.py`).

    `memory` and `scratch` (room for temporary files) are Kubernetes quantities, such as 2Gi. `gpu`: whether the step
    can use a GPU; it gets one where CATALOG_DEVICE is cuda. The defaults fit a node of 4 cores and 16 GB, one GPU step
    and one other at a time.
    """

    cores: float = 2
    memory: str = "6Gi"
    scratch: str = "8Gi"
    gpu: bool = False


@dataclass(frozen=True)
class Stage(Generic[I, P, O]):
    """A stage, or one item of a stage.

    `inputs` has fields of type `Artifact` or `Artifact | None`; `params` holds everything else that changes the result;
    `outputs` has fields of type `Artifact` or `Artifact | None` and a field `report` (a small Frozen).
    `run(inputs, params, work)` computes them. `version` is raised whenever the same request would give another result.
    `resources` count for a whole stage; items run inside its process. `cached` False: always run (publish).
    `alters`: it may change how the product itself looks, so what it makes carries an `Alteration` and goes to review.
    `engines`: those that can do the work. `engine_field`: the field of `params` that holds the chosen engine's params.
    `requires` is given where params decide whether the engine is used at all, or where they name something else that a
    machine may lack; it returns what would run, "" for nothing, and raises MissingEngine or BadInput with a remedy.
    """

    name: str
    version: int
    inputs: type[I]
    params: type[P]
    outputs: type[O]
    run: "Callable[[I, P, Work], O]"
    resources: Resources = Resources()
    cached: bool = True
    alters: bool = False
    engines: Registry[Any] | None = None
    engine_field: str = ""
    requires: Callable[[P], str] | None = None

    def require_here(self, params: P) -> str:
        """Return which engine would run on this machine, "" for none.

        Raises MissingEngine or BadInput, naming the step, when this machine lacks what `params` ask for.
        """
        if self.requires is None:
            return "" if self.engines is None else self.engines.require_here(getattr(params, self.engine_field))
        try:
            return self.requires(params)
        except BadInput as error:
            raise type(error)(f"step {self.name}: {error.what}", remedy=error.remedy) from None

    def request(self, inputs: I, params: P) -> Request:
        """The request whose digest is this call's key."""
        return Request(
            stage=self.name,
            version=self.version,
            params=params.model_dump(mode="json"),
            inputs=inputs.model_dump(mode="json"),
        )


AnyStage = Stage[Any, Any, Any]
