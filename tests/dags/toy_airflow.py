"""A real Airflow with toy stages, over a catalog with one asset and shoots of every outcome."""

import io
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from deploy.local.client import Client
from deploy.local.home import LOGIN, PASSWORD, PROJECT
from tests.catalog.toy_shoot import ToyShoot
from tests.dags.airflow_up import Airflow, is_ready, start_up, until
from tests.dags.toy_shoots import write_toy_shoot
from tests.plugins.servers import Hook

NIGHTLY, BACKFILL, REQUEST = "catalog_nightly", "catalog_backfill", "catalog_request"


@contextmanager
def toy_airflow(root: Path, hook: Hook) -> Iterator[Airflow]:
    """An Airflow in `root`, whose notices go to `hook`; it is stopped at the end."""
    toy = PROJECT / "tests" / "dags" / "toy"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CATALOG_"))
    } | {
        "PYTHONPATH": os.pathsep.join([str(toy), str(PROJECT)]),
        "CATALOG_STORE": str(root / "store"),
        "CATALOG_SHOOTS": str(root / "shoots"),
        "CATALOG_RETRIES": "1",
        "CATALOG_RETRY_SECONDS": "0.1",
        "CATALOG_SHOOTS_PER_RUN": "4",
        "CATALOG_DEADLINE": "20s",
        "CATALOG_NOTIFY": "team",
        "AIRFLOW_CONN_TEAM": json.dumps({"conn_type": "http", "host": hook.url}),
    }
    (root / "home" / "dags").mkdir(parents=True)
    (root / "home" / "dags" / "shop_feed.py").write_text(shop_feed())
    photo = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(photo, "JPEG")
    ToyShoot(root, f"sqlite:///{root / 'catalog.db'}", photos={"A.jpg": photo.getvalue()}).publish()
    write_toy_shoot(root / "shoots", "tee")
    write_toy_shoot(root / "shoots", "mug", "sfm-held", "publish-shop")
    write_toy_shoot(root / "shoots", "bag", "ingest-bad", collection="bags")
    write_toy_shoot(root / "shoots", "hat", "ingest-fail")
    (write_toy_shoot(root / "shoots", "broken") / "shoot.yaml").write_text("sku: [")
    server = Airflow(root, start_up(root, environment), environment)
    try:
        until(lambda: is_ready(server))
        server.client = Client(server.home.running().url).login(LOGIN, PASSWORD)
        until(lambda: server.client.has_dag(NIGHTLY) and server.client.has_dag(BACKFILL))
        yield server
    finally:
        server.up.send_signal(signal.SIGTERM)
        server.up.wait()


def shop_feed() -> str:
    """The example of a DAG downstream, for the collection of the toys."""
    page = (PROJECT / "docs" / "airflow.md").read_text()
    (example,) = re.findall(r"```python\n(from airflow.sdk import Asset.*?)```", page, re.DOTALL)
    return example.replace("catalog://collection/sample", "catalog://collection/toys")
