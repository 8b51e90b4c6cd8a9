from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.versions import list_versions
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import FRONT, LEFT, OTHER_PHOTOS, UNSURE


def test_bytes_that_were_published_stay_known_after_they_are_replaced(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    (first,) = list_versions(catalog, FRONT)
    shoot.publish()
    assert list_versions(catalog, FRONT) == [first], "an unchanged asset has no new version"
    shoot.but(photos=OTHER_PHOTOS).publish()
    shoot.publish()
    was, between, now = list_versions(catalog, FRONT)
    assert (was.sha256, was.published_at) == (first.sha256, first.published_at) == (now.sha256, first.made_at)
    assert was.replaced_at == between.made_at and between.replaced_at == now.made_at and now.replaced_at is None
    assert [version.number for version in (was, between, now)] == [1, 2, 3]


def test_the_version_of_an_asset_that_is_no_longer_made_ends(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    shoot.but(angles=("left",)).publish()
    (gone,) = list_versions(catalog, FRONT)
    assert gone.replaced_at is not None and gone.published_at is not None
    assert list_versions(catalog, LEFT)[-1].replaced_at is None
    shoot.publish()
    again = list_versions(catalog, FRONT)[-1]
    assert (again.number, again.sha256, again.replaced_at) == (2, gone.sha256, None)


def test_what_checks_say_now_replaces_what_they_said_of_the_same_bytes(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    shoot.but(verdict=UNSURE).publish()
    (version,) = list_versions(catalog, FRONT)
    assert (version.checked_state, version.reasons) == ("in review", ("edges halo",))
    assert version.published_at is not None, "it was published"


def test_lineage_is_that_of_the_version_made_at_a_time(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    before = read_lineage(catalog, FRONT)
    shoot.but(photos=OTHER_PHOTOS).publish()
    was, now = list_versions(catalog, FRONT)
    assert read_lineage(catalog, FRONT, as_of=was.made_at).steps == before.steps
    assert read_lineage(catalog, FRONT, as_of=now.made_at - timedelta(microseconds=1)).edges == before.edges
    assert read_lineage(catalog, FRONT, number=1).version == was
    for after in (read_lineage(catalog, FRONT, as_of=now.made_at), read_lineage(catalog, FRONT)):
        assert after.version == now
        assert {photo.sha256 for photo in after.sources()}.isdisjoint(photo.sha256 for photo in before.sources())
    with pytest.raises(BadInput, match=r"was not made at .* It was first made at"):
        read_lineage(catalog, FRONT, as_of=was.made_at - timedelta(seconds=1))
    with pytest.raises(BadInput, match="no version 7"):
        read_lineage(catalog, FRONT, number=7)
    with pytest.raises(BadInput, match="no asset 'MUG-1/x'"):
        list_versions(catalog, "MUG-1/x")


def test_an_asset_that_is_no_longer_made_keeps_its_lineage(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    shoot.publish()
    before = read_lineage(catalog, FRONT)
    shoot.but(angles=("left",)).publish()
    after = read_lineage(catalog, FRONT)
    assert (after.steps, after.edges) == (before.steps, before.edges)
    with pytest.raises(BadInput, match="was not made at"):
        read_lineage(catalog, FRONT, as_of=after.version.replaced_at)
