import io
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import Lineage, read_lineage
from pipeline.catalog.lineage_tree import lineage_tree
from pipeline.catalog.queries import list_assets
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot


def lineage_of(asset: str, tmp_path: Path, url: str) -> Lineage:
    ToyShoot(tmp_path, url).publish()
    return read_lineage(Catalog(url), asset)


def test_captured_asset_leads_to_its_single_photo(tmp_path: Path, catalog_url: str) -> None:
    lineage = lineage_of("MUG-1/front/white/shop", tmp_path, catalog_url)
    assert [step.title for step in lineage.steps] == [
        "composite_shop_photo front/white/shop",
        "render_angle front",
        "cutout_photo A",
        "ingest_photo A",
    ]
    assert [(photo.name, photo.sha256) for photo in lineage.sources()] == [
        ("A.jpg", ToyShoot(tmp_path, catalog_url).store.put(b"first photo", "image/jpeg").sha256)
    ]


def test_rendered_asset_leads_through_the_splat_to_every_photo(tmp_path: Path, catalog_url: str) -> None:
    lineage = lineage_of("MUG-1/left/white/shop", tmp_path, catalog_url)
    assert {step.title for step in lineage.steps} == {
        "composite_shop_photo left/white/shop",
        "render_angle left",
        "splat",
        "cutout_photo A",
        "cutout_photo B",
        "ingest_photo A",
        "ingest_photo B",
    }
    assert [photo.name for photo in lineage.sources()] == ["A.jpg", "B.jpg"]
    cutout = next(step for step in lineage.steps if step.title == "cutout_photo B")
    assert cutout.models == {"engine": "matting", "checkpoint": "c" * 64}
    assert [parent.title for parent, _ in lineage.parents(cutout.key)] == ["ingest_photo B"]


def test_source_photo_of_a_cutout_is_listed_first(tmp_path: Path, catalog_url: str) -> None:
    assert lineage_of("MUG-1/front/white/shop", tmp_path, catalog_url).detail.photo == "A"
    rendered = read_lineage(Catalog(catalog_url), "MUG-1/left/white/shop")
    assert rendered.detail.photo is None
    corrected = rendered.model_copy(update={"detail": rendered.detail.model_copy(update={"photo": "B"})})
    assert [photo.name for photo in corrected.sources()] == ["B.jpg", "A.jpg"]
    splat = next(step for step in corrected.steps if step.title == "splat")
    assert [parent.item for parent, _ in corrected.parents(splat.key)] == ["B", "A"]


def test_a_photo_is_shown_by_the_name_of_its_file(tmp_path: Path, catalog_url: str) -> None:
    lineage = lineage_of("MUG-1/front/white/shop", tmp_path, catalog_url)
    assert lineage.photo == "A.jpg"
    as_shot = {"A.jpg": "_MG 0001.JPG"}
    edges = [edge.model_copy(update={"path": as_shot.get(edge.path, edge.path)}) for edge in lineage.edges]
    edges = [edge.model_copy(update={"source_path": as_shot.get(edge.source_path or "")}) for edge in edges]
    detail = lineage.detail.model_copy(update={"photo": "MG-0001"})
    renamed = lineage.model_copy(update={"edges": tuple(edges), "detail": detail})
    assert renamed.photo == "_MG 0001.JPG"
    assert [photo.name for photo in renamed.sources()] == ["_MG 0001.JPG"]


def test_step_shared_by_angles_is_named_after_the_assets_own_angle(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url, angles=("front", "front-too"))  # both return the same cut-out
    shoot.publish()
    for angle in ("front", "front-too"):
        lineage = read_lineage(Catalog(catalog_url), f"MUG-1/{angle}/white/shop")
        assert lineage.steps[0].title == f"composite_shop_photo {angle}/white/shop"
    assert len({asset.step_key for asset in list_assets(Catalog(catalog_url))}) == 1


def test_costs_and_seconds_are_counted_once(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url)
    shoot.publish()
    lineage = read_lineage(Catalog(catalog_url), "MUG-1/left/white/shop")
    assert lineage.cost_usd == pytest.approx(sum(step.own_cost_usd for step in lineage.steps))
    assert len({step.key for step in lineage.steps}) == len(lineage.steps)


def test_terminal_tree_shows_steps_params_and_photos(tmp_path: Path, catalog_url: str) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(lineage_tree(lineage_of("MUG-1/left/white/shop", tmp_path, catalog_url)))
    text = console.export_text()
    for part in ("MUG-1/left/white/shop", "splat v1", "engine matting", "A.jpg", "B.jpg", "checkpoint=cccc"):
        assert part in text


def test_the_licence_of_every_checkpoint_behind_an_asset_is_shown(tmp_path: Path, catalog_url: str) -> None:
    lineage = lineage_of("MUG-1/left/white/shop", tmp_path, catalog_url)
    assert lineage.licences == ()
    licence = {"licence": "apache-2.0", "licence_use": "commercial", "licence_said_by": "[README].md"}
    cutouts = [step for step in lineage.steps if step.stage == "cutout_photo"]
    licensed = [step.model_copy(update={"params": {"matte": licence}}) for step in cutouts]
    painted = lineage.model_copy(update={"steps": (*lineage.steps, *licensed)})
    assert painted.licences == ("cutout: apache-2.0 (commercial, says [README].md)",)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(lineage_tree(painted))
    assert "licences: cutout: apache-2.0 (commercial, says [README].md)" in console.export_text()


def test_markup_in_photo_names_is_escaped(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url, photos={"[red]A.jpg": b"first photo"}).publish()
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(lineage_tree(read_lineage(Catalog(catalog_url), "MUG-1/left/white/shop")))
    assert "[red]A.jpg" in console.export_text()


def test_lineage_survives_a_json_round_trip(tmp_path: Path, catalog_url: str) -> None:
    lineage = lineage_of("MUG-1/left/white/shop", tmp_path, catalog_url)
    assert Lineage.model_validate_json(lineage.model_dump_json()) == lineage


def test_unknown_asset_is_reported(catalog_url: str) -> None:
    with pytest.raises(BadInput, match="'MUG-1/back/white/shop'"):
        read_lineage(Catalog(catalog_url), "MUG-1/back/white/shop")
