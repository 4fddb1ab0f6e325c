"""The roles of accounts."""

from __future__ import annotations

from enum import IntEnum

from ..errors import Rejected


class Role(IntEnum):
    """The role of an account; a higher one includes the lower ones."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def label(self) -> str:
        """Return the role as it is stored and shown."""
        return self.name.lower()


def parse_role(value: object) -> Role:
    """Return a role by its label. Raises Rejected."""
    for role in Role:
        if value == role.label:
            return role
    raise Rejected("The role must be viewer, operator or admin.")


def stored_role(value: object) -> Role:
    """Return the role of an account's row.

    An account from a release without roles has none and counts as an admin, because it could do
    everything. An unknown role, such as one of a later release, counts as viewer.
    """
    if value is None:
        return Role.ADMIN
    return next((role for role in Role if value == role.label), Role.VIEWER)


def require_role(role: Role, required: Role) -> None:
    """Raise Rejected if a role is not enough."""
    if role < required:
        raise Rejected(
            f"This action requires the role {required.label}. Your role is {role.label}. "
            "An admin can change it on the Settings page."
        )
