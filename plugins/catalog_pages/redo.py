"""Redoes as runs of the DAG `catalog_request`, through Airflow's public API and with the reviewer's own rights."""

from typing import Any

import httpx
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.core_api.security import bearer_scheme
from fastapi import Request

from pipeline.core.errors import CatalogError

DAG_ID = "catalog_request"
DAG_PATH = f"/api/v2/dags/{DAG_ID}"


class AirflowRedo:
    """Triggers the DAG in this process: the API server calls itself, whatever its address is."""

    async def start(self, request: Request, run_id: str, asset: str, text: str) -> None:
        """Trigger the run. Raises CatalogError with Airflow's words when Airflow refuses it."""
        from airflow.api_fastapi.main import app  # the application that serves this request

        given = await bearer_scheme(request)
        token = given.credentials if given else request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            if _checked(await client.get(DAG_PATH))["is_paused"]:
                raise CatalogError(f"the DAG {DAG_ID} is paused", remedy="Unpause it in Airflow, then send this again")
            body = {
                "dag_run_id": run_id,
                "logical_date": None,
                "conf": {"sku": asset.partition("/")[0], "text": text, "asset": asset},
            }
            _checked(await client.post(f"{DAG_PATH}/dagRuns", json=body))


def _checked(response: httpx.Response) -> dict[str, Any]:
    """The JSON of a successful response. Raises CatalogError for any other."""
    if response.is_success:
        return dict(response.json())
    raise CatalogError(
        f"Airflow refused to start a run of {DAG_ID}: {response.status_code} {response.text[:200]}",
        remedy="Trigger it in Airflow, or ask for the right to",
    )
