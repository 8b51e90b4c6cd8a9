import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from pipeline.catalog.database import Catalog
from pipeline.cli.app import app
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput
from tests.catalog.looks import look, publication, published
from tests.imaging.products import make_product

LOOKS = {"CUP-1": look(1, 0.1, 0), "CUP-2": look(1, 0.2, 0), "HAT-1": look(0, 1, 0)}
COLOURS = {"CUP-1": (176, 92, 60), "CUP-2": (180, 96, 60), "HAT-1": (40, 120, 90)}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of a catalog with two cups and a hat; the second cup waits for review."""
    monkeypatch.setenv("CATALOG_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("CATALOG_DATABASE_URL", f"sqlite:///{tmp_path}/catalog.db")
    store = Store(tmp_path / "store")
    for sku, vector in LOOKS.items():
        published(Catalog(f"sqlite:///{tmp_path}/catalog.db"), sku, vector)
        picture = io.BytesIO()
        Image.fromarray(make_product(base=COLOURS[sku])).save(picture, "PNG")
        for entry in publication(sku, vector).vectors or ():
            path = Path(store.where(entry.sha256))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture.getvalue())
    return store


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["similar", *arguments])


def test_similar_lists_the_most_alike_product_first(store: Store) -> None:
    done = call("CUP-1", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [hit["sku"] for hit in found["hits"]] == ["CUP-2", "HAT-1"]
    table = call("CUP-1/front/white/shop", "--k", "1").stdout
    assert "CUP-2/front/white/shop" in table
    assert "HAT-1" not in table


def test_pairs_are_listed_and_accepted(store: Store) -> None:
    pairs = json.loads(call("--duplicates", "--json").stdout)["duplicates"]
    assert [(pair["sku"], pair["other"], pair["accepted"]) for pair in pairs] == [("CUP-2", "CUP-1", False)]
    assert call("HAT-1", "--duplicates").stdout.strip() == "no two products look alike"
    assert call("CUP-2", "--accept", "CUP-1").exit_code == 0
    assert json.loads(call("CUP-1", "--duplicates", "--json").stdout)["duplicates"][0]["accepted"] is True


def test_sheet_shows_what_was_found(store: Store, tmp_path: Path) -> None:
    sheet = tmp_path / "similar.png"
    assert call("CUP-1", "--sheet", str(sheet)).exit_code == 0
    pixels = np.asarray(Image.open(sheet).convert("RGB")).reshape(-1, 3).astype(int)
    assert pixels.shape[0] > 2000 * 600
    for sku in LOOKS:  # the colour of each product is on the sheet
        assert (np.abs(pixels - COLOURS[sku]).max(axis=1) < 12).sum() > 1000


def test_picture_missing_from_the_store_is_named(store: Store, tmp_path: Path) -> None:
    for entry in publication("HAT-1", LOOKS["HAT-1"]).vectors or ():
        Path(store.where(entry.sha256)).unlink(missing_ok=True)
    done = call("CUP-1", "--sheet", str(tmp_path / "sheet.png"))
    assert "HAT-1/p0 is not in the store" in str(done.exception)
    assert not (tmp_path / "sheet.png").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing to compare"),
        (("SHOE-9",), "SHOE-9"),
        (("--accept", "CUP-1"), "--accept"),
        (("CUP-1", "--sheet", "/nowhere/sheet.png"), "/nowhere/sheet.png cannot be written"),
    ],
)
def test_wrong_calls_are_one_clear_error(store: Store, arguments: tuple[str, ...], says: str) -> None:
    done = call(*arguments)
    assert isinstance(done.exception, BadInput)
    assert says in str(done.exception) and done.exception.remedy
