"""Starts a shoot again on a reviewer's wish: under Airflow as a run of a DAG, under `catalog ui` in the background."""

from typing import Protocol

from fastapi import Request


class Redo(Protocol):
    """Makes assets again."""

    async def start(self, request: Request, run_id: str, asset: str, text: str) -> None:
        """Start the run `run_id`, which makes the asset again as `text` asks for.

        Raises CatalogError when it cannot be started.
        """
        ...
