"""Who acts on the catalog, and what each role may do."""

from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy.orm import Session

from pipeline.catalog.review_tables import AuditRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput


class Role(IntEnum):
    """What a person may do; each role includes the ones below it."""

    VIEWER = 1
    REVIEWER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """The role as pages, messages and audit rows name it."""
        return self.name.lower()


class Actor(Frozen):
    """A person: the name under which actions are recorded, and the role."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this person may do what needs `role`."""
        return self.role >= role

    def require(self, role: Role, action: str) -> None:
        """Raise BadInput when this person may not do what needs `role`."""
        if not self.may(role):
            raise BadInput(
                f"{self.name} is {self.role.word} and may not {action}", remedy=f"Ask a person who is {role.word}"
            )


def note(
    session: Session, actor: Actor, action: str, target: str, at: datetime, details: dict[str, Any] | None = None
) -> None:
    """Write one row of the audit log, in the transaction of the action itself."""
    row = {"actor": actor.name, "role": actor.role.word, "action": action, "target": target}
    session.add(AuditRow(at=at, **row, details=details or {}))
