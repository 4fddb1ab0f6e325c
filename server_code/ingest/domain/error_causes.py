"""Which errors have the same cause; people see such errors once."""

from __future__ import annotations

import re

#: The ids of runs, jobs and requests, which are different in errors with the same cause. A
#: hexadecimal one within a name is not matched. A bus may add its cluster's parts (``_G9_B32``).
_IDS = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:_[A-Z]\d+)*\b"
    r"|(?<![\w./-])(?=[a-f]*\d)[0-9a-f]{8,}(?:_[A-Z]\d+)*(?![\w/-]|\.\w)"
    r"|\d{5,}",
    re.IGNORECASE,
)

#: An agent, a repository and a text without ids. Errors with the same three have the same cause.
Cause = tuple[str, str | None, str]


def cause_of(agent: str, repository: str | None, message: str) -> Cause:
    """Return the cause of an error."""
    return agent, repository, without_ids(message)


def differs_only_in_repository(
    message: str, repository: str, other: str, other_repository: str | None
) -> bool:
    """Return whether the errors of two repositories of one owner differ only in their names."""
    owner = repository.partition("/")[0]
    if other_repository is None or other_repository.partition("/")[0].lower() != owner.lower():
        return False
    return message.replace(repository, owner) == other.replace(other_repository, owner)


def without_ids(text: str) -> str:
    """Return a text with the same sign in place of each id of a run, job or request."""
    return _IDS.sub("…", text)
