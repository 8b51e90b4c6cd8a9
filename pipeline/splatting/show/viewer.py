"""A self-contained HTML page that shows a splat in any browser: viewer and splat are embedded, nothing is loaded.

PlayCanvas renders (`viewer_page/vendor/README.md`); our part is `viewer_page/page.js`. The page's own policy forbids
all requests, and all scripts and styles except its own, which it identifies by digest.
"""

import base64
import gzip
import hashlib
import json
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.core.arrays import F32
from pipeline.splatting.framing import FRONT_OF_UP, Up, extent_of
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.ply import Splat, write_ply
from pipeline.splatting.show.render import check_new, read_splat

PAGE = Path(__file__).with_name("viewer_page")
ENGINE, OWN, STYLE = "vendor/engine.min.js", "page.js", "page.css"
FOCAL = 85 / 36  # focal length in units of the window's shorter side, as in `render`
FILL = 0.8
ELEVATION_DEG = 15.0
WORLD_FROM_PRODUCT = ((1, 0, 0), (0, 0, 1), (0, -1, 0))  # in PlayCanvas y is up; the front camera looks along -z
_PAGES = Environment(
    loader=PackageLoader("pipeline.splatting.show", "viewer_page"), autoescape=True, undefined=StrictUndefined
)


def viewer_page(splat: Splat, title: str, up: Up = "z") -> str:
    """Return the HTML page. `up` as in `framed`. Raises BadInput if nothing of the splat is opaque.

    The splat is moved to the origin, scaled to a radius of 1, and rounded invisibly, which shrinks the page to a third.
    """
    return _PAGES.get_template("page.html").render(
        title=title,
        policy=policy(),
        settings=Markup(json.dumps(_settings(splat, up)).replace("<", "\\u003c")),  # noqa: S704 - "<" is escaped
        splat=base64.b64encode(gzip.compress(write_ply(_embedded(splat)), 9, mtime=0)).decode("ascii"),
        style=Markup(_part(STYLE)),  # noqa: S704 - our own files
        vendored=Markup(_part(ENGINE)),  # noqa: S704
        own=Markup(_part(OWN)),  # noqa: S704
    )


def viewer_to_file(ply: Path, out: Path, title: str | None = None, up: Up = "z") -> Splat:
    """Write the page that shows the splat in `ply`, as `catalog viewer` does; its title is by default the file's name.

    Returns the splat. Raises BadInput if `out` exists, its folder does not, or `ply` is not a splat.
    """
    check_new(out)
    splat = read_splat(ply)
    out.write_text(viewer_page(splat, title or ply.stem, up), encoding="utf-8")
    return splat


def _embedded(splat: Splat) -> Splat:
    """Normalise the splat to the origin and radius 1, with numbers rounded for compression."""
    centre, radius = extent_of(splat)
    g = splat.gaussians
    means = ((g.means - centre) / radius).astype(np.float32)
    scales = g.log_scales - np.float32(math.log(radius))
    quats = g.quats / np.linalg.norm(g.quats, axis=1, keepdims=True)
    sh = np.concatenate([_rounded(g.sh[:, :1], 9), _rounded(g.sh[:, 1:], 6)], axis=1)
    rounded = Gaussians(_rounded(means, 13), _rounded(scales, 9), _rounded(quats, 9), _rounded(g.logits, 9), sh)
    return Splat(rounded, splat.antialias)


def _rounded(values: F32, bits: int) -> F32:
    """Round values to nearest with `bits` bits of mantissa instead of 24."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits).astype(np.float32)


def _settings(splat: Splat, up: Up) -> dict[str, object]:
    """Return the page's settings: its camera, and how the splat is oriented and was fitted."""
    world_from_file = np.eye(4)
    world_from_file[:3, :3] = np.array(WORLD_FROM_PRODUCT) @ np.array(FRONT_OF_UP[up])
    return {
        "antialias": splat.antialias,
        "view_deg": math.degrees(2 * math.atan(0.5 / FOCAL)),
        "distance": 1 / math.sin(math.atan(0.5 * FILL / FOCAL)),
        "elevation_deg": ELEVATION_DEG,
        "world_from_file": world_from_file.T.ravel().tolist(),  # column by column
    }


def policy() -> str:
    """The page's Content-Security-Policy: its own scripts and style, a worker of theirs, and no requests."""
    scripts = " ".join(_digest(_part(name)) for name in (ENGINE, OWN))
    return (
        f"default-src 'none'; script-src {scripts}; worker-src blob:; style-src {_digest(_part(STYLE))};"
        " base-uri 'none'; form-action 'none'"
    )


@lru_cache
def _part(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _digest(part: str) -> str:
    """A part of the page as a policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode('ascii')}'"
