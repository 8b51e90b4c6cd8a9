from tests.catalog.databases import _postgres_server  # noqa: F401 - fixture
