"""The filters of a list of runs.

https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-repository
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .annotations import check_suite_id
from .specs import RunSpec
from .timeline import run_status
from .times import DAY, UnixSeconds, parse_time

_Test = Callable[[RunSpec, UnixSeconds], bool]


def filters_in(args: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of a request by name, without its other arguments."""
    return {name: args[name] for name in _TESTS if args.get(name)}


def predicate_for(filters: Mapping[str, str]) -> _Test:
    """Return a test that a run passes if it fits every filter."""
    tests = [_TESTS[name](value) for name, value in filters.items()]
    return lambda run, now: all(test(run, now) for test in tests)


def created_range(text: str) -> tuple[UnixSeconds, UnixSeconds]:
    """Return the begin of a range and its end, which is not in it: `A..B`, `*..B`, `<A` or `A`."""
    lowest, highest = float("-inf"), float("inf")
    if ".." in text:
        first, last = text.split("..", 1)
        return (
            lowest if first in {"", "*"} else _begin(first),
            highest if last in {"", "*"} else _end(last),
        )
    if text.startswith(">="):
        return _begin(text[2:]), highest
    if text.startswith("<="):
        return lowest, _end(text[2:])
    if text.startswith(">"):
        return _end(text[1:]), highest
    if text.startswith("<"):
        return lowest, _begin(text[1:])
    return _begin(text), _end(text)


def _begin(text: str) -> UnixSeconds:
    return parse_time(_normalized(text))


def _end(text: str) -> UnixSeconds:
    """Return the time after a date, which is a whole day, or a timestamp, a whole second."""
    return _begin(text) + (1 if "T" in text else DAY)


def _normalized(text: str) -> str:
    # an unquoted `+`, as in the offset of a time, is decoded as a space
    return text.strip().replace(" ", "+")


def _status(value: str) -> _Test:
    def test(run: RunSpec, now: UnixSeconds) -> bool:
        status_now = run_status(run, now)
        return value in {status_now.status, status_now.conclusion}

    # runs have this conclusion, but GitHub's filter does not find them by it
    return test if value != "startup_failure" else lambda _run, _now: False


def _created(value: str) -> _Test:
    begin, end = created_range(value)
    return lambda run, _now: begin <= run.created_at < end


_TESTS: dict[str, Callable[[str], _Test]] = {
    "actor": lambda value: lambda run, _now: run.actor == value,
    "branch": lambda value: lambda run, _now: run.head_branch == value,
    "check_suite_id": lambda value: lambda run, _now: str(check_suite_id(run)) == value,
    "created": _created,
    "event": lambda value: lambda run, _now: run.event == value,
    "head_sha": lambda value: lambda run, _now: run.head_sha == value,
    "status": _status,
}
