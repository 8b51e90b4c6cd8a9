from alembic import command
from alembic.config import Config

from pipeline.catalog.database import MIGRATIONS, Catalog


def downgrade(catalog: Catalog, revision: str) -> None:
    """Undo migrations until a revision, on a connection like that of an upgrade."""
    with catalog._writing(catalog_migrates=True) as connection:
        config = Config()
        config.set_main_option("script_location", MIGRATIONS.as_posix())
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
