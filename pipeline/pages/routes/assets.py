"""The page of one asset, its photo in the same framing, and its files to download."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Annotated
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse
from starlette.background import BackgroundTask

from pipeline.catalog.layers import layers_of
from pipeline.catalog.lineage import LineageStep, read_lineage
from pipeline.catalog.queries import read_asset
from pipeline.catalog.review.actors import Role
from pipeline.catalog.review.log import replaced_by, review_log
from pipeline.catalog.trace.facts import Facts
from pipeline.core.errors import CatalogError
from pipeline.core.records import Check
from pipeline.pages.access import Viewer
from pipeline.pages.answers import PICTURE, ZIP, content
from pipeline.pages.before import before_of, beside_of
from pipeline.pages.downloads import alone, named_files
from pipeline.pages.forms import Number
from pipeline.pages.graph import lineage_graph
from pipeline.pages.links import address
from pipeline.pages.render import render
from pipeline.pages.thumbnails import Side
from pipeline.pages.tree import lineage_branches

router = APIRouter()


@router.get("/assets/{asset:path}")
def show_asset(
    request: Request,
    user: Viewer,
    asset: str,
    node: Annotated[str | None, Query(max_length=100)] = None,
    version: Number = None,
) -> HTMLResponse:
    """Show one asset as it is, or as an earlier version of it was. `node`: key of the step that is open in the lineage.

    Responds 404 for an unknown asset or version.
    """
    catalog = request.app.state.catalog
    lineage = read_lineage(catalog, asset, number=version)
    opened = next((step for step in lineage.steps if step.key == node), None)
    reviews = review_log(catalog, asset_id=asset, limit=5).rows
    return render(
        request,
        "asset.html",
        asset=lineage.detail.asset,
        lineage=lineage,
        checks=sorted(lineage.detail.checks, key=_urgency),
        reviews=reviews,
        replaces=replaced_by(catalog, asset) if lineage.detail.brief else (),
        undoable=next((review for review in reviews if review.holds), None),
        before=before_of(lineage),
        beside=beside_of(lineage),
        has_layers=bool(layers_of(catalog, lineage.detail.asset)),
        graph=lineage_graph(lineage),
        tree=lineage_branches(lineage),
        opened=opened,
        impact_urls=_impact_urls(request, opened) if opened else {},
        url=address(request, f"assets/{asset}"),
        back=address(request, f"assets/{asset}"),
        may_decide=user.role >= Role.REVIEWER,
        may_redo=request.app.state.redo is not None,
        may_withdraw=user.role >= Role.ADMIN,
    )


@router.get("/before/{asset:path}", response_class=Response, responses=PICTURE)
def send_before(
    request: Request,
    user: Viewer,
    asset: str,
    version: Number = None,
    side: Annotated[Side, Query()] = Side.LARGE,
) -> Response:
    """Send the photo of a captured asset in the asset's framing. Responds 404 where there is none."""
    state = request.app.state
    before = before_of(read_lineage(state.catalog, asset, number=version))
    if before is None:
        raise HTTPException(404, "No photo has the framing of this asset.")
    return Response(
        before.made(state.store, state.cache, side),
        media_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=300"},
    )


@router.get("/download/{asset:path}", response_class=FileResponse, responses=content("image/*"))
def send_file(request: Request, user: Viewer, asset: str) -> Response:
    """Send the finished file under a readable name."""
    (file,) = named_files(request, [asset])
    store = request.app.state.store
    if store.size_of(file.sha256) is None:
        raise HTTPException(404, f"The file of {asset} is not in the store. Run its shoot again.")
    folder = store.scratch("download")
    sent = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    path = store.file(file.artifact, folder)
    return FileResponse(path, media_type=file.media_type, filename=alone(file), background=sent)


@router.get("/layers/{asset:path}", response_class=StreamingResponse, responses=ZIP)
def send_layers(request: Request, user: Viewer, asset: str) -> Response:
    """Send the layers of the asset's angle and backdrop as one ZIP of PNG files."""
    view = read_asset(request.app.state.catalog, asset).asset
    layers = layers_of(request.app.state.catalog, view)
    if not layers:
        raise HTTPException(404, f"{view.id} has no layers.")
    (named,) = named_files(request, [asset])
    stem = alone(named).rpartition(".")[0]
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed already
        for name, sha256 in layers.items():
            try:
                data = request.app.state.store.read_object(sha256)
            except CatalogError as error:
                raise HTTPException(404, f"The layer {name}: {error}") from None
            archive.writestr(f"{stem}_{name}.png", data)
    file.seek(0)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(stem)}_layers.zip"}
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(1 << 16):
            yield piece


def _impact_urls(request: Request, step: LineageStep) -> dict[str, str]:
    """Where the pages show what else was made so, by the setting's name within the step."""
    prefix = step.stage.partition("_")[0] + "."
    return {
        fact.name.removeprefix(prefix): address(request, "impact", kind="checkpoint", of=fact.value)
        if fact.kind == "checkpoint"
        else address(request, "impact", kind="setting", of=f"{fact.name}={fact.value}")
        for fact in Facts().of(step.stage, step.params, step.report)
    }


def _urgency(check: Check) -> tuple[int, str]:
    """Failed checks first, then passed ones, then information."""
    return (1 if check.passed else 2 if check.passed is None else 0, check.name)
