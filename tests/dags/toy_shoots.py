"""Write toy shoots: a shoot.yaml and files that only toy stages accept as photos."""

from pathlib import Path

import yaml


def write_toy_shoot(folder: Path, sku: str, *endings: str, collection: str = "toys") -> Path:
    """Write the shoot `folder`/`sku`; `endings` are `<step>-<ending>`, as in tests/dags/toy/sitecustomize.py."""
    photos = folder / sku / "photos"
    photos.mkdir(parents=True)
    for stem in ("front", *endings):
        (photos / f"{stem}.jpg").write_bytes(f"{sku} {stem}".encode())
    shoot = {
        "sku": sku,
        "collection": collection,
        "title": f"Toy {sku}",
        "brand": "Toy",
        "category": "toy",
        "capture": {"front": "front.jpg"},
        "angles": [{"name": "front", "azimuth_deg": 0}],
        "backdrops": [{"name": "white", "kind": "solid", "colour": "#ffffff"}],
        "channels": ["shopify"],
    }
    (folder / sku / "shoot.yaml").write_text(yaml.safe_dump(shoot))
    return folder / sku
