"""The filters of a list of runs.

https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-repository
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .annotations import check_suite_id
from .specs import RunSpec
from .timeline import run_status
from .times import DAY, Timestamp, parse_time

_Test = Callable[[RunSpec, Timestamp], bool]


def filters_in(args: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of a request by name, without its other arguments."""
    return {name: args[name] for name in _TESTS if args.get(name)}


def matching(filters: Mapping[str, str]) -> Callable[[RunSpec, Timestamp], bool]:
    """Return a test that a run passes if it fits every filter."""
    tests = [_TESTS[name](value) for name, value in filters.items()]
    return lambda run, now: all(test(run, now) for test in tests)


def created_range(text: str) -> tuple[Timestamp, Timestamp]:
    """Return the first and the last time of a range: `A..B`, `>=A`, `*..B` or `A`."""
    lowest, highest = float("-inf"), float("inf")
    if ".." in text:
        begin, end = text.split("..", 1)
        return (
            lowest if begin in {"", "*"} else _first(begin),
            highest if end in {"", "*"} else _last(end),
        )
    if text.startswith(">="):
        return _first(text[2:]), highest
    if text.startswith("<="):
        return lowest, _last(text[2:])
    if text.startswith(">"):
        return _last(text[1:]) + 1, highest
    if text.startswith("<"):
        return lowest, _first(text[1:]) - 1
    return _first(text), _last(text)


def _first(text: str) -> Timestamp:
    return parse_time(_normalized(text))


def _last(text: str) -> Timestamp:
    begin = parse_time(_normalized(text))
    # a date includes its whole day, and a timestamp its whole second
    return begin + (DAY - 0.001 if "T" not in text else 0.999)


def _normalized(text: str) -> str:
    # an unquoted `+`, as in the offset of a time, is decoded as a space
    return text.strip().replace(" ", "+")


def _status(value: str) -> _Test:
    def test(run: RunSpec, now: Timestamp) -> bool:
        status_now = run_status(run, now)
        return value in {status_now.status, status_now.conclusion}

    # runs have this conclusion, but GitHub's filter does not find them by it
    return test if value != "startup_failure" else lambda _run, _now: False


def _created(value: str) -> _Test:
    begin, end = created_range(value)
    return lambda run, _now: begin <= run.created_at <= end


_TESTS: dict[str, Callable[[str], _Test]] = {
    "actor": lambda value: lambda run, _now: run.actor == value,
    "branch": lambda value: lambda run, _now: run.head_branch == value,
    "check_suite_id": lambda value: lambda run, _now: str(check_suite_id(run)) == value,
    "created": _created,
    "event": lambda value: lambda run, _now: run.event == value,
    "head_sha": lambda value: lambda run, _now: run.head_sha == value,
    "status": _status,
}
