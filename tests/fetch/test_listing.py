import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.database import Catalog
from pipeline.catalog.files import FileFilter
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput
from pipeline.fetch.listing import COLUMNS, FetchedFile, file_list, manifest_csv, read_manifest
from pipeline.fetch.names import parse_template
from tests.catalog.toy_shoot import ToyShoot
from tests.fetch.made import fetched, finished

ANGLES = parse_template("{sku}/{angle}.{ext}", "--template")


def rows(**given: str) -> list[dict[str, str]]:
    data = manifest_csv([FetchedFile(file="a.jpg", **finished("M/a/b/c", **given).model_dump()).row])
    return list(csv.DictReader(data.decode().splitlines(keepends=True)))


def test_file_list_names_the_files_of_the_catalog(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url).publish()
    files = file_list(Catalog(url), FileFilter(), ANGLES)
    assert [(file.asset_id, file.file) for file in files] == [
        ("MUG-1/front/white/shop", "MUG-1/front.png"),
        ("MUG-1/left/white/shop", "MUG-1/left.png"),
    ]
    assert Store(tmp_path / "store").read(files[0].artifact)


def test_two_assets_of_one_name_are_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url, channels=("shop", "feed")).publish()
    with pytest.raises(BadInput, match=r"would both be named 'MUG-1/front.png'. Add \{channel\}"):
        file_list(Catalog(url), FileFilter(), ANGLES)


def test_manifest_says_what_every_file_is(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(manifest_csv([fetched(Store(tmp_path / "store"), "M/ä.jpg", b"12345").row]))
    (row,) = pd.read_csv(tmp_path / "manifest.csv", parse_dates=["published_at"]).to_dict("records")
    assert tuple(row) == COLUMNS
    assert (row["file"], row["size_bytes"], row["width_px"], row["height_px"]) == ("M/ä.jpg", 5, 10, 12)
    assert (row["title"], row["alt_text"], row["state"], row["source"]) == ("Mug", "A mug", "published", "captured")
    assert row["published_at"].isoformat() == "2026-11-30T08:15:02+00:00"


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1"])
def test_text_that_a_spreadsheet_would_compute_is_quoted(text: str) -> None:
    assert rows(title=text)[0]["title"] == f"'{text}"
    assert rows(alt_text=text)[0]["alt_text"] == f"'{text}"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.text(st.sampled_from('a",;\n\r é')))
def test_manifest_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, title: str, alt: str) -> None:
    path = tmp_path_factory.mktemp("listing") / "manifest.csv"
    files = [
        FetchedFile(file=f"{angle}.jpg", **finished(f"M/{angle}/b/c", title=title, alt_text=alt).model_dump())
        for angle in ("left", "front")
    ]
    path.write_bytes(manifest_csv(file.row for file in files))
    assert read_manifest(path) == {file.file: file.row for file in files}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "other columns"),
        (b"sku,price\nMUG,12\n", "other columns"),
        (manifest_csv(()).replace(b",", b";"), "other columns"),
        (manifest_csv(()) + b"MUG,front.jpg\r\n", "entry 1 has not 12 columns"),
        (manifest_csv(()) + b"x," * 12 + b"x\r\n", "entry 1 has not 12 columns"),
        (manifest_csv(()) + b"M/a/b/c,../../etc/passwd" + b"," * 10 + b"\r\n", "'../../etc/passwd' of entry 1"),
        (manifest_csv(()) + b"M/a/b/c,/etc/passwd" + b"," * 10 + b"\r\n", "is an absolute path"),
        (manifest_csv(()) + b'"', "unexpected end of data"),
        (manifest_csv(()) + b"\xff\xfe", "decode"),
    ],
)
def test_a_manifest_that_fetch_did_not_write_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=f"is not the manifest.csv of an earlier fetch: .*{words}"):
        read_manifest(path)
