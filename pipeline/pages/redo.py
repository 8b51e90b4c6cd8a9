"""Starts a shoot again on a reviewer's wish: under Airflow as a run of a DAG, under `catalog ui` in the background."""

from typing import Protocol

from fastapi import Request


class Redo(Protocol):
    """Makes a product's pictures again."""

    async def start(self, request: Request, sku: str, text: str) -> str:
        """Start making what `text` asks for of product `sku`; returns the name of the run.

        Raises CatalogError when it cannot be started.
        """
        ...
