"""Lays a lineage out as a graph: one column per distance from the asset, photos at the left, the asset at the right.

A step that reads many alike steps (sfm reads every cut-out) would draw a line for each. Those that nothing else leads
to become one node that says how many they are.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from math import ceil
from statistics import fmean

from pipeline.catalog.lineage import Lineage, LineageStep, SourcePhoto

MANY = 4  # steps of one stage that one step reads, from which they are drawn as one
NODE_W, NODE_H, GAP_X, GAP_Y, MARGIN = 124, 60, 28, 18, 12  # px; NODE_W: at least
BESIDE, BESIDE_PICTURE = 24, 72  # px to the left and right of a title, without and with a picture
LETTER_W = 7.6  # px of a letter in bold, at most on average
PHOTOS = "photos"


@dataclass
class Node:
    """A box. `id`: a step's key, `photo <sha256>`, or `group <stage> <depth>`; `depth`: columns left of the asset."""

    id: str
    title: str
    step: LineageStep | None = None
    picture: str | None = None
    count: int = 1
    depth: int = 0
    x: int = 0
    y: float = 0.0
    w: int = NODE_W
    own: bool = False

    @property
    def seconds(self) -> float:
        """What the step took; 0 for photos and groups."""
        return self.step.seconds if self.step else 0.0


@dataclass
class Graph:
    """Nodes with their places in px, edges from what was read to what read it, and the size of the drawing."""

    nodes: list[Node]
    edges: list[tuple[Node, Node]]
    width: int = field(default=0)
    height: int = field(default=0)

    def is_own(self, edge: tuple[Node, Node]) -> bool:
        """Whether the edge lies on the way of the asset's own photo to the asset."""
        return edge[0].own and edge[1].own

    def path(self, edge: tuple[Node, Node]) -> str:
        """The SVG path of an edge, from the right side of what was read to the left side of its reader."""
        source, reader = edge
        x0, y0, x1, y1 = source.x + source.w, source.y + NODE_H / 2, reader.x, reader.y + NODE_H / 2
        bend = max(GAP_X, (x1 - x0) / 2)
        return f"M{x0} {y0:.0f}C{x0 + bend:.0f} {y0:.0f} {x1 - bend:.0f} {y1:.0f} {x1} {y1:.0f}"


def lineage_graph(lineage: Lineage) -> Graph | None:
    """The graph of an asset's lineage; None if the catalog has none."""
    if not lineage.steps:
        return None
    builder = _Builder(lineage)
    graph = Graph(list(builder.nodes.values()), builder.edges)
    _place(graph)
    return graph


