"""The layers that an asset was composed of: product, shadow and backdrop, each a PNG of the angle's size."""

from sqlalchemy import select

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import AssetView
from pipeline.catalog.tables import ItemRow, OutputRow


def layers_of(catalog: Catalog, asset: AssetView) -> dict[str, str]:
    """The digest of each layer by its name; empty for an asset whose step is not known or made no layers."""
    beside = select(ItemRow.step_key).where(ItemRow.item_key == asset.step_key)
    query = (
        select(OutputRow.name, OutputRow.sha256)
        .join(ItemRow, ItemRow.item_key == OutputRow.step_key)
        .where(ItemRow.step_key.in_(beside), ItemRow.name == f"{asset.angle}/{asset.backdrop}/layers")
        .where(OutputRow.path == "", OutputRow.media_type == "image/png")
        .order_by(OutputRow.name)
    )
    with catalog.read() as session:
        return {row.name: row.sha256 for row in session.execute(query)}
