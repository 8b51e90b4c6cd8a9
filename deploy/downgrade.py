"""`python -m deploy.downgrade REVISION`: returns the catalog's tables to an earlier migration, before an older release.

It runs in the newer release, which alone knows how to undo its own migrations.
"""

import sys

from pipeline.catalog.database import NEWEST, Catalog
from pipeline.core.errors import CatalogError
from pipeline.settings import read_settings


def main(arguments: list[str]) -> None:
    """Downgrade the catalog that the settings name. Opening it upgrades it first, so that the way back is known."""
    if len(arguments) != 1:
        sys.exit("usage: python -m deploy.downgrade REVISION, such as 0012")
    Catalog(read_settings().catalog_url).downgrade(arguments[0])
    sys.stdout.write(f"the catalog's tables are at migration {arguments[0]}; this release would use {NEWEST}\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CatalogError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
