"""The pages over a toy shoot, and clients that are signed in as a viewer, a reviewer or an admin."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient
from PIL import Image

from pipeline.catalog.review.actors import Role
from pipeline.core.errors import CatalogError
from pipeline.pages.access import User, csrf_token
from pipeline.pages.app import build_pages
from pipeline.settings import Settings
from tests.catalog.toy_shoot import ToyShoot

ADDRESS = "http://pages.test"
ASSET = "MUG-1/front/white/shop"


class NamedAccess:
    """Takes the user's role from a header, as a login would give it."""

    secret = b"s" * 32
    origins: frozenset[str] = frozenset()
    hosts: tuple[str, ...] | None = None

    async def user(self, request: Request) -> User:
        role = request.headers.get("x-role")
        if role is None:
            raise HTTPException(401, "Sign in.")
        return User(role, Role[role.upper()], f"session of {role}")


@dataclass
class RecordedRedo:
    """Remembers what was asked for."""

    asked: list[tuple[str, str, str]]
    fault: CatalogError | None = None

    async def start(self, request: Request, run_id: str, asset: str, text: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.asked.append((run_id, asset, text))


def photo(colour: str = "teal", size: tuple[int, int] = (60, 40)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "JPEG")
    return data.getvalue()


@dataclass
class Site:
    """The pages and what is behind them."""

    pages: FastAPI
    settings: Settings
    redo: RecordedRedo
    shoot: ToyShoot

    def client(self, role: str | None = None) -> TestClient:
        """A browser of a user; without a role nobody is signed in."""
        headers = {"origin": ADDRESS} | ({"x-role": role} if role else {})
        if role:
            headers["x-csrf-token"] = self.token(role)
        return TestClient(self.pages, ADDRESS, headers=headers, follow_redirects=False)

    @staticmethod
    def token(role: str) -> str:
        return csrf_token(NamedAccess.secret, User(role, Role[role.upper()], f"session of {role}"))


def site_in(folder: Path, verdict: str = "published") -> Site:
    """The pages over the store and the catalog in `folder`."""
    settings = Settings(store=folder / "store", database_url=f"sqlite:///{folder}/catalog.db")
    photos = {"A.jpg": photo("teal"), "B.jpg": photo("tan")}
    shoot = ToyShoot(folder, settings.catalog_url, photos=photos, verdict=verdict)
    redo = RecordedRedo([])
    return Site(build_pages(NamedAccess(), settings, redo), settings, redo, shoot)


def make(folder: Path, verdict: str = "published", **published: object) -> Site:
    """The pages over one published toy shoot of two photos."""
    site = site_in(folder, verdict)
    site.shoot.publish(**published)
    return site


@pytest.fixture
def make_site(tmp_path: Path) -> Callable[..., Site]:
    """Make a site of a test's own."""
    return partial(make, tmp_path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that the tests of a file only read."""
    return make(tmp_path_factory.mktemp("site"))
