"""What a stage is: a function of frozen Inputs and Params to Outputs, with a name and a version."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pipeline.contract.manifest import Request
from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry

if TYPE_CHECKING:
    from pipeline.contract.work import Work

I = TypeVar("I", bound=Frozen)  # noqa: E741 - Inputs, Params and Outputs read best by their initials
P = TypeVar("P", bound=Frozen)
O = TypeVar("O", bound=Frozen)  # noqa: E741


@dataclass(frozen=True)
class Stage(Generic[I, P, O]):
    """A stage, or one item of a stage.

    `inputs` has fields of type `Artifact` or `Artifact | None`; `params` holds everything else that changes the result;
    `outputs` has fields of type `Artifact` or `Artifact | None` and a field `report` (a small Frozen).
    `run(inputs, params, work)` computes them. `version` is raised whenever the same request would give another result.
    `cached` False: always run (publish).
    `engines`: those that can do the work. `engine_field`: the field of `params` that holds the chosen engine's params.
    """

    name: str
    version: int
    inputs: type[I]
    params: type[P]
    outputs: type[O]
    run: "Callable[[I, P, Work], O]"
    gpu: bool = False
    cached: bool = True
    engines: Registry[Any] | None = None
    engine_field: str = ""

    def request(self, inputs: I, params: P) -> Request:
        """The request whose digest is this call's key."""
        return Request(
            stage=self.name,
            version=self.version,
            params=params.model_dump(mode="json"),
            inputs=inputs.model_dump(mode="json"),
        )


AnyStage = Stage[Any, Any, Any]
