"""Makes the pictures of the page "How to shoot" from the sample mug: its photos, two cut-outs, its coverage plot.

`python -m docs.pictures` runs the first four steps of the shoot, or takes them from the store, and writes WebP files
into docs/images.
"""

import io
from pathlib import Path

from PIL import Image

from pipeline.core.domain import View
from pipeline.core.records import load_list
from pipeline.plan import write_plan
from pipeline.run import output_of, run_step, runner_from
from pipeline.settings import read_settings

SHOOT = Path(__file__).parents[1] / "examples" / "collection" / "mug-001"
IMAGES = Path(__file__).parent / "images"
COLUMNS, GAP_PX = 8, 4
CUT = "DSC_0004"
CHECK_PX, CHECK_GRAYS = 16, (255, 214)


def main() -> None:
    """Write the three pictures."""
    runner = runner_from(read_settings())
    plan, digest = write_plan(SHOOT, runner.store, "demo")
    for step in ("ingest", "cutout", "sfm", "coverage"):
        run_step(runner, plan, digest, step)

    def pictures(step: str, output: str) -> dict[str, Image.Image]:
        files = runner.store.tree(output_of(runner, digest, step, output))
        return {Path(name).stem: Image.open(io.BytesIO(runner.store.read(file))) for name, file in files.items()}

    photos = pictures("ingest", "photos")
    views = load_list(View, runner.store.read(output_of(runner, digest, "sfm", "views")))
    in_order = sorted(views, key=lambda view: (round(view.elevation_deg / 15), view.azimuth_deg))
    save(grid([photos[view.photo] for view in in_order], 190), "ring", quality=70)
    cutout = pictures("cutout", "cutouts")[CUT]
    save(grid([photos[CUT], over_checks(cutout), cutout.getchannel("A")], 520), "cutout", quality=80)
    plot = Image.open(io.BytesIO(runner.store.read(output_of(runner, digest, "coverage", "plot"))))
    save(plot.convert("RGB"), "coverage", quality=85)


def grid(pictures: list[Image.Image], width_px: int) -> Image.Image:
    """Pictures of the same shape in rows of `COLUMNS`, each scaled to this width."""
    height_px = round(width_px * pictures[0].height / pictures[0].width)
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    size = (columns * (width_px + GAP_PX) - GAP_PX, rows * (height_px + GAP_PX) - GAP_PX)
    whole = Image.new("RGB", size, "white")
    for position, picture in enumerate(pictures):
        row, column = divmod(position, columns)
        small = picture.convert("RGB").resize((width_px, height_px), Image.Resampling.LANCZOS)
        whole.paste(small, (column * (width_px + GAP_PX), row * (height_px + GAP_PX)))
    return whole


def over_checks(cutout: Image.Image) -> Image.Image:
    """A cut-out over a gray checkerboard, as image editors show transparency."""
    squares = Image.new("L", (-(-cutout.width // CHECK_PX), -(-cutout.height // CHECK_PX)))
    squares.putdata(
        [CHECK_GRAYS[(i % squares.width + i // squares.width) % 2] for i in range(squares.width * squares.height)]
    )
    board = squares.resize((squares.width * CHECK_PX, squares.height * CHECK_PX), Image.Resampling.NEAREST)
    board = board.crop((0, 0, *cutout.size)).convert("RGBA")
    return Image.alpha_composite(board, cutout)


def save(picture: Image.Image, name: str, quality: int) -> None:
    """Write docs/images/<name>.webp."""
    picture.save(IMAGES / f"{name}.webp", quality=quality, method=6)


if __name__ == "__main__":
    main()
