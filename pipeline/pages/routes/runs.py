"""Nights and backfills: how each shoot ended, and what it took."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from pipeline.catalog.runs.costs import list_run_shoots, list_runs, read_run
from pipeline.pages.access import Viewer
from pipeline.pages.forms import Cursor, Text
from pipeline.pages.links import address
from pipeline.pages.render import render

SHOWN = 10  # runs of a page: the images of each are counted, of a large night 20,000

router = APIRouter()


@router.get("/runs")
def show_runs(request: Request, user: Viewer, cursor: Cursor = None) -> HTMLResponse:
    """Show the runs, the newest first."""
    page = list_runs(request.app.state.catalog, cursor=cursor, limit=SHOWN)
    return render(
        request,
        "runs.html",
        runs=page.rows,
        next_url=address(request, "runs", cursor=page.next) if page.next else None,
    )


@router.get("/runs/{run_id:path}")
def show_run(
    request: Request,
    user: Viewer,
    run_id: str,
    fate: Text = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Show one run: by step, and its shoots. Responds 404 for an unknown one."""
    catalog = request.app.state.catalog
    run, steps = read_run(catalog, run_id)
    page = list_run_shoots(catalog, run_id, fate=fate or None, cursor=cursor)
    path = f"runs/{run_id}"
    return render(
        request,
        "run.html",
        run=run,
        steps=steps,
        longest=max((step.seconds for step in steps), default=0.0),
        shoots=page.rows,
        fate=fate,
        fate_url=lambda name: address(request, path, fate=name),
        next_url=address(request, path, fate=fate, cursor=page.next) if page.next else None,
    )
