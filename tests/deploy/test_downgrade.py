"""`python -m deploy.downgrade`: the way back to an older release."""

import pytest
from sqlalchemy import text

from deploy.downgrade import main
from pipeline.catalog.database import NEWEST, Catalog
from pipeline.core.errors import BadInput


def revision_of(catalog: Catalog) -> str:
    with catalog.read() as session:
        return str(session.scalar(text("SELECT version_num FROM alembic_version")))


@pytest.fixture(name="catalog")
def _catalog(catalog_url: str, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    monkeypatch.setenv("CATALOG_DATABASE_URL", catalog_url)
    return Catalog(catalog_url)


def test_tables_go_back_to_an_earlier_migration_and_forward_again(catalog: Catalog, catalog_url: str) -> None:
    main(["0012"])
    assert revision_of(catalog) == "0012"
    assert revision_of(Catalog(catalog_url)) == NEWEST


def test_an_unknown_migration_is_refused_with_those_that_exist(catalog: Catalog) -> None:
    with pytest.raises(BadInput, match=rf"no migration '12'.*0001, .*{NEWEST}"):
        main(["12"])
    assert revision_of(catalog) == NEWEST


def test_without_a_migration_the_usage_is_shown() -> None:
    with pytest.raises(SystemExit, match="usage"):
        main([])
