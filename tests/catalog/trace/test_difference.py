from pathlib import Path

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.trace.difference import read_difference
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import FRONT, LEFT, OTHER_PHOTOS


def test_another_photo_is_found_as_the_cause(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    shoot.but(photos=OTHER_PHOTOS).publish()
    difference = read_difference(catalog, LEFT)
    assert (difference.old.number, difference.new.number, difference.same_bytes) == (1, 2, False)
    assert difference.causes == ("ingest_photo A",)
    titles = [step.title for step in difference.steps]
    assert titles[0] == "composite_shop_photo left/white/shop"
    assert set(titles[1:]) == {"render_angle left", "splat", "cutout_photo A", "ingest_photo A"}
    assert all(step.change == "changed" and not step.settings for step in difference.steps)
    splat = next(step for step in difference.steps if step.title == "splat")
    assert [change.name for change in splat.inputs] == ["photos/A.png"]


def test_another_setting_is_found_as_the_cause(
    tmp_path: Path, catalog_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    monkeypatch.setattr("tests.catalog.toy_shoot.MATTING", {"engine": "matting", "checkpoint": "d" * 64})
    shoot.publish()
    difference = read_difference(catalog, FRONT)
    assert difference.causes == ("cutout_photo A",)
    cutout = next(step for step in difference.steps if step.title == "cutout_photo A")
    assert [(change.name, change.old, change.new) for change in cutout.settings] == [("checkpoint", "c" * 64, "d" * 64)]


def test_steps_that_only_one_version_has_are_added_or_removed(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    shoot.but(photos={"A.jpg": b"first photo"}).publish()
    removed = {step.title: step.change for step in read_difference(catalog, LEFT).steps}
    assert (removed["cutout_photo B"], removed["splat"]) == ("removed", "changed")
    added = {step.title: step.change for step in read_difference(catalog, LEFT, 2, 1).steps}
    assert added["ingest_photo B"] == "added"


def test_an_asset_with_one_version_has_nothing_to_compare(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url).publish()
    with pytest.raises(BadInput, match="has only one version"):
        read_difference(Catalog(catalog_url), FRONT)
    with pytest.raises(BadInput, match="no version 5"):
        read_difference(Catalog(catalog_url), FRONT, 1, 5)