class _Builder:
    """Collects the nodes and edges of one lineage."""

    def __init__(self, lineage: Lineage) -> None:
        self.lineage = lineage
        self.nodes: dict[str, Node] = {}
        self._drawn: set[tuple[str, str]] = set()
        self.edges: list[tuple[Node, Node]] = []
        for step in lineage.steps:
            self._add_edges(step)
        self._mark_own()

    @cached_property
    def _read(self) -> dict[str, dict[str, list[str]]]:
        """For each step: the steps that it read, by stage."""
        read: dict[str, dict[str, list[str]]] = {}
        for step in self.lineage.steps:
            by_stage: dict[str, list[str]] = defaultdict(list)
            for parent, _ in self.lineage.parents(step.key):
                by_stage[parent.stage].append(parent.key)
            read[step.key] = by_stage
        return read

    @cached_property
    def _depths(self) -> dict[str, int]:
        """For each step: the number of steps on the longest way from it to the asset."""
        depths = dict.fromkeys((step.key for step in self.lineage.steps), 0)
        read = {key: [each for keys in by_stage.values() for each in keys] for key, by_stage in self._read.items()}
        for key in reversed(list(TopologicalSorter(read).static_order())):  # readers before what they read
            for source in read[key]:
                depths[source] = max(depths[source], depths[key] + 1)
        return depths

    @cached_property
    def _alone(self) -> set[str]:
        """The steps drawn as a node each: of the asset's own photo, and on ways through steps that read few alike."""
        waiting = [step.key for step in self.lineage.steps if self._is_own(step.item)] + [self.lineage.steps[0].key]
        alone = set(waiting)
        while waiting:
            for keys in self._read[waiting.pop()].values():
                new = set() if len(keys) >= MANY else set(keys) - alone
                alone |= new
                waiting += new
        return alone

    @cached_property
    def _pictures(self) -> dict[str, str]:
        """The picture that stands for a step: the first one of its outputs that another step read."""
        pictures: dict[str, str] = {}
        for edge in self.lineage.edges:
            if edge.producer_key and edge.media_type.startswith("image/"):
                pictures.setdefault(edge.producer_key, edge.sha256)
        asset = self.lineage.detail.asset
        if asset.step_key:
            pictures[asset.step_key] = asset.sha256
        return pictures

    def _add_edges(self, step: LineageStep) -> None:
        reader = self._node(step)
        for keys in self._read[step.key].values():
            for key in keys:
                self._connect(self._node(self.lineage.step(key)), reader)
        for photo in self.lineage.sources(step.key):
            self._connect(self._photo(photo), reader)

    def _connect(self, source: Node, reader: Node) -> None:
        if source is not reader and (source.id, reader.id) not in self._drawn:
            self._drawn.add((source.id, reader.id))
            self.edges.append((source, reader))

    def _node(self, step: LineageStep) -> Node:
        depth = self._depths[step.key]
        if step.key in self._alone:
            node = Node(step.key, step.stage, step, self._pictures.get(step.key), own=self._is_own(step.item))
        else:  # of the same depth, so that no member of a group leads to another one
            node = Node(f"group {step.stage} {depth}", step.stage, picture=self._pictures.get(step.key), count=0)
        return self._add(node, step.key, depth)

    def _photo(self, photo: SourcePhoto) -> Node:
        """The node of a photo: one of its own for the asset's photo, and where there are few."""
        own = photo.name == self.lineage.photo
        depth = max(self._depths.values()) + 1
        if own or len(self.lineage.sources()) < MANY:
            node = Node(f"photo {photo.sha256}", photo.name, picture=photo.sha256, own=own)
        else:
            node = Node(f"group {PHOTOS}", PHOTOS, picture=photo.sha256, count=0)
        return self._add(node, photo.sha256, depth)

    def _add(self, node: Node, member: str, depth: int) -> Node:
        """The node of this id, with one more member if it is a group."""
        node = self.nodes.setdefault(node.id, node)
        node.depth = depth
        members = self._members[node.id]
        members.add(member)
        node.count = len(members)
        return node

    @cached_property
    def _members(self) -> dict[str, set[str]]:
        return defaultdict(set)

    def _mark_own(self) -> None:
        """Mark the way of the asset's own photo to the asset; a step that reads all photos is not on it."""
        moved = True
        while moved:
            moved = False
            for source, reader in self.edges:
                if source.own and not reader.own and self._hands_on(reader, source):
                    reader.own = moved = True

    def _hands_on(self, reader: Node, source: Node) -> bool:
        """Whether a step works on this source alone, or hands on the very bytes of this one of many."""
        if reader.step is None or source.step is None:
            return reader.step is not None and len(self.lineage.sources(reader.step.key)) < MANY
        few = len(self._read[reader.step.key][source.step.stage]) < MANY
        return few or bool(self._made[reader.step.key] & self._made[source.step.key])

    @cached_property
    def _made(self) -> dict[str, set[str]]:
        """The digests that each step made, as far as another step read them."""
        made: dict[str, set[str]] = defaultdict(set)
        for edge in self.lineage.edges:
            if edge.producer_key:
                made[edge.producer_key].add(edge.sha256)
        return made

    def _is_own(self, item: str | None) -> bool:
        return item is not None and item == self.lineage.detail.photo


def _place(graph: Graph) -> None:
    """Give every node its place: in each column the order of what reads it, centred on that."""
    readers: dict[str, list[Node]] = defaultdict(list)
    for source, reader in graph.edges:
        readers[source.id].append(reader)
    deepest = max(node.depth for node in graph.nodes)
    for depth in range(deepest + 1):
        column = [node for node in graph.nodes if node.depth == depth]
        wanted = {node.id: fmean([r.y for r in readers[node.id]] or [0.0]) for node in column}
        column.sort(key=lambda node: (not node.own, wanted[node.id], node.title))
        step = NODE_H + GAP_Y
        top = fmean(wanted.values()) - step * (len(column) - 1) / 2
        for row, node in enumerate(column):
            node.y = top + row * step
    _place_columns(graph, deepest)
    highest = min(node.y for node in graph.nodes)
    for node in graph.nodes:
        node.y += MARGIN - highest
    graph.height = round(max(node.y for node in graph.nodes)) + NODE_H + MARGIN


def _place_columns(graph: Graph, deepest: int) -> None:
    """Place the columns from left to right, each as wide as its longest name of a stage, which is never cut."""
    x = MARGIN
    for depth in range(deepest, -1, -1):
        column = [node for node in graph.nodes if node.depth == depth]
        width = max(NODE_W, *(_wanted_width(node) for node in column))
        for node in column:
            node.x, node.w = x, width
        x += width + GAP_X
    graph.width = x - GAP_X + MARGIN


def _wanted_width(node: Node) -> int:
    """The width with which the whole title fits; of a photo, whose name may be cut, that of twelve letters."""
    whole = max(len(node.title), len("9999 files"))  # a group's number of files is not cut either
    letters = whole if node.step or node.count > 1 else min(len(node.title), 12)
    return ceil((BESIDE_PICTURE if node.picture else BESIDE) + LETTER_W * letters)
