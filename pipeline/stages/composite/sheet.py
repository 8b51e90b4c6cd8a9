"""Draws the contact sheet of a shoot from the inputs and assets of composite."""

from typing import NamedTuple

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.records import Picture
from pipeline.imaging.sheet.data import AngleTile, AssetTile, PhotoTile


class SheetTrees(NamedTuple):
    """The picture trees that the sheet shows."""

    photos: Artifact
    cutouts: Artifact
    angles: Artifact


def sheet_of(
    sku: str, title: str, trees: SheetTrees, pictures: list[Picture], assets: list[AssetTile], work: Work
) -> bytes:
    """The contact sheet as PNG."""
    from pipeline.imaging.sheet.layout import draw_sheet

    def tiles(tree: Artifact) -> list[PhotoTile]:
        return [PhotoTile(name.removesuffix(".png"), work.path(file)) for name, file in work.tree(tree).items()]

    paths = {tile.name: tile.file for tile in tiles(trees.angles)}
    return draw_sheet(
        sku,
        title,
        photos=tiles(trees.photos),
        cutouts=tiles(trees.cutouts),
        angles=[AngleTile(picture, paths.get(picture.angle.name)) for picture in pictures],
        assets=assets,
    )
