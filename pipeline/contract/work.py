"""What a stage may use while it runs: scratch folder, store, items, snapshots, progress reports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from pipeline.contract.artifact import Artifact, checked_tree_path
from pipeline.contract.budget import Budget
from pipeline.contract.manifest import Item, Manifest
from pipeline.contract.stage import Stage
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.media import JSON, media_type_of
from pipeline.core.stopping import raise_if_asked

I = TypeVar("I", bound=Frozen)  # noqa: E741 - as in stage.py
P = TypeVar("P", bound=Frozen)
O = TypeVar("O", bound=Frozen)  # noqa: E741


class Event(Frozen):
    """Something that happened to a step; shown as progress, and where tests kill a step.

    `usd`: of `paid`, what a service charged.
    """

    kind: Literal["cached", "started", "progress", "stored", "committing", "committed", "adopted", "held", "paid"]
    step: str
    text: str = ""
    done: int = 0
    total: int = 0
    usd: float = 0.0


class FinishedStep(NamedTuple, Generic[O]):
    """A step's outputs, its manifest, and whether this call computed them."""

    outputs: O
    manifest: Manifest
    computed: bool


class RunStep(Protocol):
    """Runs a step; the runner provides it, so that an item runs exactly like a step."""

    def __call__(self, stage: Stage[I, P, O], inputs: I, params: P, name: str) -> FinishedStep[O]: ...  # noqa: D102


@dataclass
class Work:
    """Passed to `run`. All side effects of a stage go through it."""

    step: str
    key: str
    store: Store
    scratch: Path
    notify: Callable[[Event], None]
    run_step: RunStep
    catalog_url: str | None = None  # a secret, so never a param; only publish reads it
    upstream: Mapping[str, Manifest] = field(
        default_factory=dict
    )  # finished steps of the plan; only publish reads them
    items: dict[str, Item] = field(default_factory=dict)
    cost_usd: float = 0.0
    budget: Budget | None = None

    def pay(self, usd: float) -> None:
        """Add what a service charged to the step's cost, and to what its run has paid."""
        self.cost_usd += usd
        self.notify(Event(kind="paid", step=self.step, usd=usd))
        if self.budget is not None:
            self.budget.pay(usd)

    def left_usd(self) -> float | None:
        """What the run may still pay. None: it has no limit."""
        return None if self.budget is None else self.budget.left_usd

    def path(self, artifact: Artifact) -> Path:
        """A read-only file with the artifact's bytes, for as long as the step runs.

        It has no file ending; detect its format by content.
        """
        return self.store.file(artifact, self.scratch)

    def read(self, artifact: Artifact) -> bytes:
        """The artifact's bytes."""
        return self.store.read(artifact)

    def tree(self, artifact: Artifact) -> dict[str, Artifact]:
        """The files of a folder artifact by relative path, sorted."""
        return self.store.tree(artifact)

    def folder(self, tree: Artifact, name: str) -> Path:
        """Link a folder artifact's files under the scratch folder by their relative paths; read-only."""
        root = self.scratch / checked_tree_path(name)
        for path, artifact in self.tree(tree).items():
            link = root / checked_tree_path(path)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(self.path(artifact).resolve())
        root.mkdir(parents=True, exist_ok=True)
        return root

    def put(self, path: Path) -> Artifact:
        """Store a file from the scratch folder."""
        artifact = self.store.put(path.read_bytes(), media_type_of(path.name))
        self.notify(Event(kind="stored", step=self.step, text=path.name))
        return artifact

    def put_bytes(self, data: bytes, media_type: str = JSON) -> Artifact:
        """Store bytes, by default as JSON."""
        artifact = self.store.put(data, media_type)
        self.notify(Event(kind="stored", step=self.step, text=media_type))
        return artifact

    def put_tree(self, files: Mapping[str, Artifact]) -> Artifact:
        """Store a folder made of stored files."""
        artifact = self.store.put_tree(files)
        self.notify(Event(kind="stored", step=self.step, text="tree"))
        return artifact

    def put_folder(self, root: Path) -> Artifact:
        """Store every regular file below `root` as one folder artifact."""
        names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        return self.put_tree({name: self.put(root / name) for name in names})

    def item(self, name: str, stage: Stage[I, P, O], inputs: I, params: P) -> O:
        """Run one item (one photo, one asset) as a step of its own: with its own key, manifest and resume."""
        finished = self.run_step(stage, inputs, params, f"{self.step}[{name}]")
        self.items[name] = Item(stage=stage.name, key=finished.manifest.key, computed=finished.computed)
        return finished.outputs

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Report how far the step is. Raises Stopped when the process was asked to stop."""
        raise_if_asked()
        self.notify(Event(kind="progress", step=self.step, text=text, done=done, total=total))

    def load_snapshot(self) -> bytes | None:
        """The state that `save_snapshot` last saved under this step's key, or None. Lets a killed fit resume."""
        return self.store.load_snapshot(self.key)

    def save_snapshot(self, state: bytes) -> None:
        """Save intermediate state under this step's key; the runner drops it when the step commits."""
        self.store.save_snapshot(self.key, state)
