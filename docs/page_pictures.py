"""Makes the pictures of the page "Pages": screenshots of the board, an asset and the review queue, of the samples.

`python -m docs.page_pictures` needs Chromium and a store in which both samples have been run with the preset demo; it
writes WebP files into docs/images.
"""

import io
import socket
import threading
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Page

from pipeline.cli.ui import listen
from pipeline.pages.app import build_pages
from pipeline.pages.local import LocalAccess, add_login
from pipeline.settings import read_settings
from tests.browser import chromium, open_page

IMAGES = Path(__file__).parent / "images"
ASSET = "mug-001/left/white/shopify"
WIDTH_PX, SHOWN_PX = 1400, 1100


def main() -> None:
    """Write the three pictures."""
    settings = read_settings()
    access = LocalAccess(lambda _: None, name="anna")
    pages = build_pages(access, settings, _NoRedo())
    add_login(pages, access)
    with listen(0) as listening:
        server = uvicorn.Server(uvicorn.Config(pages, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            _shoot(listening, access.token)
        finally:
            server.should_exit = True
            thread.join()


class _NoRedo:
    """Shows the button; nothing is sent while the pictures are taken."""

    async def start(self, *_: object) -> None:
        raise RuntimeError("no redo while the pictures are taken")


def _shoot(listening: socket.socket, token: str) -> None:
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with chromium() as browser, open_page(browser, WIDTH_PX, 900) as (page, _):
        page.goto(f"{address}/login?token={token}")
        page.wait_for_url("**/board")
        _save(page, "pages-board")
        page.goto(f"{address}/review", wait_until="networkidle")
        _save(page, "pages-review")
        page.goto(f"{address}/assets/{ASSET}", wait_until="networkidle")
        page.get_by_role("slider").fill("50")
        _save(page, "pages-asset")


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, WIDTH_PX)))
    picture.thumbnail((SHOWN_PX, SHOWN_PX))
    picture.save(IMAGES / f"{name}.webp", quality=82, method=6)


if __name__ == "__main__":
    main()
