"""A headless Chromium for tests of pages: the machine's own, driven by Playwright, drawing without a GPU."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_THE_CPU = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; one at a time. Skips the test when the machine has none."""
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = next(filter(None, map(shutil.which, NAMES)), str(own) if own.exists() else None)
        if found is None:
            pytest.skip("no Chromium here: `apt-get install chromium` or `.venv/bin/playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=found, args=ON_THE_CPU)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, width: int = 1000, height: int = 800, **more: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page in a context of its own, and the addresses that it asks for, as it goes."""
    context = browser.new_context(viewport={"width": width, "height": height}, **more)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    context.on("request", note)
    try:
        yield context.new_page(), asked
    finally:
        context.close()


def pixels(page: Page) -> np.ndarray:
    """What the page shows: [H, W, 3] float64, 0 to 255."""
    with Image.open(io.BytesIO(page.screenshot(timeout=120_000))) as shown:
        return np.asarray(shown.convert("RGB"), np.float64)
