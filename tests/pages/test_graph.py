from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import Lineage, read_lineage
from pipeline.pages.graph import MARGIN, NODE_H, NODE_W, PHOTOS, Graph, lineage_graph
from tests.catalog.toy_shoot import ToyShoot


def traced(tmp_path: Path, asset: str, photos: int) -> Lineage:
    url = f"sqlite:///{tmp_path}/catalog.db"
    files = {f"P{number:02}.jpg": f"photo {number}".encode() for number in range(photos)}
    ToyShoot(tmp_path, url, photos=files).publish()
    return read_lineage(Catalog(url), asset)


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Lineage:
    return traced(tmp_path_factory.mktemp("many"), "MUG-1/left/white/shop", 24)


def drawn(lineage: Lineage) -> Graph:
    graph = lineage_graph(lineage)
    assert graph is not None
    return graph


def test_steps_that_are_read_together_are_one_node(many):
    graph = drawn(many)
    groups = {node.title: node.count for node in graph.nodes if node.step is None}
    assert groups == {"cutout_photo": 24, "ingest_photo": 24, PHOTOS: 24}
    assert sum(node.count for node in graph.nodes) == len(many.steps) + 24


def test_the_asset_is_at_the_right_and_photos_at_the_left(many):
    graph = drawn(many)
    places = {node.id: node.x for node in graph.nodes}
    assert max(places.values()) == places[many.steps[0].key]
    assert min(places.values()) == places[f"group {PHOTOS}"]
    assert all(source.x < reader.x for source, reader in graph.edges)


def test_no_two_nodes_overlap_and_all_are_inside(many):
    graph = drawn(many)
    for node in graph.nodes:
        assert 0 <= node.x <= graph.width - node.w and 0 <= node.y <= graph.height - NODE_H
        for other in graph.nodes:
            assert (
                other is node
                or other.x - node.x >= node.w
                or node.x - other.x >= other.w
                or abs(other.y - node.y) >= NODE_H
            )


def test_nodes_are_wide_enough_for_the_longest_stage_name(many):
    renamed = tuple(step.model_copy(update={"stage": "render_correction_of_a_splat"}) for step in many.steps[:1])
    graph = drawn(many.model_copy(update={"steps": (*renamed, *many.steps[1:])}))
    (long,) = [node for node in graph.nodes if node.title == "render_correction_of_a_splat"]
    (was,) = [node for node in drawn(many).nodes if node.id == long.id]
    assert long.w > was.w >= NODE_W
    assert graph.width == long.x + long.w + MARGIN
    for source, reader in graph.edges:
        assert source.x + source.w < reader.x


def test_the_photo_of_a_captured_asset_has_a_node_of_its_own(tmp_path):
    lineage = traced(tmp_path, "MUG-1/front/white/shop", 6)
    graph = drawn(lineage)
    own = [node.title for node in graph.nodes if node.own]
    assert {"P00.jpg", "ingest_photo", "cutout_photo"} <= set(own)
    assert any(graph.is_own(edge) and edge[1].id == lineage.steps[0].key for edge in graph.edges)


@st.composite
def lineages(draw: st.DrawFn, template: Lineage) -> Lineage:
    """Any lineage: steps of a few stages, each read by steps before it; the first one made the asset."""
    stages = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=14))
    steps = [
        template.steps[0].model_copy(update={"key": f"{number:064}", "stage": stage, "item": None})
        for number, stage in enumerate(stages)
    ]
    edges = []
    for number in range(1, len(steps)):
        for reader in draw(st.sets(st.integers(0, number - 1), min_size=1)):
            values = {"step_key": steps[reader].key, "producer_key": steps[number].key, "path": str(number)}
            edges.append(template.edges[0].model_copy(update=values))
    photo = {"step_key": steps[-1].key, "producer_key": None, "source_path": "A.jpg", "media_type": "image/jpeg"}
    edges.append(template.edges[0].model_copy(update=photo))
    return template.model_copy(update={"steps": tuple(steps), "edges": tuple(edges)})


@given(data=st.data())
def test_any_lineage_is_drawn_from_left_to_right_without_overlap(many, data):
    graph = drawn(data.draw(lineages(many)))
    assert all(source.x < reader.x for source, reader in graph.edges)
    for number, node in enumerate(graph.nodes):
        for other in graph.nodes[:number]:
            apart = max(other.x - node.x - node.w, node.x - other.x - other.w)
            assert apart >= 0 or abs(node.y - other.y) >= NODE_H


def test_an_asset_without_lineage_has_no_graph(many):
    assert lineage_graph(many.model_copy(update={"steps": (), "edges": ()})) is None
