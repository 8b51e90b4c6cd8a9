"""From finished manifests to lineage: which step read which bytes, and which step had made them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.contract.artifact import TREE, Artifact
from pipeline.contract.manifest import Manifest
from pipeline.contract.store import Store


@dataclass(frozen=True)
class Edge:
    """Bytes that a step read or made. `path` is empty for the artifact itself, else a file's path in the folder.

    For bytes that were read: `producer` is the key of the step that had made them; None when they came with the shoot,
    and then `source_path` is their name in the shoot's folder, where that is known.
    """

    step: str
    name: str
    path: str
    artifact: Artifact
    producer: str | None = None
    source_path: str | None = None


@dataclass(frozen=True)
class Ancestry:
    """All steps and items behind a plan's outputs, each after what it was made from."""

    manifests: tuple[Manifest, ...]
    inputs: tuple[Edge, ...]
    outputs: tuple[Edge, ...]
    producers: Mapping[str, str]  # digest -> key of the step or item that made these bytes last
    lost: tuple[str, ...]  # items whose manifest the store no longer has; their step answers for their files


def ancestry(store: Store, upstream: Mapping[str, Manifest]) -> Ancestry:
    """Walk the manifests of a plan's steps, given in the order of the plan, and those of their items.

    The same bytes can be made twice (a cut-out that rendering passes on). The reader's source is then the step nearest
    above it, and an item rather than the step it ran in, because the item names the one photo.
    """
    walk = _Walk(store)
    for manifest in upstream.values():
        walk.step(manifest)
    return Ancestry(
        manifests=tuple(walk.manifests.values()),
        inputs=tuple(walk.inputs),
        outputs=tuple(walk.outputs),
        producers=walk.producers,
        lost=tuple(walk.lost),
    )


@dataclass
class _Walk:
    store: Store
    manifests: dict[str, Manifest] = field(default_factory=dict)
    inputs: list[Edge] = field(default_factory=list)
    outputs: list[Edge] = field(default_factory=list)
    producers: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    trees: dict[str, dict[str, Artifact]] = field(default_factory=dict)

    def step(self, manifest: Manifest) -> None:
        """Record a step after its items: what they read is known from the steps above, and from each other."""
        if manifest.key in self.manifests:
            return
        whole = list(self.edges(manifest.key, manifest.request.inputs))
        for edge in whole:
            if edge.path and edge.artifact.sha256 not in self.producers:
                self.sources.setdefault(edge.artifact.sha256, edge.path)
        made = list(self.edges(manifest.key, manifest.outputs or {}))
        read = [self.sourced(edge) for edge in whole]
        for name, item in manifest.items.items():
            found = self.store.manifest(item.stage, item.key)
            if found is None:
                self.lost.append(f"{manifest.request.stage}[{name}]")
            else:
                self.step(found)
        self.manifests[manifest.key] = manifest
        self.inputs += read
        self.outputs += made
        items = {item.key for item in manifest.items.values()}
        for edge in made:
            if self.producers.get(edge.artifact.sha256) not in items:
                self.producers[edge.artifact.sha256] = manifest.key

    def edges(self, key: str, values: Mapping[str, Any]) -> Iterator[Edge]:
        """One edge for each artifact among a step's inputs or outputs, and one for each file of a folder artifact."""
        for name, artifact in _artifacts(values):
            yield Edge(key, name, "", artifact)
            if artifact.media_type == TREE:
                for path, file in self.files(artifact).items():
                    yield Edge(key, name, path, file)

    def files(self, tree: Artifact) -> dict[str, Artifact]:
        """A folder artifact's files, read once."""
        if tree.sha256 not in self.trees:
            self.trees[tree.sha256] = self.store.tree(tree)
        return self.trees[tree.sha256]

    def sourced(self, edge: Edge) -> Edge:
        """The edge with what made its bytes, as known so far."""
        sha256 = edge.artifact.sha256
        producer = self.producers.get(sha256)
        source = None if producer else self.sources.get(sha256)
        return Edge(edge.step, edge.name, edge.path, edge.artifact, producer, source)


def _artifacts(values: Mapping[str, Any]) -> Iterable[tuple[str, Artifact]]:
    for name, value in values.items():
        if not isinstance(value, dict):
            continue
        if value.keys() == Artifact.model_fields.keys():
            yield name, Artifact.model_validate(value)
        else:
            yield from ((f"{name}.{inner}", artifact) for inner, artifact in _artifacts(value))
