"""The kept counts of the ledger in Data Tables, one row for each repository.

They change in the transaction that changes what they count, so that nothing is counted again: Anvil
counts by reading each row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from functools import partial
from typing import Any

from ...domain.ledger import (
    LOG_EXPIRED,
    LOG_FETCHED,
    LOG_PENDING,
    LOG_UNAVAILABLE,
    LedgerCounts,
)
from .kept_rows import KeptRows, saved_now
from .rows import Rows, distinct, update
from .transactions import transact

_COUNTS = Rows("ledger_counts")
_ATTEMPTS = Rows("attempts")
_JOB_LOGS = Rows("job_logs")

_NAMES = tuple(field.name for field in fields(LedgerCounts))

#: The row that is there once every repository that an earlier release knew has been counted.
_ALL_COUNTED = ""

_LOGS = {
    LOG_PENDING: "logs_pending",
    LOG_FETCHED: "logs_fetched",
    LOG_UNAVAILABLE: "logs_unavailable",
    LOG_EXPIRED: "logs_unavailable",
}


class CountChanges:
    """What a transaction adds to the counts of repositories."""

    def __init__(self) -> None:
        self._grown: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def note_attempt(self, repository: str, *, before: Any, after: Any) -> None:  # noqa: ANN401
        """Note that a row of an attempt takes the place of another; None stands for no row."""
        self._note(repository, _counted_attempt(before), _counted_attempt(after))

    def note_log(self, repository: str, *, before: str | None, after: str | None) -> None:
        """Note that a log has another state than before; None stands for no log."""
        self._note(repository, _counted_log(before), _counted_log(after))

    def save(self) -> None:
        """Add what was noted; to be called in the transaction, before what is counted changes."""
        grown = {name: growth for name, growth in self._grown.items() if any(growth.values())}
        if not grown:
            return
        found = _COUNTS.by("key", grown, columns=("key", *_NAMES))
        rows = {row["key"]: row for row in distinct(found)}
        _COUNTS.add(
            [
                {"key": name, **_summed(asdict(_count(name)), growth), **saved_now()}
                for name, growth in sorted(grown.items())
                if name not in rows
            ]
        )
        update((row, {**_summed(row, grown[name]), **saved_now()}) for name, row in rows.items())

    def _note(self, repository: str, before: Iterable[str], after: Iterable[str]) -> None:
        self._grown[repository].update(after)
        self._grown[repository].subtract(before)


def keep_counts() -> KeptRows[LedgerCounts]:
    """Keep the counts that a process reads for its pages."""
    return KeptRows(("key", *_NAMES, "saved_at"), _counts)


def load_counts(repository: str, kept: KeptRows[LedgerCounts]) -> LedgerCounts:
    """Load the counts of a repository, given by its key."""
    row = _COUNTS.first(columns=("key", *_NAMES), where={"key": repository})
    return load_each(kept).get(repository, LedgerCounts()) if row is None else _counts(row)


def load_each(kept: KeptRows[LedgerCounts]) -> dict[str, LedgerCounts]:
    """Load the counts of all repositories that have any, by their keys."""
    counts = kept.load(_COUNTS)
    if _ALL_COUNTED not in counts:
        _count_all(counts)
        counts = kept.load(_COUNTS)
    return {name: each for name, each in counts.items() if name != _ALL_COUNTED}


def _count_all(known: Mapping[str, LedgerCounts]) -> None:
    """Count what an earlier release saved, a repository at a time: a kill leaves fewer to count."""
    names = {row["repository"] for row in _ATTEMPTS.search(columns=("repository",))}
    for name in sorted(names - known.keys()):
        transact(partial(_add_counted, name))
    done = {"key": _ALL_COUNTED, **asdict(LedgerCounts()), **saved_now()}
    transact(lambda: _COUNTS.upsert([done]))


def _add_counted(name: str) -> None:
    if _COUNTS.first(columns=("key",), where={"key": name}) is None:
        _COUNTS.add([{"key": name, **asdict(_count(name)), **saved_now()}])


def _count(repository: str) -> LedgerCounts:
    """Count attempts and logs of a repository row by row."""
    of = {"repository": repository}
    open_ones = list(_ATTEMPTS.search(columns=("unread",), where={"settled": False, **of}))
    logs: Counter[str] = Counter()
    for state, name in _LOGS.items():
        logs[name] += _JOB_LOGS.count({"state": state, **of})
    return LedgerCounts(
        attempts=_ATTEMPTS.count(of),
        open_attempts=len(open_ones),
        unread_attempts=sum(row["unread"] for row in open_ones),
        **logs,
    )


def _counted_attempt(row: Any) -> list[str]:  # noqa: ANN401 - a row, or its columns
    if row is None:
        return []
    if row["settled"]:
        return ["attempts"]
    return ["attempts", "open_attempts", *(["unread_attempts"] if row["unread"] else [])]


def _counted_log(state: str | None) -> list[str]:
    return [_LOGS[state]] if state in _LOGS else []


def _summed(known: Any, growth: Mapping[str, int]) -> dict[str, int]:  # noqa: ANN401 - a row
    return {name: int(known[name]) + growth.get(name, 0) for name in _NAMES}


def _counts(row: Any) -> LedgerCounts:  # noqa: ANN401 - a row
    return LedgerCounts(**{name: int(row[name]) for name in _NAMES})
