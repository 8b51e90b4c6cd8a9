"""Every route by its OpenAPI schema: whatever is sent, it answers as documented, and never with an error of its own."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    status_code_conformance,
)

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import read_asset
from pipeline.pages.app import ROUTES, api_routes
from pipeline.pages.local import LocalAccess, add_login
from tests.pages.conftest import ASSET, Site

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, negative_data_rejection]
OF_UI = {("get", "/login"), ("get", "/favicon.ico")}
OPERATIONS = sorted(
    {
        (method.lower(), route.path_format)
        for module in ROUTES
        for route in module.router.routes
        for method in route.methods
    }
    | OF_UI
)
LIMITED = {("get", "/board"), ("get", "/impact"), ("get", "/login")}
# what can be wrong: their queries, digests, and what is posted
CAN_BE_WRONG = [each for each in OPERATIONS if each[0] == "post" or each in LIMITED or "{sha256}" in each[1]]
# the toy shoot has no run, splat, layers or placement, nobody knows the token, and the others name what must exist
NOTHING_THERE = {
    "/before/{asset}",
    "/impact",
    "/layers/{asset}",
    "/login",
    "/runs/{run_id}",
    "/splats/{sku}",
    "/undo",
    "/withdrawal",
}
EXAMPLES = 10  # for each operation


@pytest.fixture(scope="module")
def schema(site: Site) -> schemathesis.BaseSchema:
    add_login(site.pages, LocalAccess(on_used=lambda token: None, name="me"))
    return schemathesis.openapi.from_dict(site.pages.openapi())


@pytest.fixture(scope="module")
def known(site: Site) -> dict[str, str]:
    """Values that lead somewhere, by parameter."""
    sha256 = read_asset(Catalog(site.settings.catalog_url), ASSET).asset.sha256
    return {"asset": ASSET, "sku": "MUG-1", "run_id": "night-1", "name": "pages.css", "sha256": sha256, "other": sha256}


def test_the_schema_has_every_route(site, schema):
    described = site.pages.openapi()["paths"]
    assert sorted((method, path) for path in described for method in described[path]) == OPERATIONS
    served = {(method.lower(), route.path_format) for route in api_routes(site.pages) for method in route.methods}
    assert served == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_route_answers_as_its_schema_says(site, schema, known, method, path):
    operation, client = schema[path][method], site.client("admin")
    statuses = set()

    @settings(max_examples=EXAMPLES // 2, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def answer_anything(case: Case) -> None:
        statuses.add(send(client, case).status_code)

    @settings(max_examples=EXAMPLES // 2, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def answer_what_leads_somewhere(case: Case) -> None:
        case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
        case.query = {name: value for name, value in case.query.items() if name in {"token", "side"}}
        if isinstance(case.body, dict):
            seen = f"{known['sha256']} {ASSET}"
            asset = ASSET if path == "/undo" else [seen]
            case.body |= {"back": "/board", "asset": asset, "decision": "approved"}
        statuses.add(send(client, case).status_code)

    answer_anything()
    answer_what_leads_somewhere()
    if path not in NOTHING_THERE:
        assert statuses & {200, 303}, f"nothing but {statuses}"


@pytest.mark.parametrize(("method", "path"), CAN_BE_WRONG)
def test_a_route_refuses_what_its_schema_does_not_allow(site, schema, method, path):
    operation, client = schema[path][method], site.client("admin")

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(GenerationMode.NEGATIVE))
    def answer(case: Case) -> None:
        send(client, case)

    answer()


def send(client, case: Case):
    """The response, which is as documented."""
    sent = case.as_transport_kwargs(base_url=str(client.base_url))
    response = client.request(**{name: value for name, value in sent.items() if name not in {"headers", "cookies"}})
    case.validate_response(response, checks=CHECKS)
    return response
