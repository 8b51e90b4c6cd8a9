"""The catalog's pages as a web application that Airflow mounts."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


class LazyPages:
    """An ASGI application that is built when the first request comes: every task of Airflow imports the plugin too."""

    def __init__(self) -> None:
        self._pages: Callable[..., Awaitable[None]] | None = None

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Hand the request to the pages."""
        if self._pages is None:
            from catalog_pages.pages import build_pages

            self._pages = build_pages()
        await self._pages(scope, receive, send)
