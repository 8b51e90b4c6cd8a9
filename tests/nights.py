"""A folder of shoots and the nights that discover them."""

from pathlib import Path

import yaml

from pipeline.catalog import shoots
from pipeline.contract.store import Store
from pipeline.discovery import ALL, Discovery, Share, conclude, discover
from pipeline.plan import STEPS
from tests.test_shoot import SHOOT


class Night:
    """Runs discovery night after night over one folder of shoots."""

    def __init__(self, root: Path) -> None:
        self.root, self.count = root, 0
        self.url = f"sqlite:///{root / 'catalog.db'}"
        self.store = Store(root / "store")
        (root / "shoots").mkdir()

    def add(self, folder: str, **change: object) -> Path:
        photos = self.root / "shoots" / folder / "photos"
        photos.mkdir(parents=True, exist_ok=True)
        (photos / "DSC_0001.jpg").write_bytes(b"\xff\xd8")
        (photos.parent / "shoot.yaml").write_text(yaml.safe_dump({**SHOOT, "sku": folder, **change}))
        return photos.parent

    def run(self, share: Share = ALL) -> Discovery:
        self.count += 1
        self.run_id = f"night-{self.count}"
        return discover(self.root / "shoots", self.store, self.url, "standard", self.run_id, share=share)

    def end(self, sku: str, **states: str) -> None:
        for step in STEPS:
            if states.get(step) != "missing":
                fate = shoots.StepFate(step=step, state=states.get(step, "done"), seconds=1.0, reason="because")
                shoots.record_step(self.url, self.run_id, sku, fate)

    def fates(self) -> dict[str, str]:
        return {shoot.sku: shoot.fate for shoot in conclude(self.url, self.run_id).shoots}


def changed(discovery: Discovery) -> dict[str, str]:
    return {planned.sku: planned.changed for planned in discovery.plans}
