import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.export import export
from pipeline.catalog.review.decisions import decide
from pipeline.core.errors import BadInput
from tests.catalog.looks import look, published
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import EVE, FRONT, OTHER_PHOTOS


def test_pandas_reads_the_export(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url).publish()
    exported = export(Catalog(catalog_url), tmp_path / "out")
    frames = {path.stem: pd.read_parquet(path) for path in (tmp_path / "out").glob("*.parquet")}
    assert {name: len(frame) for name, frame in frames.items()} == exported.rows
    assets = frames["assets"].set_index("id")
    assert list(assets.index) == ["MUG-1/front/white/shop", "MUG-1/left/white/shop"]
    assert str(assets["published_at"].dtype).endswith("UTC]") and assets["published_at"].notna().all()
    assert assets["width_px"].tolist() == [10, 10] and assets["current"].tolist() == [True, True]
    assert frames["captions"]["title"].tolist() == ["Mug"]
    assert json.loads(frames["captions"]["attributes"][0]) == {"colour": "red"}
    assert frames["checks"].merge(frames["assets"], left_on="asset_id", right_on="id").shape[0] == 2
    photos = frames["step_inputs"].query("source_path == 'A.jpg' and path == ''")
    assert set(photos["step_id"]) <= set(frames["steps"]["id"])
    assert set(frames["steps"].set_index("id").loc[photos["step_id"], "stage"]) == {"ingest_photo"}


def test_empty_catalog_exports_empty_tables_with_columns(tmp_path: Path, catalog_url: str) -> None:
    export(Catalog(catalog_url), tmp_path / "out")
    assets = pd.read_parquet(tmp_path / "out" / "assets.parquet")
    assert len(assets) == 0 and {"id", "reasons", "published_at"} <= set(assets.columns)


def test_reasons_are_exported_as_lists(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url, verdict="rejected").publish()
    export(Catalog(catalog_url), tmp_path / "out")
    assert list(pd.read_parquet(tmp_path / "out" / "assets.parquet")["reasons"][0]) == ["edges halo"]


def test_versions_and_decisions_are_exported(tmp_path: Path, catalog_url: str) -> None:
    shoot = ToyShoot(tmp_path, catalog_url)
    shoot.publish()
    decide(Catalog(catalog_url), [FRONT], "redo", EVE, settings={"light.strength": 0.7})
    shoot.but(photos=OTHER_PHOTOS).publish()
    export(Catalog(catalog_url), tmp_path / "out")
    versions = pd.read_parquet(tmp_path / "out" / "asset_versions.parquet").query(f"asset_id == '{FRONT}'")
    assert versions["number"].tolist() == [1, 2] and versions["replaced_at"].isna().tolist() == [False, True]
    reviews = pd.read_parquet(tmp_path / "out" / "reviews.parquet")
    assert reviews["sha256"].tolist() == versions["sha256"].tolist()[:1]
    assert json.loads(reviews["settings"][0]) == {"light.strength": 0.7}


def test_vectors_are_exported_as_float32(tmp_path: Path, catalog_url: str) -> None:
    published(Catalog(catalog_url), "CUP", look(3, 4))
    export(Catalog(catalog_url), tmp_path / "out")
    vectors = pd.read_parquet(tmp_path / "out" / "vectors.parquet").set_index("kind")
    assert np.frombuffer(vectors.loc["photo", "vector"], "<f4").tolist() == pytest.approx([0.6, 0.8])


def test_earlier_export_is_replaced(tmp_path: Path, catalog_url: str) -> None:
    export(Catalog(catalog_url), tmp_path / "out")
    ToyShoot(tmp_path, catalog_url).publish()
    export(Catalog(catalog_url), tmp_path / "out")
    assert len(pd.read_parquet(tmp_path / "out" / "assets.parquet")) == 2


def test_folder_with_other_files_is_refused_and_unchanged(tmp_path: Path, catalog_url: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "assets.parquet").write_bytes(b"mine")
    with pytest.raises(BadInput, match="files of other origin"):
        export(Catalog(catalog_url), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["assets.parquet"]
    assert (tmp_path / "out" / "assets.parquet").read_bytes() == b"mine"


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path, catalog_url: str) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(BadInput, match="cannot be written"):
        export(Catalog(catalog_url), tmp_path / "out")
