"""`catalog ui`: the link works once, the cookie is strict, other hosts are refused."""

import pytest
from fastapi.testclient import TestClient

from pipeline.pages.app import build_pages
from pipeline.pages.local import COOKIE, LocalAccess, add_login

HOST = "http://127.0.0.1:8480"


@pytest.fixture
def served(site):
    links: list[str] = []
    access = LocalAccess(links.append)
    pages = build_pages(access, site.settings)
    add_login(pages, access)
    return pages, access, links


def test_the_link_opens_a_session_once_and_the_next_link_is_shown(served):
    pages, access, links = served
    first = access.token
    client = TestClient(pages, HOST)
    assert client.get("/board").status_code == 401
    response = client.get("/login", params={"token": first})
    assert response.status_code == 200 and "url=/board" in response.text
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert client.get("/board").status_code == 200
    assert links == [access.token] and access.token != first
    assert TestClient(pages, HOST).get("/login", params={"token": first}).status_code == 401
    assert TestClient(pages, HOST).get("/login", params={"token": access.token}).status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "é", "x" * 10_000])
def test_a_wrong_link_opens_nothing(served, token):
    client = TestClient(served[0], HOST)
    assert client.get("/login", params={"token": token}).status_code in {401, 422}
    assert COOKIE not in client.cookies


@pytest.mark.parametrize("cookie", ["", "made-up", "x" * 4000])
def test_a_made_up_cookie_is_refused(served, cookie):
    client = TestClient(served[0], HOST, cookies={COOKIE: cookie})
    assert client.get("/board").status_code == 401


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:8480", "127.0.0.1.attacker.example", "[::1]"])
def test_a_domain_pointed_at_this_machine_is_refused(served, host):
    pages, access, _ = served
    client = TestClient(pages, HOST)
    client.get("/login", params={"token": access.token})
    assert client.get("/board", headers={"host": host}).status_code == 400
