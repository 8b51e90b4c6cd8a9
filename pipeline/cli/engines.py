"""Commands that run one engine alone on plain folders: sfm and cutout."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from pipeline.cli.output import EngineSettings, Json, bar, checked, engine_params, engines_help, print_json, writing
from pipeline.core.errors import EXIT_HELD
from pipeline.core.photo.notes import by_note
from pipeline.core.shoot_files import by_reason
from pipeline.imaging.cutout.registry import ENGINES

if TYPE_CHECKING:
    from pipeline.imaging.cutout.files import CutReport


class Rig(StrEnum):
    """How the photos were taken: a still camera before a turning product, or a camera that walks around it."""

    turntable = "turntable"
    handheld = "handheld"


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    for command in (sfm, cutout):
        app.command()(command)


def cutout(
    images: Annotated[list[Path], typer.Argument(help="image files of one shoot, or a folder of them")],
    out: Annotated[Path, typer.Option(help="folder for the PNGs, <stem>.png; existing files are not overwritten")],
    engine: Annotated[str, typer.Option(help=engines_help(ENGINES))] = ENGINES.names[0],
    seed_box: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(help="left top right bottom, 0 to 1, of a box that is surely product in every image"),
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="folder of a segmentation checkpoint")] = None,
    settings: EngineSettings = None,
    as_json: Json = False,
) -> None:
    """Cut the product out of images of one shoot, to RGBA PNGs with straight alpha.

    Ends with code 20 if a matte is not to be believed.
    """
    import tempfile

    from pipeline.imaging.cutout.files import cut_files
    from pipeline.stages.cutout.sources import SeedSources

    params = engine_params(ENGINES, engine, {"seed_box": seed_box, "checkpoint": checkpoint}, settings or [])
    with bar("cutout") as progress, writing(out), tempfile.TemporaryDirectory() as scratch:
        report = cut_files(
            images,
            out,
            params,
            progress,
            lambda photos: SeedSources(photos, dict.fromkeys(photos), Path(scratch)).sources,
        )
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _print(report)
    if report.untried or any(file.fault for file in report.files):
        raise typer.Exit(EXIT_HELD)


def _print(report: "CutReport") -> None:
    _print_notes({file.source: file.notes for file in report.files})
    for line in by_reason(report.left_out):
        Console().print(f"[yellow]left out[/], {escape(line)}", soft_wrap=True)
    for file in report.files:
        result = f"[yellow]{escape(file.fault)}[/]" if file.fault else f"{file.coverage:.0%} product"
        dropped = f" (without {escape(', '.join(file.dropped))})" if file.dropped else ""
        Console().print(f"{escape(file.written)}: {result}{dropped}, {file.seconds:.1f} s", soft_wrap=True)
    if report.untried:
        Console().print(f"[yellow]{len(report.untried)} more images were not tried[/]", soft_wrap=True)
    Console().print(f"engine {report.engine} ({escape(report.why)})", soft_wrap=True)


def _print_notes(notes: Mapping[str, Sequence[str]]) -> None:
    for line in by_note(notes):
        Console().print(escape(line), soft_wrap=True)


def sfm(
    photos_dir: Annotated[Path, typer.Argument(help="a folder of photos")],
    out: Annotated[Path, typer.Option(help="a new folder for the COLMAP workspace: images/ and sparse/0/")],
    masks: Annotated[
        Path | None,
        typer.Option(help="folder of cut-outs, <stem>.png: match the product alone, and write images/ as RGBA"),
    ] = None,
    rig: Annotated[Rig, typer.Option(help="how the photos were taken, which fixes the product frame")] = Rig.turntable,
    front: Annotated[str | None, typer.Option(help="the photo at azimuth 0; default: the first")] = None,
    max_side_px: Annotated[int | None, typer.Option(help="photos are matched at this long side; default: 1200")] = None,
    as_json: Json = False,
) -> None:
    """Reconstruct cameras, poses and points in the product frame from a folder of photos, as a COLMAP workspace."""
    from pipeline.posing.coverage import CoverageParams
    from pipeline.posing.folder import pose_folder
    from pipeline.posing.sfm.request import PoseParams

    params = checked(PoseParams, {"rig": rig.value, "max_side_px": max_side_px})
    with bar("sfm") as progress, writing(out):
        progress(0, 1, str(photos_dir))
        posed = pose_folder(photos_dir, out, masks, params, front=front)
    if as_json:
        print_json({**posed.report.model_dump(mode="json"), **posed.model_dump(mode="json", exclude={"report"})})
        return
    report = posed.report
    for photo in posed.unusable:
        Console().print(f"[yellow]{escape(photo.name)}[/]: {escape(photo.reason)}", soft_wrap=True)
    _print_notes(posed.notes)
    for stray, distance_deg in report.strays.items():
        Console().print(f"[yellow]{stray}[/]: left out, {distance_deg:.1f}° off its ring (try --rig handheld)")
    if report.by_order:
        Console().print("sides of the product look alike: only photos that follow each other in order were matched")
    if report.up.confidence < CoverageParams().min_up_confidence:
        Console().print(f"[yellow]up is uncertain[/]: {report.up.source}, confidence {report.up.confidence:.2f}")
    Console().print(
        f"{report.registered} of {report.photos} photos registered, {report.reprojection_error_px:.2f} px,"
        f" {report.points} points, {report.seconds:.0f} s, {report.peak_memory_mb:.0f} MB -> {posed.out}",
        soft_wrap=True,
    )
