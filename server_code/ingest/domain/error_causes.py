"""Errors of one cause, which people read of once."""

from __future__ import annotations

import re

#: The ids of runs and jobs, by which errors of one cause differ.
_IDS = re.compile(r"\d{5,}")

#: Agent, repository and text without ids: errors that agree in it have one cause.
Cause = tuple[str, str | None, str]


def cause_of(agent: str, repository: str | None, what: str) -> Cause:
    """Return the cause of an error."""
    return agent, repository, without_ids(what)


def without_ids(text: str) -> str:
    """Return a text in which the ids of runs and jobs are alike."""
    return _IDS.sub("…", text)
