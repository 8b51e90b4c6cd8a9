import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli.app import app
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot


@pytest.fixture(autouse=True)
def shoot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyShoot:
    """A published mug in the store and catalog of the settings."""
    url = f"sqlite:///{tmp_path}/catalog.db"
    monkeypatch.setenv("CATALOG_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("CATALOG_DATABASE_URL", url)
    monkeypatch.delenv("CATALOG_FILE_NAMES", raising=False)
    monkeypatch.chdir(tmp_path)
    shoot = ToyShoot(tmp_path, url)
    shoot.publish()
    return shoot


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_assets_have_the_path_of_their_file(shoot: ToyShoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_STORE", "store")  # beside the current folder
    assets = json.loads(call("assets", "--json").stdout)["assets"]
    assert [Path(asset["path"]).name for asset in assets] == [asset["sha256"] for asset in assets]
    assert all(Path(asset["path"]).is_absolute() for asset in assets)
    assert Path(assets[0]["path"]).read_bytes().endswith(b">composite_shop")


def test_table_of_assets_says_how_to_get_the_files() -> None:
    hint = "`catalog fetch --out DIR` copies them under readable names"
    assert call("assets").stdout.splitlines()[-1] == hint
    assert hint not in call("assets", "--sku", "CUP").stdout


def test_files_are_fetched_under_readable_names(tmp_path: Path) -> None:
    done = call("fetch", "--out", "shop")
    assert done.exit_code == 0, done.output
    assert done.stdout == "2 files in shop: 2 written, 0 unchanged, 0 removed; manifest.csv lists them\n"
    names = ["MUG-1/front_white_shop.png", "MUG-1/left_white_shop.png"]
    assert [row["file"] for row in csv.DictReader((tmp_path / "shop/manifest.csv").open())] == names
    assert all((tmp_path / "shop" / name).is_file() for name in names)


def test_json_names_what_was_done(tmp_path: Path) -> None:
    call("fetch", "--out", "shop")
    (tmp_path / "shop/MUG-1/front_white_shop.png").write_bytes(b"mine")
    done = json.loads(call("fetch", "--out", "shop", "--angle", "front", "--json").stdout)
    assert done == {
        "folder": "shop",
        "manifest": "shop/manifest.csv",
        "written": ["MUG-1/front_white_shop.png"],
        "unchanged": 0,
        "removed": ["MUG-1/left_white_shop.png"],
        "kept": {"MUG-1/front_white_shop.png": "MUG-1/front_white_shop.changed-1.png"},
        "left": [],
    }


def test_changed_files_are_named(tmp_path: Path) -> None:
    call("fetch", "--out", "shop")
    for angle in ("front", "left"):
        (tmp_path / f"shop/MUG-1/{angle}_white_shop.png").write_bytes(b"mine")
    shown = call("fetch", "--out", "shop", "--angle", "front").stdout
    assert "front_white_shop.png had been changed and is kept as MUG-1/front_white_shop.changed-1.png\n" in shown
    assert "left_white_shop.png is not selected any more, but had been changed and stays\n" in shown


def test_the_template_is_a_setting_or_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_FILE_NAMES", "{angle}-{sku}.{ext}")
    call("fetch", "--out", "shop")
    assert (tmp_path / "shop/front-MUG-1.png").is_file()
    monkeypatch.setenv("CATALOG_FILE_NAMES", "{nothing}")
    call("fetch", "--out", "shop", "--template", "{digest}.{ext}")
    assert not (tmp_path / "shop/front-MUG-1.png").exists()
    assert len(list((tmp_path / "shop").glob("*.png"))) == 2


@pytest.mark.parametrize("arguments", [[], ["--template", "{sku}.{ext}"]])
def test_a_wrong_template_is_named_by_where_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("CATALOG_FILE_NAMES", "{sku}.{ext}" if not arguments else "{sku}/{angle}.{ext}")
    done = call("fetch", "--out", "shop", *arguments)
    assert isinstance(done.exception, BadInput)
    where = "--template" if arguments else "CATALOG_FILE_NAMES"
    assert str(done.exception).endswith(f"Add {{angle}} to the template '{{sku}}.{{ext}}' in {where}")
    assert not (tmp_path / "shop").exists()


def test_a_mistyped_name_empties_no_folder(tmp_path: Path) -> None:
    call("fetch", "--out", "shop")
    assert isinstance(call("fetch", "--out", "shop", "--sku", "MUG").exception, BadInput)
    assert (tmp_path / "shop/MUG-1/front_white_shop.png").is_file()


def test_a_state_without_files_empties_the_folder(tmp_path: Path) -> None:
    call("fetch", "--out", "shop")
    done = call("fetch", "--out", "shop", "--state", "in review")
    assert done.stdout == "0 files in shop: 0 written, 0 unchanged, 2 removed; manifest.csv lists them\n"
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["manifest.csv"]
