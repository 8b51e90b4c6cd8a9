"""Every route, walked: without a login, with too small a role, from another site, without the pages' token."""

import asyncio
from typing import Any

from fastapi.routing import APIRoute

from pipeline.catalog.review.actors import Role
from pipeline.pages.access import SAFE_METHODS
from pipeline.pages.app import PUBLIC, api_routes, role_of
from tests.pages.conftest import ADDRESS, ASSET, Site

VALUES = {
    "asset:path": ASSET,
    "sku:path": "MUG-1",
    "run_id:path": "night-1",
    "sha256": "0" * 64,
    "other": "1" * 64,
    "name": "pages.css",
}


def address_of(route: APIRoute) -> str:
    address = route.path
    for name, value in VALUES.items():
        address = address.replace(f"{{{name}}}", value)
    assert "{" not in address, f"name a value for {address}"
    return address


def walked(site: Site) -> list[tuple[str, str, Role]]:
    """Every (method, address, role) that needs a login."""
    found = [
        (method, address_of(route), needs.role)
        for route in api_routes(site.pages)
        if (needs := role_of(route)) is not None
        for method in sorted(route.methods)
    ]
    assert {"GET", "POST"} <= {method for method, _, _ in found}
    assert {Role.VIEWER, Role.REVIEWER, Role.ADMIN} == {role for _, _, role in found}
    return found


def test_every_route_is_refused_without_a_login(site):
    for method, address, _ in walked(site):
        response = site.client().request(method, address)
        assert response.status_code == 401, (method, address)
        assert "MUG-1" not in response.text


def test_only_style_and_login_are_public(site):
    assert {route.path for route in api_routes(site.pages) if role_of(route) is None} <= PUBLIC
    assert site.client().get("/static/pages.css").status_code == 200


def test_every_route_is_refused_with_too_small_a_role(site):
    for method, address, role in walked(site):
        if role > Role.VIEWER:
            smaller = Role(role - 1).word
            assert site.client(smaller).request(method, address).status_code == 403, (method, address)


def test_every_change_from_another_site_is_refused(site):
    for method, address, role in walked(site):
        if method in SAFE_METHODS:
            continue
        for forged in ({"origin": "http://elsewhere.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
            response = site.client(role.word).request(method, address, headers=forged)
            assert response.status_code == 403, (method, address, forged)
        silent = site.client(role.word)
        del silent.headers["origin"]
        assert silent.request(method, address).status_code == 403, (method, address)


def test_every_change_without_the_token_of_the_user_is_refused(site):
    for method, address, role in walked(site):
        if method in SAFE_METHODS:
            continue
        others = next(each.word for each in Role if each != role)
        for token in ("", "0" * 64, "é", site.token(others)):
            response = site.client(role.word).request(method, address, headers={"x-csrf-token": token.encode()})
            assert response.status_code == 403, (method, address, token)


def test_every_page_forbids_scripts_and_requests_from_elsewhere(site):
    for address in ("/board", f"/assets/{ASSET}", "/no-such-page", "/pictures/x"):
        response = site.client("viewer").get(address)
        policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "<script>" not in response.text and " style=" not in response.text and "onclick" not in response.text


def test_a_request_of_a_gigabyte_is_refused_before_it_is_read(site):
    read, sent = [], []

    async def receive() -> dict[str, Any]:
        read.append(1)
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": len(read) < 10_000}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"host", b"pages.test")]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/decisions", "raw_path": b"/decisions"}
    scope |= {"headers": headers, "query_string": b"", "scheme": "http", "server": ("pages.test", 80)}
    asyncio.run(site.pages(scope, receive, send))
    assert sent[0]["status"] == 413 and len(read) == 3


def test_a_proxy_that_rewrites_the_host_is_named_by_its_origin(site):
    site.pages.state.access.origins = frozenset({"https://shop.example"})
    try:
        client = site.client("reviewer")
        changes = [address for method, address, role in walked(site) if method == "POST" and role == Role.REVIEWER]
        assert changes
        for address in changes:
            assert client.post(address, headers={"origin": "https://shop.example"}).status_code != 403
    finally:
        del site.pages.state.access.origins


def test_unknown_addresses_show_nothing_of_the_catalog(site):
    assert ADDRESS not in site.client().get("/no-such-page").text
