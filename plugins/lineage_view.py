"""Adds the catalog's pages to Airflow's navigation, behind Airflow's login and roles."""

from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from catalog_pages import LazyPages

# the scheduler loads plugins before it forks its workers: no task has to import the graph of the stages by itself
from catalog_tasks import pool

PREFIX = "/catalog"
BASE_PATH = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


class CatalogPlugin(AirflowPlugin):
    """The pages, and the navigation entry `Catalog` that links to them."""

    name = "catalog"
    listeners = [pool]
    fastapi_apps = [{"app": LazyPages(), "url_prefix": PREFIX, "name": "Catalog"}]
    external_views = [
        {
            "name": "Catalog",
            "href": f"{BASE_PATH}{PREFIX}/board",
            "url_route": "catalog",
            "destination": "nav",
            "category": "browse",
        }
    ]
