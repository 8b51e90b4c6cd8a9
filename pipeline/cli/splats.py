"""Commands for splats: fit one to a COLMAP workspace, show it from any direction, turning, or in a browser."""

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console

from pipeline.cli.output import EngineSettings, Json, bar, checked, engine_params, engines_help, print_json
from pipeline.core.errors import BadInput
from pipeline.splatting.engines.registry import ENGINES
from pipeline.splatting.fit.strategy.registry import summaries

if TYPE_CHECKING:
    from pipeline.splatting.fit.params import PhotoSettings
    from pipeline.splatting.fit.report import FitReport


class Up(StrEnum):
    """The axis of a splat's world that points up."""

    z = "z"
    minus_z = "-z"
    y = "y"
    minus_y = "-y"


_STRATEGIES = "; ".join(f"{name}: {summary}" for name, summary in summaries().items())
SplatPly = Annotated[Path, typer.Argument(help="a 3DGS PLY, of `catalog splat` or another tool")]
UpAxis = Annotated[
    Up, typer.Option("--up", help="up axis of the file: z for ours and nerfstudio's, -y for COLMAP's and INRIA's")
]


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the `catalog` command."""
    for command in (splat, render, turntable, viewer):
        app.command()(command)


def splat(
    colmap_dir: Annotated[Path, typer.Argument(help="a folder with images/ and sparse/0/, as `catalog sfm` writes it")],
    out: Annotated[Path, typer.Option(help="PLY file to write; it must not exist")],
    engine: Annotated[str, typer.Option(help=engines_help(ENGINES))] = ENGINES.names[0],
    nerfstudio_method: Annotated[
        str | None,
        typer.Option(
            help="splatfacto, or nerfacto: a radiance field from which our Gaussians start; default: splatfacto"
        ),
    ] = None,
    iterations: Annotated[int | None, typer.Option(help="steps of the fit; default: 2500")] = None,
    holdout: Annotated[int | None, typer.Option(help="validate on every Kth photo; 0: on none; default: 8")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="shorten the schedule to end by then; default: 300")] = None,
    side_px: Annotated[int | None, typer.Option(help="long side of the photos in the fit; default: 1024")] = None,
    gaussians: Annotated[int | None, typer.Option(help="upper limit of Gaussians; default: 150000")] = None,
    strategy: Annotated[str | None, typer.Option(help=f"{_STRATEGIES}; default: mcmc")] = None,
    refine_poses: Annotated[
        bool | None, typer.Option("--refine-poses/--no-refine-poses", help="also optimize the poses of the photos")
    ] = None,
    matte: Annotated[bool, typer.Option(help="fit the product alone, using the alpha of images/*.png")] = True,
    settings: EngineSettings = None,
    as_json: Json = False,
) -> None:
    """Fit 3D Gaussians to posed photos and write a standard 3DGS PLY."""
    from pipeline.splatting.colmap_folder import fit_to_file
    from pipeline.splatting.fit.report import Hooks

    values = {
        "iterations": iterations, "holdout": holdout, "max_seconds": max_seconds, "side_px": side_px,
        "gaussians": gaussians, "refine_poses": refine_poses, "matte": matte, "strategy": strategy,
        "nerfstudio_method": nerfstudio_method,
    }  # fmt: skip
    params = cast("PhotoSettings", engine_params(ENGINES, engine, values, settings or []))
    with bar("splat") as progress:
        hooks = Hooks(progress=lambda now: progress(now.iteration, now.total, now.message))
        report = fit_to_file(colmap_dir, out, params, hooks)
    if as_json:
        print_json(report.model_dump(mode="json") | {"out": str(out)})
    else:
        _print_fit(report, out)


def _print_fit(report: "FitReport", out: Path) -> None:
    quality = "" if report.psnr_db is None else f"held out: {report.psnr_db:.2f} dB, SSIM {report.ssim:.3f}; "
    Console().print(
        f"{quality}{report.gaussians} Gaussians, {report.iterations} iterations in {report.seconds:.0f} s -> {out}",
        soft_wrap=True,
    )


def render(
    splat_ply: SplatPly,
    out: Annotated[Path, typer.Option(help="PNG file to write; it must not exist")],
    azimuth_deg: Annotated[float, typer.Option(help="0 is the front; counter-clockwise, seen from above")] = 0.0,
    elevation_deg: Annotated[float, typer.Option(help="degrees above the horizon")] = 0.0,
    size: Annotated[int, typer.Option(help="width and height in px", min=16, max=8192)] = 1024,
    focal_px: Annotated[float | None, typer.Option(help="focal length; default: 85 mm lens on 36 mm film")] = None,
    fill: Annotated[float, typer.Option(help="share of the picture that the product fills", min=0.05, max=1)] = 0.9,
    up: UpAxis = Up.z,
    as_json: Json = False,
) -> None:
    """Render a splat from any direction, framed to show all of it, as RGBA with straight alpha.

    Another tool's file does not say which side is the front. Azimuth 0 is then the view along +y if z is up, and along
    +z if -y is up.
    """
    from pipeline.core.process import peak_memory_mb
    from pipeline.splatting.show.render import render_to_file

    if out.suffix.lower() != ".png":
        raise BadInput(f"{out}: render writes PNG files, which keep the transparency", remedy="End --out in .png")
    began = time.perf_counter()
    splat = render_to_file(splat_ply, out, azimuth_deg, elevation_deg, size, focal_px=focal_px, fill=fill, up=up.value)
    seconds = round(time.perf_counter() - began, 3)
    if as_json:
        count = len(splat.gaussians.means)
        print_json(
            {"out": str(out), "seconds": seconds, "gaussians": count, "peak_memory_mb": round(peak_memory_mb(), 1)}
        )
    else:
        Console().print(f"{out}: {size} x {size} px, {seconds:.2f} s", soft_wrap=True)


def turntable(
    splat_ply: SplatPly,
    out: Annotated[Path, typer.Option(help=".webp (transparent) or .mp4 (on white) file to write; it must not exist")],
    frames: Annotated[int | None, typer.Option(help="frames of one turn; default: 48")] = None,
    elevation_deg: Annotated[float | None, typer.Option(help="degrees above the horizon; default: 15")] = None,
    size: Annotated[int | None, typer.Option(help="width and height in px; default: 512")] = None,
    seconds: Annotated[float | None, typer.Option(help="duration of one turn; default: 4")] = None,
    fill: Annotated[
        float | None, typer.Option(help="share of the picture that the product fills; default: 0.9")
    ] = None,
    up: UpAxis = Up.z,
    as_json: Json = False,
) -> None:
    """Animate one turn of a splat, starting at its front."""
    from pipeline.core.process import peak_memory_mb
    from pipeline.splatting.show.turntable import TurnParams, turn_to_file

    values = {"frames": frames, "elevation_deg": elevation_deg, "size": size, "seconds": seconds, "fill": fill}
    params = checked(TurnParams, values)
    began = time.perf_counter()
    with bar("turntable") as progress:
        splat = turn_to_file(splat_ply, out, params, up.value, progress)
    took, written = round(time.perf_counter() - began, 3), out.stat().st_size
    if as_json:
        count = len(splat.gaussians.means)
        shown = {"out": str(out), "frames": params.frames, "size": params.size, "bytes": written, "seconds": took}
        print_json({**shown, "gaussians": count, "peak_memory_mb": round(peak_memory_mb(), 1)})
    else:
        result = f"{params.frames} frames of {params.size} x {params.size} px, {written / 1e6:.1f} MB, {took:.1f} s"
        Console().print(f"{out}: {result}", soft_wrap=True)


def viewer(
    splat_ply: SplatPly,
    out: Annotated[Path, typer.Option(help="HTML file to write; it must not exist")],
    title: Annotated[str | None, typer.Option(help="title of the page; default: the PLY's name")] = None,
    up: UpAxis = Up.z,
    as_json: Json = False,
) -> None:
    """Write a splat as one HTML file that any browser opens, also offline, and turns by mouse or touch."""
    from pipeline.splatting.show.viewer import viewer_to_file

    began = time.perf_counter()
    with bar("viewer") as progress:
        progress(0, 1, str(splat_ply))
        splat = viewer_to_file(splat_ply, out, title, up.value)
    took, written = round(time.perf_counter() - began, 3), out.stat().st_size
    if as_json:
        print_json({"out": str(out), "bytes": written, "gaussians": len(splat.gaussians.means), "seconds": took})
    else:
        Console().print(f"{out}: {len(splat.gaussians)} Gaussians, {written / 1e6:.1f} MB", soft_wrap=True)
