"""`python -m deploy.compose_env`: writes .env with newly generated secrets for docker compose, once."""

import base64
import secrets
import sys
from pathlib import Path

from deploy.local.home import PROJECT, write_private

RANDOM = ("CATALOG_POSTGRES_PASSWORD", "CATALOG_JWT_SECRET", "CATALOG_SESSION_SECRET", "CATALOG_PASSWORD")


def make_secrets() -> dict[str, str]:
    """Generate a value for every variable that docker-compose.yml requires. URL-safe: one is part of a URL."""
    fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return {name: secrets.token_urlsafe(32) for name in RANDOM} | {"CATALOG_FERNET_KEY": fernet}


def main(path: Path = PROJECT / ".env") -> None:
    """Write the file unless it exists: new secrets would lock the existing database."""
    if path.exists():
        sys.exit(f"error: {path} already exists. Remove it, and the volumes, to start over")
    write_private(path, "".join(f"{name}={value}\n" for name, value in make_secrets().items()))
    sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
