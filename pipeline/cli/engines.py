"""Commands that use one engine alone on plain folders: sfm and cutout."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from pipeline.cli.output import EngineSettings, Json, bar, checked, engine_params, engines_help, print_json, writing
from pipeline.imaging.cutout.registry import ENGINES


class Rig(StrEnum):
    """How the photos were taken."""

    turntable = "turntable"
    handheld = "handheld"


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    for command in (sfm, cutout):
        app.command()(command)


def cutout(
    images: Annotated[list[Path], typer.Argument(help="image files")],
    out: Annotated[Path, typer.Option(help="folder for <stem>.png; existing files are never overwritten")],
    engine: Annotated[str, typer.Option(help=engines_help(ENGINES))] = ENGINES.names[0],
    seed_box: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(help="left top right bottom, 0 to 1, of what is surely product in every image"),
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="folder of a segmentation checkpoint")] = None,
    settings: EngineSettings = None,
    as_json: Json = False,
) -> None:
    """Cut the product out of any images: RGBA PNGs with straight alpha."""
    from pipeline.imaging.cutout.files import cut_files

    params = engine_params(ENGINES, engine, {"seed_box": seed_box, "checkpoint": checkpoint}, settings or [])
    with bar("cutout") as tell, writing(out):
        report = cut_files(images, out, params, tell)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for file in report.files:
        words = f"[yellow]{escape(file.fault)}[/]" if file.fault else f"{file.coverage:.0%} product"
        Console().print(f"{file.written}: {words}, {file.seconds:.1f} s", soft_wrap=True)


def sfm(
    photos_dir: Annotated[Path, typer.Argument(help="a folder of photos")],
    out: Annotated[Path, typer.Option(help="a new folder for the COLMAP workspace: images/ and sparse/0/")],
    masks: Annotated[Path | None, typer.Option(help="folder of <stem>.png: the product; images/ become RGBA")] = None,
    rig: Annotated[Rig, typer.Option(help="how the product frame is found")] = Rig.turntable,
    front: Annotated[str | None, typer.Option(help="the photo at azimuth 0; default the first")] = None,
    max_side_px: Annotated[int | None, typer.Option(help="photos are matched at this long side; default 1200")] = None,
    as_json: Json = False,
) -> None:
    """Pose a folder of photos: cameras, poses and points in the product frame, as COLMAP writes them."""
    from pipeline.posing.folder import pose_folder
    from pipeline.posing.request import PoseParams

    params = checked(PoseParams, {"rig": rig.value, "max_side_px": max_side_px})
    with bar("sfm") as tell, writing(out):
        tell(0, 1, str(photos_dir))
        done = pose_folder(photos_dir, out, masks, params, front=front)
    if as_json:
        print_json({**done.report.model_dump(mode="json"), **done.model_dump(mode="json", exclude={"report"})})
        return
    report = done.report
    for photo in done.unusable:
        Console().print(f"[yellow]{photo.name}[/]: {escape(photo.reason)}", soft_wrap=True)
    for name, notes in done.notes.items():
        Console().print(f"{name}: {escape('; '.join(notes))}", soft_wrap=True)
    for stray, missed_deg in report.strays.items():
        Console().print(f"[yellow]{stray}[/]: left out, {missed_deg:.1f}° beside its ring (try --rig handheld)")
    Console().print(
        f"{report.registered} of {report.photos} photos registered, {report.reprojection_error_px:.2f} px,"
        f" {report.points} points, {report.seconds:.0f} s, {report.peak_memory_mb:.0f} MB -> {done.out}",
        soft_wrap=True,
    )
