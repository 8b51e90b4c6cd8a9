"""Draws the contact sheet of a shoot from the inputs and assets of composite."""

from typing import NamedTuple

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.photo_names import shown_names, with_file_names
from pipeline.core.records import LeftOut, PhotoFacts, Picture, load_list
from pipeline.imaging.sheet.data import AngleTile, AssetTile, PhotoTile


class SheetSources(NamedTuple):
    """What the sheet shows besides assets: picture trees, the photos' facts, and what was left out, if anything."""

    photos: Artifact
    cutouts: Artifact
    angles: Artifact
    facts: Artifact | None = None
    left_out: Artifact | None = None


def sheet_of(
    sku: str, title: str, sources: SheetSources, pictures: list[Picture], assets: list[AssetTile], work: Work
) -> bytes:
    """The contact sheet as PNG. Photos have the names of their files, not their safe names."""
    from pipeline.imaging.sheet.layout import draw_sheet

    facts = load_list(PhotoFacts, work.read(sources.facts)) if sources.facts else []
    names = shown_names(facts)
    safe = {fact.source_name: fact.photo for fact in facts}

    def named(text: str) -> str:
        return with_file_names(text, safe)

    def tiles(tree: Artifact) -> list[PhotoTile]:
        files = {path.removesuffix(".png"): work.path(file) for path, file in work.tree(tree).items()}
        return [PhotoTile(names.get(name, name), file) for name, file in files.items()]

    paths = {path.removesuffix(".png"): work.path(file) for path, file in work.tree(sources.angles).items()}
    return draw_sheet(
        sku,
        title,
        photos=tiles(sources.photos),
        cutouts=tiles(sources.cutouts),
        angles=[
            AngleTile(picture.model_copy(update={"reason": named(picture.reason)}), paths.get(picture.angle.name))
            for picture in pictures
        ],
        assets=[
            AssetTile(tile.record.model_copy(update={"reasons": tuple(map(named, tile.record.reasons))}), tile.file)
            for tile in assets
        ],
        left_out=load_list(LeftOut, work.read(sources.left_out)) if sources.left_out else [],
    )
