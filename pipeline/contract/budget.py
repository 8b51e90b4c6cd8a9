"""What the paid services of one run may cost, counted over all its processes and machines."""

import hashlib
import uuid
from dataclasses import dataclass

from pipeline.contract.storage.base import Storage
from pipeline.core.errors import CatalogError


@dataclass(frozen=True)
class Budget:
    """The limit of one run in USD, and the folder of the store in which its steps note what they paid.

    A payment is an empty file whose name has the amount, so that no two steps write to one file. Steps that run at the
    same time each look before they pay: a run may exceed its limit by one request of each.
    """

    storage: Storage
    folder: str
    limit_usd: float

    @classmethod
    def of_run(cls, storage: Storage, run_id: str, limit_usd: float) -> "Budget":
        """The budget of a run with this id, whose steps share this storage."""
        name = hashlib.sha256(run_id.encode()).hexdigest()[:16]  # a run's id may have any characters
        return cls(storage, f"spending/{name}", limit_usd)

    def pay(self, usd: float) -> None:
        """Note a payment. Raises StoreFull, or CatalogError if it cannot be written."""
        self.storage.write(f"{self.folder}/{usd:.9f}-{uuid.uuid4().hex}", b"")

    @property
    def left_usd(self) -> float:
        """What the run may still pay; less than 0 if it paid too much. Raises CatalogError if that cannot be read."""
        try:
            names = [file.name.rpartition("/")[2] for file in self.storage.list(self.folder)]
            return self.limit_usd - sum(float(name.partition("-")[0]) for name in names)
        except (OSError, ValueError) as error:
            raise CatalogError(
                f"{self.storage.where(self.folder)}, which notes what the run has paid, cannot be read: {error}",
                remedy="Start a new run, or unset CATALOG_USD_PER_RUN",
            ) from None
