"""Answers of a GraphQL server whose schema is older than a query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...wire.fields import mapping, objects, text

#: GitHub's words, and those of other implementations of GraphQL.
_UNKNOWN_FIELD = re.compile("doesn't exist on type|Cannot query field|Unknown type")


def has_unknown_field(answer: Mapping[str, Any]) -> bool:
    """Return whether the server does not know a field of the query: its schema is older."""
    if answer.get("data") is not None:
        return False
    return any(
        mapping(error.get("extensions")).get("code") == "undefinedField"
        or _UNKNOWN_FIELD.search(text(error.get("message")) or "")
        for error in objects(answer.get("errors"))
    )
