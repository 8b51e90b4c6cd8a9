"""A finished step as a file: its request, its outputs, and how they were computed."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from pipeline.contract.artifact import Artifact, Sha256, canonical_json, digest_of
from pipeline.core.domain import Frozen, Name
from pipeline.core.errors import Held


class Request(Frozen):
    """Everything that changes a step's result. Its digest is the step's key."""

    stage: str
    version: int
    params: dict[str, Any]
    inputs: dict[str, Any]

    @property
    def key(self) -> str:
        """SHA-256 of the request's canonical JSON."""
        return digest_of(canonical_json(self.model_dump(mode="json")))


class Provenance(Frozen):
    """The circumstances of a computation. Nothing in here changes pixels."""

    started_at: str
    seconds: float
    peak_memory_mb: float
    device: str
    host: str
    versions: dict[str, str]
    image_digest: str | None = None
    cost_usd: float = 0.0


class HeldReason(Frozen):
    """Why a step was held and what a person can do about it; `code` and `passing` as in `errors.Held`.

    `picture`: PNG that shows why. `by`: the step above that was held and holds this one, None if it holds itself.
    """

    what: str
    remedy: str
    code: str | None = None
    passing: bool = False
    picture: Artifact | None = None
    by: Name | None = None

    @classmethod
    def of(cls, held: Held, picture: Artifact | None = None) -> Self:
        """The part of a Held that a manifest records; `picture` is where its picture is stored."""
        return cls(what=held.what, remedy=held.remedy, code=held.code, passing=held.passing, picture=picture)

    def below(self, step: str) -> "HeldReason":
        """The reason of a step that needs `step`, which this reason holds: it only points to the first held step."""
        by = self.by or step
        return HeldReason(what=f"held by {by}", remedy="", code=self.code, passing=self.passing, by=by)

    def error(self) -> Held:
        """The Held again, without its picture."""
        return Held(self.what, code=self.code, remedy=self.remedy, passing=self.passing)


class HeldAbove(Held):
    """A step cannot run because a step above it is held. `key`: that step's."""

    def __init__(self, step: str, manifest: "Manifest") -> None:
        """`manifest`: that of `step`, which is held. Raises ValueError if it is not."""
        if manifest.held is None:
            raise ValueError(f"step {step} is not held")
        self.reason = manifest.held.below(step)
        self.key = manifest.key
        super().__init__(self.reason.what, code=self.reason.code, passing=self.reason.passing)


class Item(Frozen):
    """A step inside a step: one photo of ingest, one asset of composite."""

    stage: str
    key: Sha256
    computed: bool = Field(description="False if the results came from an earlier manifest")


class Manifest(Frozen):
    """Written last, under the request's key: the commit point of a step. Either `outputs` or `held` is set."""

    key: Sha256
    request: Request
    outputs: dict[str, Any] | None = None
    held: HeldReason | None = None
    items: dict[str, Item] = {}
    provenance: Provenance

    @property
    def made(self) -> dict[str, Any]:
        """What the step left behind: its outputs, or the picture of why it is held."""
        if self.held is not None and self.held.picture is not None:
            return {"picture": self.held.picture.model_dump(mode="json")}
        return self.outputs or {}


def artifacts_in(values: Mapping[str, Any]) -> dict[str, Artifact]:
    """The artifacts among a request's inputs or a manifest's outputs, by name."""
    return {
        name: Artifact.model_validate(value)
        for name, value in values.items()
        if isinstance(value, dict) and "sha256" in value
    }
