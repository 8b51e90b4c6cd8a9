from tests.catalog.databases import _catalog_url, _postgres_server  # noqa: F401 - fixtures
