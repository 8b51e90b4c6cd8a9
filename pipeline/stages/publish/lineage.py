"""Turns the manifests behind a shoot's outputs into the catalog's rows of lineage."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter

from pipeline.catalog.entries import InputEntry, ItemEntry, OutputEntry, StepEntry
from pipeline.contract.ancestry import Ancestry, Edge
from pipeline.contract.manifest import Manifest
from pipeline.core.domain import Frozen


def lineage_entries(lineage: Ancestry) -> dict[str, tuple[Frozen, ...]]:
    """The fields of a Publication that hold the lineage."""
    by_key = {manifest.key: manifest for manifest in lineage.manifests}
    return {
        "steps": tuple(_step(manifest, by_key) for manifest in lineage.manifests),
        "inputs": tuple(
            InputEntry(**_edge(edge), producer_key=edge.producer, source_path=edge.source_path)
            for edge in lineage.inputs
        ),
        "outputs": tuple(OutputEntry(**_edge(edge)) for edge in lineage.outputs),
        "items": tuple(
            ItemEntry(step_key=manifest.key, name=name, item_key=item.key, computed=item.computed)
            for manifest in lineage.manifests
            for name, item in manifest.items.items()
            if item.key in by_key
        ),
    }


def _edge(edge: Edge) -> dict[str, str | int]:
    artifact = edge.artifact
    return {
        "step_key": edge.step,
        "name": edge.name,
        "path": edge.path,
        "sha256": artifact.sha256,
        "media_type": artifact.media_type,
        "size_bytes": artifact.size,
    }


def _step(manifest: Manifest, by_key: Mapping[str, Manifest]) -> StepEntry:
    request, provenance = manifest.request, manifest.provenance
    items = [by_key[item.key].provenance for item in manifest.items.values() if item.computed and item.key in by_key]
    report = (manifest.outputs or {}).get("report")
    report = report if isinstance(report, dict) else {}
    settings = [request.params, *(value for value in request.params.values() if isinstance(value, dict))]
    requested = next((values["engine"] for values in settings if "engine" in values), None)
    engine = report.get("engine") or requested
    return StepEntry(
        key=manifest.key,
        stage=request.stage,
        version=request.version,
        engine=engine if isinstance(engine, str) else None,
        params=request.params,
        report=report,
        started_at=TypeAdapter(datetime).validate_python(provenance.started_at),
        own_seconds=max(0.0, provenance.seconds - sum(item.seconds for item in items)),
        own_cost_usd=max(0.0, provenance.cost_usd - sum(item.cost_usd for item in items)),
        held=manifest.held.what if manifest.held else None,
        remedy=manifest.held.remedy if manifest.held else None,
        **provenance.model_dump(
            include={"seconds", "peak_memory_mb", "cost_usd", "device", "host", "versions", "image_digest"}
        ),
    )
