"""Reading work items: each is valid as a whole, or it is no work.

Whoever may send to the job events queue could send anything, and what an item names becomes part of
requests and messages. So every value that is used has a type, a form and a bound. Fields that
another minor version adds are ignored: agents of two releases share the queue during an upgrade.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.repositories import parse_repository
from ..domain.runs import AttemptKey
from ..domain.timestamps import parse_timestamp
from ..errors import InvalidRepository, MalformedPayload
from .log_work import ATTEMPT_LOGS_DUE, JOB_LOG_DUE, DueLog, LogWork

_SCHEMA_VERSION = re.compile(r"1\.[0-9]{1,4}")

_ENVELOPE = frozenset({"event_type", "event_id", "schema_version", "timestamp", "data"})
_KEY = frozenset({"repo", "run_id", "run_attempt", "tries"})
_DUE = frozenset({"job_id", "job_name", "conclusion", "completed_at", "never_started"})

#: GitHub's ids are signed 64-bit numbers, and so are the ledger's columns.
_MAX_ID = 2**63 - 1
_MAX_COUNT = 2**31 - 1
_MAX_TEXT = 10_000
_MAX_JOBS = 10_000


def parse_log_work(body: str) -> LogWork:
    """Read a work item; raises MalformedPayload for anything else."""
    try:
        envelope = _fields(json.loads(body), _ENVELOPE)
        return _parse(envelope)
    except (ValueError, RecursionError, InvalidRepository) as error:
        raise MalformedPayload(
            f"It is not a work item of this program ({str(error)[:200]}): {body[:200]!a}."
        ) from error


def _parse(envelope: Mapping[str, Any]) -> LogWork:
    kind = envelope["event_type"]
    if kind not in (JOB_LOG_DUE, ATTEMPT_LOGS_DUE):
        raise ValueError("event_type is unknown")
    if not _SCHEMA_VERSION.fullmatch(_text(envelope, "schema_version")):
        raise ValueError("schema_version is not 1.x")
    _text(envelope, "event_id")
    _time(envelope, "timestamp")
    is_whole_attempt = kind == ATTEMPT_LOGS_DUE
    data = _fields(envelope["data"], _KEY | (frozenset({"jobs"}) if is_whole_attempt else _DUE))
    jobs = data["jobs"] if is_whole_attempt else [{name: data[name] for name in _DUE}]
    return LogWork(
        key=AttemptKey(
            _repository(data), _number(data, "run_id"), _number(data, "run_attempt", _MAX_COUNT)
        ),
        jobs=_parse_jobs(jobs),
        is_whole_attempt=is_whole_attempt,
        tries=_number(data, "tries", _MAX_COUNT, least=0),
    )


def _parse_jobs(jobs: object) -> tuple[DueLog, ...]:
    if not isinstance(jobs, list) or len(jobs) > _MAX_JOBS:
        raise ValueError(f"jobs is not a list of up to {_MAX_JOBS}")
    due = tuple(_parse_due(_fields(job, _DUE)) for job in jobs)
    if len({job.job_id for job in due}) < len(due):
        raise ValueError("a job_id is repeated")
    return due


def _parse_due(data: Mapping[str, Any]) -> DueLog:
    if not isinstance(data["never_started"], bool):
        raise ValueError("never_started is not a boolean")  # noqa: TRY004 - one kind of error
    return DueLog(
        job_id=_number(data, "job_id"),
        job_name=_text(data, "job_name"),
        conclusion=None if data["conclusion"] is None else _text(data, "conclusion"),
        completed_at=None if data["completed_at"] is None else _time(data, "completed_at"),
        never_started=data["never_started"],
    )


def _fields(value: object, names: frozenset[str]) -> Mapping[str, Any]:
    """Return these fields of an object that has all of them."""
    if not isinstance(value, dict) or not names <= value.keys():
        raise ValueError(f"the fields do not include {', '.join(sorted(names))}")
    return {name: value[name] for name in names}


def _repository(data: Mapping[str, Any]) -> str:
    """Return a repository's full name; URLs and paths are none."""
    text = _text(data, "repo")
    if parse_repository(text).full_name != text:
        raise ValueError("repo is not owner/name")
    return text


def _number(data: Mapping[str, Any], name: str, most: int = _MAX_ID, *, least: int = 1) -> int:
    value = data[name]
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} is not a number from {least} to {most}")
    return value


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ValueError(f"{name} is not a text of up to {_MAX_TEXT} characters")
    return value


def _time(data: Mapping[str, Any], name: str) -> datetime:
    value = parse_timestamp(_text(data, name))
    if value is None:
        raise ValueError(f"{name} is not a time")
    return value
