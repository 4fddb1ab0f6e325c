"""The credentials with which GraphQL refuses a query, and for how long."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from ...wire.fields import mapping, objects, text

#: A credential that may not use GraphQL tries it again after an hour; one whose server lacks a
#: field, after a day.
REFUSED_SECONDS = 3600.0
UNKNOWN_FIELD_SECONDS = 24 * 3600.0

#: GitHub's words, and those of other implementations of GraphQL.
_UNKNOWN_FIELD = re.compile("doesn't exist on type|Cannot query field|Unknown type")


class GraphqlRefusals:
    """Credentials, by name, for which one kind of query is not sent for a while."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def includes(self, name: str) -> bool:
        """Return whether the query is not to be sent with a credential."""
        return time.monotonic() < self._until.get(name, 0.0)

    def add(self, name: str, *, seconds: float) -> None:
        """Send no such query with a credential for a while."""
        self._until[name] = time.monotonic() + seconds


def lacks_a_field(answer: Mapping[str, Any]) -> bool:
    """Return whether the server's schema is older than the query."""
    if answer.get("data") is not None:
        return False
    return any(
        mapping(error.get("extensions")).get("code") == "undefinedField"
        or _UNKNOWN_FIELD.search(text(error.get("message")) or "")
        for error in objects(answer.get("errors"))
    )
