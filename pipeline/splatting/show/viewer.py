"""One HTML file that shows a splat in any browser: the viewer and the splat are inside it, and it may load nothing.

PlayCanvas draws (`viewer_page/vendor/README.md`); what is ours is `viewer_page/page.js`. The page's own policy forbids
every request, and every script but its two, which it knows by their digests.
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
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.ply import Splat, write_ply
from pipeline.splatting.show.render import FRONT_OF_UP, Up, check_new, extent_of, read_splat

PAGE = Path(__file__).with_name("viewer_page")
FOCAL = 85 / 36  # of the shorter side of the window, as `render` has it
FILL = 0.8
ELEVATION_DEG = 15.0
WORLD_FROM_PRODUCT = ((1, 0, 0), (0, 0, 1), (0, -1, 0))  # the engine's y is up; the front looks along its -z
_PAGES = Environment(
    loader=PackageLoader("pipeline.splatting.show", "viewer_page"), autoescape=True, undefined=StrictUndefined
)


def viewer_page(splat: Splat, title: str, up: Up = "z") -> str:
    """The HTML page. `up` as in `render.framed`. Raises BadInput when nothing of the splat is opaque.

    The splat is moved to the origin, scaled to a radius of 1, and rounded: what an eye can see stays, and the page is a
    third of the size.
    """
    vendored, own = _script("vendor/engine.min.js"), _script("page.js")
    return _PAGES.get_template("page.html").render(
        title=title,
        policy=_policy(vendored, own),
        settings=Markup(json.dumps(_settings(splat, up)).replace("<", "\\u003c")),  # noqa: S704 - it ends no element
        splat=base64.b64encode(gzip.compress(write_ply(_embedded(splat)), 9, mtime=0)).decode("ascii"),
        vendored=Markup(vendored),  # noqa: S704 - our own files
        own=Markup(own),  # noqa: S704
    )


def viewer_to_file(ply: Path, out: Path, title: str | None = None, up: Up = "z") -> Splat:
    """What `catalog viewer` does: write the page that shows the splat in `ply`; its name is the title unless given.

    Returns the splat. Raises BadInput when `out` exists, its folder does not, or `ply` is no splat.
    """
    check_new(out)
    splat = read_splat(ply)
    out.write_text(viewer_page(splat, title or ply.stem, up), encoding="utf-8")
    return splat


def _embedded(splat: Splat) -> Splat:
    """The splat around the origin with radius 1, its numbers rounded so that they compress."""
    centre, radius = extent_of(splat)
    g = splat.gaussians
    means = ((g.means - centre) / radius).astype(np.float32)
    scales = g.log_scales - np.float32(math.log(radius))
    quats = g.quats / np.linalg.norm(g.quats, axis=1, keepdims=True)
    sh = np.concatenate([_rounded(g.sh[:, :1], 9), _rounded(g.sh[:, 1:], 6)], axis=1)
    rounded = Gaussians(_rounded(means, 13), _rounded(scales, 9), _rounded(quats, 9), _rounded(g.logits, 9), sh)
    return Splat(rounded, splat.antialias)


def _rounded(values: F32, bits: int) -> F32:
    """Values with `bits` bits of mantissa instead of 24, to nearest."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits).astype(np.float32)


def _settings(splat: Splat, up: Up) -> dict[str, object]:
    """What the page must know: where to stand, and how the splat is turned and was fitted."""
    world_from_file = np.eye(4)
    world_from_file[:3, :3] = np.array(WORLD_FROM_PRODUCT) @ np.array(FRONT_OF_UP[up])
    return {
        "antialias": splat.antialias,
        "view_deg": math.degrees(2 * math.atan(0.5 / FOCAL)),
        "distance": 1 / math.sin(math.atan(0.5 * FILL / FOCAL)),
        "elevation_deg": ELEVATION_DEG,
        "world_from_file": world_from_file.T.ravel().tolist(),  # column by column
    }


@lru_cache
def _script(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _policy(*scripts: str) -> str:
    """Content-Security-Policy: these scripts and the worker that they make; no request to anywhere."""
    digests = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {digests}; worker-src blob:; style-src 'unsafe-inline'; base-uri 'none';"
        " form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
