"""Who acts on the catalog, and what each role may do."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from pipeline.catalog.review_tables import AuditRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

Role = Literal["viewer", "reviewer", "admin"]
RANKS: dict[Role, int] = {"viewer": 0, "reviewer": 1, "admin": 2}


class Actor(Frozen):
    """A person: the name under which actions are recorded, and the role."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this person may do what needs `role`."""
        return RANKS[self.role] >= RANKS[role]

    def require(self, role: Role, action: str) -> None:
        """Raise BadInput when this person may not do what needs `role`."""
        if not self.may(role):
            raise BadInput(f"{self.name} is {self.role} and may not {action}", remedy=f"Ask a person who is {role}")


def note(
    session: Session, actor: Actor, action: str, target: str, at: datetime, details: dict[str, Any] | None = None
) -> None:
    """Write one row of the audit log, in the transaction of the action itself."""
    session.add(AuditRow(at=at, actor=actor.name, role=actor.role, action=action, target=target, details=details or {}))
