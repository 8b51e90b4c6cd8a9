"""The layers that an asset was composed of: product, shadow and backdrop, each a PNG of the angle's size."""

from sqlalchemy import select

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import AssetView
from pipeline.catalog.tables import ItemRow, OutputRow, StepRow


def layers_of(catalog: Catalog, asset: AssetView) -> dict[str, str]:
    """The digest of each layer by its name; empty for an asset whose step is not known or made no layers."""
    beside = select(ItemRow.step_id).join(StepRow, StepRow.id == ItemRow.item_id).where(StepRow.key == asset.step_key)
    query = (
        select(OutputRow.name, OutputRow.sha256)
        .join(ItemRow, ItemRow.item_id == OutputRow.step_id)
        .where(ItemRow.step_id.in_(beside), ItemRow.name == f"{asset.angle}/{asset.backdrop}/layers")
        .where(OutputRow.path == "", OutputRow.media_type == "image/png")
        .order_by(OutputRow.name)
    )
    with catalog.read() as session:
        return {row.name: row.sha256 for row in session.execute(query)}
