"""Airflow's users on the catalog's pages: Airflow does not protect the routes of a plugin by itself."""

import hashlib
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user, requires_access_dag
from airflow.configuration import conf
from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from pipeline.catalog.review.actors import Role
from pipeline.pages.access import User

DAG_ID = "catalog_nightly"


class AirflowAccess:
    """Maps what a user may do with the DAG `catalog_nightly` to a role.

    viewer: may read it; reviewer: may trigger its runs; admin: may change it and Airflow's connections.
    """

    hosts: tuple[str, ...] | None = None  # Airflow's server and its proxy decide

    def __init__(self) -> None:
        key = conf.get_mandatory_value("api", "secret_key")
        self.secret = hashlib.sha256(b"catalog pages\n" + key.encode()).digest()
        address = urlsplit(conf.get("api", "base_url", fallback="") or "")
        self.origins = frozenset({f"{address.scheme}://{address.netloc}"} if address.netloc else ())

    async def user(self, request: Request) -> User:
        """The user by Airflow's session or token. Raises HTTPException 401 without one, 403 if no role suits them."""
        user = await get_user(request, None, await bearer_scheme(request))
        role = await run_in_threadpool(_role_of, request, user)
        if role is None:
            raise HTTPException(403, f"This needs the right to read the DAG {DAG_ID}.")
        return User(user.get_name(), role, user.get_id())


def _role_of(request: Request, user: BaseUser) -> Role | None:
    if not _may(request, user, "GET"):
        return None
    if not _may(request, user, "POST", DagAccessEntity.RUN):
        return Role.VIEWER
    is_admin = _may(request, user, "PUT") and get_auth_manager().is_authorized_connection(method="PUT", user=user)
    return Role.ADMIN if is_admin else Role.REVIEWER


def _may(request: Request, user: BaseUser, method: str, entity: DagAccessEntity | None = None) -> bool:
    """Whether Airflow's own rules let the user do this with the DAG."""
    try:
        requires_access_dag(method, entity, DAG_ID)(request, user)
    except HTTPException as error:
        if error.status_code != 403:
            raise
        return False
    return True
