"""The catalog's pages as an ASGI application that Airflow mounts."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


class LazyPages:
    """An ASGI application that is built on the first request, because every Airflow task imports the plugin too."""

    def __init__(self) -> None:
        self._pages: Callable[..., Awaitable[None]] | None = None

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Pass the request to the pages."""
        if self._pages is None:
            from catalog_pages.access import AirflowAccess
            from catalog_pages.redo import AirflowRedo
            from pipeline.pages.app import build_pages
            from pipeline.settings import read_settings

            self._pages = build_pages(AirflowAccess(), read_settings(), AirflowRedo())
        await self._pages(scope, receive, send)
