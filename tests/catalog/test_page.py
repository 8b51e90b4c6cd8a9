from pathlib import Path

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.page import assets_page, lineage_page
from pipeline.catalog.queries import list_assets
from pipeline.catalog.shoots import HeldShoot
from tests.catalog.toy_shoot import ToyShoot

HOSTILE = "<script>alert(1)</script>"


def url(sha256: str, media_type: str) -> str | None:
    return f"/pictures/{sha256}" if media_type.startswith("image/") else None


def test_list_page_shows_every_asset_with_its_thumbnail(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url).publish(title=HOSTILE)
    assets = list_assets(Catalog(catalog_url))
    page = assets_page(assets, [], url, lambda asset: f"/lineage/{asset}")
    for asset in assets:
        assert f'href="/lineage/{asset.id}"' in page and f'src="/pictures/{asset.sha256}"' in page
    assert HOSTILE not in page and "&lt;script&gt;" in page


def test_empty_list_page_says_so() -> None:
    assert "No assets yet." in assets_page([], [], url, str)


def test_list_page_shows_held_shoots_with_their_pictures() -> None:
    held = HeldShoot(sku=HOSTILE, collection="autumn", reason="cutout: not found", pictures={"cutout": "a" * 64})
    page = assets_page([], [held], url, str)
    assert "cutout: not found" in page and HOSTILE not in page
    assert f'href="/pictures/{"a" * 64}?side=2000"' in page and f'src="/pictures/{"a" * 64}"' in page


def test_lineage_page_shows_every_step_and_photo(tmp_path: Path, catalog_url: str) -> None:
    photos = {f"{HOSTILE}.jpg".replace("/", "-"): b"first photo", "B.jpg": b"second photo"}
    ToyShoot(tmp_path, catalog_url, photos=photos).publish()
    lineage = read_lineage(Catalog(catalog_url), "MUG-1/left/white/shop")
    page = lineage_page(lineage, url, "/assets")
    for photo in lineage.sources():
        assert f'src="/pictures/{photo.sha256}"' in page
    for step in lineage.steps:
        assert step.key[:12] in page
    for text in ("engine matting", "c" * 64, "A mug", "fills the frame", "published"):
        assert text in page
    assert "<script>" not in page
    assert 'alt="A mug, left view"' in page and "A mug, front view" not in page


def test_asset_without_lineage_has_a_page(tmp_path: Path, catalog_url: str) -> None:
    ToyShoot(tmp_path, catalog_url).publish()
    lineage = read_lineage(Catalog(catalog_url), "MUG-1/left/white/shop")
    bare = lineage.model_copy(
        update={"steps": (), "edges": (), "detail": lineage.detail.model_copy(update={"caption": None})}
    )
    assert "no lineage for this asset" in lineage_page(bare, lambda *_: None, "/assets")


def test_long_lists_of_photos_and_steps_are_folded(tmp_path: Path, catalog_url: str) -> None:
    photos = {f"P{number:02}.jpg": f"photo {number}".encode() for number in range(24)}
    ToyShoot(tmp_path, catalog_url, photos=photos).publish()
    page = lineage_page(read_lineage(Catalog(catalog_url), "MUG-1/left/white/shop"), url, "/assets")
    assert all(f"<strong>{name}</strong>" in page for name in photos)
    assert "24 steps: cutout_photo P00 &hellip; cutout_photo P23" in page
