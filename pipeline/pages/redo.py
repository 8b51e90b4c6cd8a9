"""Starts a shoot again on a reviewer's wish: under Airflow as a run of a DAG, under `catalog ui` in the background."""

from typing import Protocol

from fastapi import Request


class Redo(Protocol):
    """Makes a product's pictures again."""

    async def start(self, request: Request, run_id: str, sku: str, text: str) -> None:
        """Start the run `run_id`, which makes what `text` asks for of product `sku`.

        Raises CatalogError when it cannot be started.
        """
        ...
