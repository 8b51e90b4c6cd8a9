"""What the paid services of one run may cost, counted over all its processes and machines."""

import fcntl
import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.contract.store import writing
from pipeline.core.errors import CatalogError


@dataclass(frozen=True)
class Budget:
    """The limit of one run in USD, and the file beside the artifacts in which its steps note what they paid.

    Steps that run at the same time each look before they pay: a run may exceed its limit by one request of each.
    """

    file: Path
    limit_usd: float

    @classmethod
    def of_run(cls, store: Path, run_id: str, limit_usd: float) -> "Budget":
        """The budget of a run with this id, whose steps share the store in this folder."""
        name = hashlib.sha256(run_id.encode()).hexdigest()[:16]  # a run's id may have any characters
        return cls(store / "spending" / name, limit_usd)

    def pay(self, usd: float) -> None:
        """Note a payment. Raises StoreFull, or CatalogError if it cannot be written."""
        with writing(self.file.parent):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="ascii") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(f"{usd:.9f}\n")

    @property
    def left_usd(self) -> float:
        """What the run may still pay; less than 0 if it paid too much. Raises CatalogError if the file is damaged."""
        try:
            noted = self.file.read_text(encoding="ascii").split() if self.file.exists() else []
            return self.limit_usd - sum(map(float, noted))
        except (OSError, ValueError) as error:
            raise CatalogError(
                f"{self.file}, which notes what the run has paid, cannot be read: {error}",
                remedy="Start a new run, or unset CATALOG_USD_PER_RUN",
            ) from None
