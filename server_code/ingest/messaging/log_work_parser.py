"""The parser of work items, which rejects an item if one of its fields is invalid.

Whoever may send to the job events queue could send anything. So every value has a type, a form and
a limit, and an item must have exactly the known fields. Only fields of a later minor version are
ignored, because agents of two releases share the queue during an upgrade.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.repositories import parse_full_name
from ..domain.runs import AttemptKey
from ..domain.timestamps import parse_timestamp
from ..errors import InvalidRepository, MalformedPayload
from .envelope import SCHEMA_VERSION
from .log_work import ATTEMPT_LOGS_DUE, JOB_LOG_DUE, LogWork, WorkItemJob

_VERSION = re.compile(r"1\.([0-9]{1,4})")
_KNOWN_MINOR = int(SCHEMA_VERSION.partition(".")[2])

_ENVELOPE_FIELDS = frozenset({"event_type", "event_id", "schema_version", "timestamp", "data"})
_ATTEMPT_FIELDS = frozenset({"repo", "run_id", "run_attempt", "tries"})
_JOB_FIELDS = frozenset({"job_id", "job_name", "conclusion", "completed_at", "never_started"})

#: GitHub's ids are signed 64-bit numbers, and so are the ledger's columns.
_MAX_ID = 2**63 - 1
_MAX_COUNT = 2**31 - 1
_MAX_TEXT = 10_000
_MAX_JOBS = 10_000


def parse_log_work(body: str) -> LogWork:
    """Parse a work item. Raises MalformedPayload for anything else."""
    try:
        return _parse(json.loads(body))
    except (ValueError, RecursionError, InvalidRepository) as error:
        raise MalformedPayload(
            f"It is not a work item of this program ({str(error)[:200]}): {body[:200]!a}."
        ) from error


def _parse(value: object) -> LogWork:
    is_later = _is_later_version(value)
    envelope = _fields(value, _ENVELOPE_FIELDS, allows_others=is_later)
    kind = envelope["event_type"]
    if kind not in (JOB_LOG_DUE, ATTEMPT_LOGS_DUE):
        raise ValueError("event_type is unknown")
    _text(envelope, "event_id")
    _time(envelope, "timestamp")
    is_whole_attempt = kind == ATTEMPT_LOGS_DUE
    names = _ATTEMPT_FIELDS | (frozenset({"jobs"}) if is_whole_attempt else _JOB_FIELDS)
    data = _fields(envelope["data"], names, allows_others=is_later)
    jobs = data["jobs"] if is_whole_attempt else [{name: data[name] for name in _JOB_FIELDS}]
    return LogWork(
        key=AttemptKey(
            _repository(data), _number(data, "run_id"), _number(data, "run_attempt", _MAX_COUNT)
        ),
        jobs=_parse_jobs(jobs, allows_others=is_later),
        is_whole_attempt=is_whole_attempt,
        tries=_number(data, "tries", _MAX_COUNT, minimum=0),
    )


def _is_later_version(envelope: object) -> bool:
    """Return whether an item is of a later minor version than this release writes."""
    if not isinstance(envelope, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - one kind of error
    version = _VERSION.fullmatch(_text(envelope, "schema_version"))
    if version is None:
        raise ValueError("schema_version is not 1.x")
    return int(version[1]) > _KNOWN_MINOR


def _parse_jobs(jobs: object, *, allows_others: bool) -> tuple[WorkItemJob, ...]:
    if not isinstance(jobs, list) or len(jobs) > _MAX_JOBS:
        raise ValueError(f"jobs is not a list of up to {_MAX_JOBS}")
    due = tuple(_parse_job(_fields(job, _JOB_FIELDS, allows_others=allows_others)) for job in jobs)
    if len({job.job_id for job in due}) < len(due):
        raise ValueError("a job_id is repeated")
    return due


def _parse_job(data: Mapping[str, Any]) -> WorkItemJob:
    if not isinstance(data["never_started"], bool):
        raise ValueError("never_started is not a boolean")  # noqa: TRY004 - one kind of error
    return WorkItemJob(
        job_id=_number(data, "job_id"),
        job_name=_text(data, "job_name"),
        conclusion=None if data["conclusion"] is None else _text(data, "conclusion"),
        completed_at=None if data["completed_at"] is None else _time(data, "completed_at"),
        never_started=data["never_started"],
    )


def _fields(value: object, names: frozenset[str], *, allows_others: bool) -> Mapping[str, Any]:
    """Return the named fields of an object; it must have all of them, and by default no other."""
    if not isinstance(value, dict) or not names <= value.keys():
        raise ValueError(f"the fields do not include {', '.join(sorted(names))}")
    if not allows_others and len(value) > len(names):
        raise ValueError(f"it has fields other than {', '.join(sorted(names))}")
    return {name: value[name] for name in names}


def _repository(data: Mapping[str, Any]) -> str:
    """Return the full name of a repository; a URL or a path is invalid."""
    text = _text(data, "repo")
    if parse_full_name(text) != text:
        raise ValueError("repo is not owner/name")
    return text


def _number(data: Mapping[str, Any], name: str, maximum: int = _MAX_ID, *, minimum: int = 1) -> int:
    value = data[name]
    if type(value) is not int or not minimum <= value <= maximum:
        raise ValueError(f"{name} is not a number from {minimum} to {maximum}")
    return value


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ValueError(f"{name} is not a text of up to {_MAX_TEXT} characters")
    return value


def _time(data: Mapping[str, Any], name: str) -> datetime:
    value = parse_timestamp(_text(data, name))
    if value is None:
        raise ValueError(f"{name} is not a time")
    return value
