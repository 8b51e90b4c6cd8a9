"""The commands that show a splat, on a file of ours and on one in another tool's layout."""

import json
import re
from collections.abc import Callable
from typing import get_type_hints

import pytest
from PIL import Image
from typer.models import OptionInfo

from pipeline.cli import engines as cli_engines
from pipeline.cli import splats as cli_splats
from pipeline.core.domain import Frozen
from pipeline.posing.sfm.request import PoseParams
from pipeline.splatting.nerfstudio.params import NerfstudioParams
from pipeline.splatting.ply import write_ply
from pipeline.splatting.show.turntable import TurnParams
from tests.splatting.test_ply import LAYOUTS, ply, values
from tests.splatting.toy_product import product

OUT = {"render": "a.png", "turntable": "a.mp4", "viewer": "a.html"}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    path = tmp_path_factory.mktemp("splat") / "egg.ply"
    path.write_bytes(write_ply(product()))
    return path


def test_turntable_writes_an_animation_and_reports_it(catalog, ours, tmp_path):
    out = tmp_path / "turn.webp"
    shape = ("--frames", 6, "--size", 64, "--seconds", 2)
    report = json.loads(catalog("turntable", ours, "--out", out, *shape, "--json")[1])
    assert report["frames"] == 6 and report["bytes"] == out.stat().st_size and report["gaussians"] == 1500
    with Image.open(out) as film:
        assert (film.n_frames, film.size) == (6, (64, 64))
    code, _, error = catalog("turntable", ours, "--out", out)
    assert code == 30 and "already exists" in error


def test_viewer_writes_a_page_and_reports_it(catalog, ours, tmp_path):
    out = tmp_path / "viewer.html"
    shown = catalog("viewer", ours, "--out", out, "--title", "An <egg>")[1]
    assert "1500 Gaussians" in shown and "<title>An &lt;egg&gt;</title>" in out.read_text()
    assert catalog("viewer", ours, "--out", tmp_path / "again.html")[0] == 0
    assert "<title>egg</title>" in (tmp_path / "again.html").read_text()


@pytest.mark.parametrize("command", OUT)
def test_every_command_takes_another_tools_file_and_up_axis(catalog, command, tmp_path):
    names, comments = LAYOUTS["gsplat"]
    file, out = tmp_path / "theirs.ply", tmp_path / OUT[command]
    file.write_bytes(ply(values(50, 2), names(2), form="ascii", comments=comments))
    more = [] if command == "viewer" else ["--size", 64]
    report = json.loads(catalog(command, file, "--out", out, "--up", "-y", *more, "--json")[1])
    assert report["out"] == str(out) and report["gaussians"] == 50 and out.stat().st_size > 0


@pytest.mark.parametrize("command", OUT)
def test_file_that_is_not_a_splat_is_refused(catalog, command, tmp_path):
    file, out = tmp_path / "points.ply", tmp_path / OUT[command]
    file.write_bytes(ply(values(5, 0), ["x", "y", "z"]))
    code, _, error = catalog(command, file, "--out", out)
    assert "points.ply is not a 3DGS splat: it has no property f_dc_0" in error
    assert code == 30 and not out.exists()


def test_render_refuses_other_endings_than_png(catalog, ours, tmp_path):
    code, _, error = catalog("render", ours, "--out", tmp_path / "a.jpg")
    assert code == 30 and "a.jpg: render writes PNG files" in error and not (tmp_path / "a.jpg").exists()


def test_setting_out_of_range_names_its_option(catalog, ours, tmp_path):
    code, _, error = catalog("turntable", ours, "--out", tmp_path / "a.webp", "--elevation-deg", 120)
    assert code == 30 and "--elevation-deg" in error and "120" in error


@pytest.mark.parametrize(
    ("command", "params"),
    [(cli_splats.splat, NerfstudioParams), (cli_splats.turntable, TurnParams), (cli_engines.sfm, PoseParams)],
)
def test_help_texts_state_the_params_defaults(command: Callable[..., None], params: type[Frozen]) -> None:
    stated = {}
    for name, kind in get_type_hints(command, include_extras=True).items():
        text = next((str(m.help) for m in getattr(kind, "__metadata__", ()) if isinstance(m, OptionInfo)), "")
        if match := re.search(r"; default: ([\w.]+)$", text):
            stated[name] = match[1]
    known = params.model_fields
    assert stated.keys() >= {name for name in get_type_hints(command) if name in known} - {
        "matte",
        "refine_poses",
        "rig",
    }
    for name, default in stated.items():
        if name in known:
            assert str(known[name].default).removesuffix(".0") == default, name
