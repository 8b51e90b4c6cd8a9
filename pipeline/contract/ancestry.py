"""From finished manifests to lineage: which step read which bytes, and which step had made them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any, NamedTuple

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


class Maker(NamedTuple):
    """A step that made some bytes: its key and, if it ran as an item of another step, its name."""

    key: str
    item: str


@dataclass(frozen=True)
class Ancestry:
    """All steps and items behind a plan's outputs, each after what it was made from."""

    manifests: tuple[Manifest, ...]
    inputs: tuple[Edge, ...]
    outputs: tuple[Edge, ...]
    makers: Mapping[str, tuple[Maker, ...]]  # by digest: the last step to make the bytes, or its items
    lost: tuple[str, ...]  # items whose manifest is missing; their step counts as the maker of their files

    def producer(self, artifact: Artifact, reader: str = "") -> str | None:
        """Key of the step that made these bytes for `reader`, a path or an item's name; None when no step made them."""
        return _nearest(self.makers.get(artifact.sha256, ()), reader)


def ancestry(store: Store, upstream: Mapping[str, Manifest]) -> Ancestry:
    """Walk the manifests of a plan's steps, given in the order of the plan, and those of their items.

    The same bytes can be made more than once: rendering passes a cut-out on, or two angles get the same white backdrop.
    A reader's source is the step nearest above it; an item rather than the step that it ran in, because the item names
    the one photo; and of several such items the one whose name is most like the reader's.
    """
    walk = _Walk(store)
    for manifest in upstream.values():
        walk.step(manifest, "")
    return Ancestry(
        manifests=tuple(walk.manifests.values()),
        inputs=tuple(walk.inputs),
        outputs=tuple(walk.outputs),
        makers={sha256: tuple(makers) for sha256, makers in walk.makers.items()},
        lost=tuple(walk.lost),
    )


@dataclass
class _Walk:
    store: Store
    manifests: dict[str, Manifest] = field(default_factory=dict)
    inputs: list[Edge] = field(default_factory=list)
    outputs: list[Edge] = field(default_factory=list)
    makers: dict[str, list[Maker]] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    trees: dict[str, dict[str, Artifact]] = field(default_factory=dict)

    def step(self, manifest: Manifest, item: str) -> list[tuple[str, Maker]]:
        """Record a step and its items; return what they made. Later steps see it when the whole step is recorded."""
        whole = list(self.edges(manifest.key, manifest.request.inputs))
        for edge in whole:
            if edge.path and edge.artifact.sha256 not in self.makers:
                self.sources.setdefault(edge.artifact.sha256, edge.path)
        read = [self.sourced(edge, item) for edge in whole]
        made = list(self.edges(manifest.key, manifest.made))
        making = self.items_of(manifest)
        if manifest.key not in self.manifests:
            self.manifests[manifest.key] = manifest
            self.inputs += read
            self.outputs += made
        by_items = {sha256 for sha256, _ in making}
        own = Maker(manifest.key, item)
        making += [(edge.artifact.sha256, own) for edge in made if edge.artifact.sha256 not in by_items]
        if not item:
            self.remember(making)
        return making

    def items_of(self, manifest: Manifest) -> list[tuple[str, Maker]]:
        """Record the items of a step, each after those before it, which it may have read from."""
        making: list[tuple[str, Maker]] = []
        for name, item in manifest.items.items():
            manifest_of_item = self.store.manifest(item.stage, item.key)
            if manifest_of_item is None:
                self.lost.append(f"{manifest.request.stage}[{name}]")
                continue
            made = self.step(manifest_of_item, name)
            for sha256, maker in made:
                self.makers.setdefault(sha256, [maker])
            making += made
        return making

    def remember(self, making: list[tuple[str, Maker]]) -> None:
        """Make these the makers of their bytes, in place of those further up."""
        fresh: dict[str, list[Maker]] = {}
        for sha256, maker in making:
            fresh.setdefault(sha256, []).append(maker)
        self.makers |= fresh

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

    def sourced(self, edge: Edge, reader: str) -> Edge:
        """The edge with what made its bytes, as known so far."""
        producer = _nearest(self.makers.get(edge.artifact.sha256, ()), edge.path or reader)
        source = None if producer else self.sources.get(edge.artifact.sha256)
        return replace(edge, producer=producer, source_path=source)


def _nearest(makers: Sequence[Maker], reader: str) -> str | None:
    """Of several makers of the same bytes, the one whose name shares most leading parts with the reader's."""
    wanted = PurePosixPath(reader).parts

    def alike(maker: Maker) -> int:
        own = PurePosixPath(maker.item).parts
        return sum(
            1
            for _ in takewhile(
                lambda pair: pair[0] in {pair[1], PurePosixPath(pair[1]).stem}, zip(own, wanted, strict=False)
            )
        )

    return max(makers, key=alike).key if makers else None


def _artifacts(values: Mapping[str, Any]) -> Iterable[tuple[str, Artifact]]:
    for name, value in values.items():
        if not isinstance(value, dict):
            continue
        if value.keys() == Artifact.model_fields.keys():
            yield name, Artifact.model_validate(value)
        else:
            yield from ((f"{name}.{inner}", artifact) for inner, artifact in _artifacts(value))
