"""Errors of one cause, which are shown to people once."""

from __future__ import annotations

import re

#: The ids of runs, jobs and requests, by which errors of one cause differ; no part of a name.
_IDS = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|(?<![\w./-])(?=[a-f]*\d)[0-9a-f]{8,}(?![\w/-]|\.\w)"
    r"|\d{5,}",
    re.IGNORECASE,
)

#: Agent, repository and text without ids: errors that agree in it have one cause.
Cause = tuple[str, str | None, str]


def cause_of(agent: str, repository: str | None, message: str) -> Cause:
    """Return the cause of an error."""
    return agent, repository, without_ids(message)


def differs_only_in_repository(
    message: str, repository: str, other: str, other_repository: str | None
) -> bool:
    """Return whether two repositories of one owner have the same error but for their names."""
    owner = repository.partition("/")[0]
    if other_repository is None or other_repository.partition("/")[0].lower() != owner.lower():
        return False
    return message.replace(repository, owner) == other.replace(other_repository, owner)


def without_ids(text: str) -> str:
    """Return a text in which the ids of runs, jobs and requests are alike."""
    return _IDS.sub("…", text)
