"""Values that hypothesis draws: any JSON, any moment, any text that GitHub could send."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta, timezone
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from ingest.domain.commits import Commit
from ingest.domain.jobs import Job
from ingest.domain.runs import PullRequest, WorkflowRun

#: Text with everything that is hard to carry: controls, half surrogate pairs, non-characters.
UGLY_TEXT = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.characters(categories=["Cs", "Cc", "Cn"]),
        st.sampled_from('\x00\x1b\ufeff\ufffd\ufffe\uffff\ud800\udfff\u2028\r\n"\\\x7f\U0001f600'),
    ),
    max_size=12,
)

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    UGLY_TEXT,
    st.sampled_from(["https://[", "2026-11-24T06:00:00Z", "9" * 5000, "12", "SUCCESS"]),
)
_FIELD = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=2),
    st.dictionaries(st.sampled_from(["login", "sha", "ref", "url", "name"]), _SCALARS, max_size=2),
)

JSON = st.recursive(
    _SCALARS,
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.dictionaries(UGLY_TEXT, children, max_size=4),
    ),
    max_leaves=8,
)


def objects_with(*names: str) -> st.SearchStrategy[dict[str, object]]:
    """Draw objects that have some of these keys, each with anything behind it."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, _FIELD))


def moments() -> st.SearchStrategy[datetime]:
    """Draw moments in UTC, to the millisecond."""
    seconds = st.integers(min_value=0, max_value=4_000_000_000_000)
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return seconds.map(lambda milliseconds: epoch + timedelta(milliseconds=milliseconds))


_IDS = st.integers(min_value=1, max_value=2**63 - 1)
_STATUSES = UGLY_TEXT | st.sampled_from(["queued", "in_progress", "completed"])

#: What fields hold, whatever their types allow.
_BY_NAME: dict[type, dict[str, st.SearchStrategy[Any]]] = {
    Job: {"status": _STATUSES},
    WorkflowRun: {
        "repository": st.just("octo/api"),
        "status": _STATUSES,
        "event": st.none() | UGLY_TEXT | st.sampled_from(["push", "pull_request"]),
    },
}
_BY_TYPE = {int: _IDS, str: UGLY_TEXT, bool: st.booleans(), datetime: moments()}


def instances_of(kind: type) -> st.SearchStrategy[Any]:
    """Draw instances of a class of the domain, with anything in each field that its type allows."""
    hints = get_type_hints(kind)
    drawn = {field.name: _of_type(hints[field.name]) for field in fields(kind) if field.compare}
    return st.builds(kind, **{**drawn, **_BY_NAME.get(kind, {})})


def _of_type(hint: Any) -> st.SearchStrategy[Any]:
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    arguments = get_args(hint)
    if type(None) in arguments:
        (other,) = set(arguments) - {type(None)}
        return st.none() | (st.just(0) | _IDS if other is int else _of_type(other))
    if get_origin(hint) is tuple:
        return st.lists(_of_type(arguments[0]), max_size=2).map(tuple)
    return instances_of(hint)


PULLS = instances_of(PullRequest)
JOBS = instances_of(Job)
RUNS = instances_of(WorkflowRun)
COMMITS = instances_of(Commit)
