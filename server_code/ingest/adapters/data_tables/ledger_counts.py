"""The stored counts of the ledger in Data Tables, one row for each repository.

Open attempts are not settled; the unread ones among them were never published. Counts change in
the transaction that changes what they count: Anvil would count by reading each row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, fields
from functools import partial
from typing import Any

from ...domain.ledger import (
    LOG_EXPIRED,
    LOG_FETCHED,
    LOG_MISSING,
    LOG_PENDING,
    LOG_UNAVAILABLE,
    LedgerCounts,
    sum_counts,
)
from .cached_rows import CachedRows, saved_at_column
from .table import Table, first_of_each_key, update
from .transactions import transact

_COUNTS = Table("ledger_counts")
_REPOSITORIES = Table("repositories")
_ATTEMPTS = Table("attempts")
_JOB_LOGS = Table("job_logs")

_NAMES = tuple(field.name for field in fields(LedgerCounts))

#: The key of a row with what no other row counts: settled attempts, and logs that do not wait, of
#: repositories that are not watched any more. Their names are not known, so it is what is left of
#: all. The row exists once what an earlier release collected has been counted.
_OTHERS = ""

#: How often all is counted until nothing is saved meanwhile.
_MAX_COUNTINGS = 4

_COUNT_OF_LOG_STATE = {
    LOG_PENDING: "logs_pending",
    LOG_FETCHED: "logs_fetched",
    LOG_MISSING: "logs_unavailable",
    LOG_UNAVAILABLE: "logs_unavailable",
    LOG_EXPIRED: "logs_unavailable",
}


class CountChanges:
    """What a transaction adds to the counts of repositories."""

    def __init__(self) -> None:
        self._changes: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def note_attempt(self, repository: str, *, before: Any, after: Any) -> None:  # noqa: ANN401
        """Note that an attempt's row replaces another row; None stands for no row."""
        self._note(repository, _counts_of_attempt(before), _counts_of_attempt(after))

    def note_log(self, repository: str, *, before: str | None, after: str | None) -> None:
        """Note that the state of a log changes; None stands for no log."""
        self._note(repository, _counts_of_log(before), _counts_of_log(after))

    def save(self) -> None:
        """Add the noted changes to the counts; call it in the transaction, before rows change."""
        changes = {name: change for name, change in self._changes.items() if any(change.values())}
        if not changes:
            return
        found = _COUNTS.search_by("key", changes, columns=("key", *_NAMES))
        rows = {row["key"]: row for row in first_of_each_key(found)}
        new = {name: _count_repository(name) for name in sorted(changes) if name not in rows}
        _take_from_others(new.values())
        _COUNTS.add_rows(
            [
                {"key": name, **_plus(asdict(each), changes[name]), **saved_at_column()}
                for name, each in new.items()
            ]
        )
        update(
            (row, {**_plus(row, changes[name]), **saved_at_column()}) for name, row in rows.items()
        )

    def _note(self, repository: str, before: Iterable[str], after: Iterable[str]) -> None:
        self._changes[repository].update(after)
        self._changes[repository].subtract(before)


def ledger_counts_cache() -> CachedRows[LedgerCounts]:
    """Make the cache of counts."""
    return CachedRows(("key", *_NAMES, "saved_at"), _counts_in_row)


def load_counts(repository: str, cache: CachedRows[LedgerCounts]) -> LedgerCounts:
    """Load the counts of a repository, given by its key."""
    row = _COUNTS.first(columns=("key", *_NAMES), where={"key": repository})
    if row is not None:
        return _counts_in_row(row)
    counts = load_counts_by_repository(cache)
    if repository not in counts and _OTHERS in counts:
        _add_repositories([repository])
        counts = load_counts_by_repository(cache)
    return counts.get(repository, LedgerCounts())


def load_counts_by_repository(cache: CachedRows[LedgerCounts]) -> dict[str, LedgerCounts]:
    """Load the counts by repository; those of the row ``_OTHERS``, if any, have an empty name."""
    counts = cache.load(_COUNTS)
    if _OTHERS not in counts:
        _add_all(counts)
        counts = cache.load(_COUNTS)
    return {name: each for name, each in counts.items() if name or each.attempts}


def _add_all(known: Mapping[str, LedgerCounts]) -> None:
    """Count what an earlier release saved, one repository at a time: the process may be killed."""
    names = {row["key"] for row in _REPOSITORIES.search(columns=("key",))}
    for table, where in ((_ATTEMPTS, {"settled": False}), (_JOB_LOGS, {"state": LOG_PENDING})):
        names |= {row["repository"] for row in table.search(columns=("repository",), where=where)}
    _add_repositories(names - known.keys())
    for tries_left in reversed(range(_MAX_COUNTINGS)):
        counted = sum_counts(_load_rows().values())
        everything = _count_everything(counted)
        if transact(partial(_add_others, everything, counted, is_last=not tries_left)):
            return


def _load_rows() -> dict[str, LedgerCounts]:
    found = _COUNTS.search(columns=("key", *_NAMES))
    return {row["key"]: _counts_in_row(row) for row in first_of_each_key(found)}


def _count_everything(counted: LedgerCounts) -> LedgerCounts:
    """Count all attempts, and all logs if there are more attempts than those that were counted."""
    attempts = _ATTEMPTS.count()
    logs = _count_logs({}) if attempts > counted.attempts else Counter[str]()
    return LedgerCounts(attempts=attempts, **logs)


def _add_others(everything: LedgerCounts, counted: LedgerCounts, *, is_last: bool) -> bool:
    """Add the row of what is more than the counts; False if these changed while all was counted.

    It takes long to count all, in a transaction too long. If the counts always change meanwhile,
    the newest are subtracted the last time: what was saved meanwhile is then missing among others,
    where it would else be counted twice.
    """
    rows = _load_rows()
    newest = sum_counts(rows.values())
    if _OTHERS in rows:
        return True  # another process was faster, and may have taken from it since
    if newest != counted and not is_last:
        return False
    attempts = everything.attempts - newest.attempts
    logs_fetched = max(everything.logs_fetched - newest.logs_fetched, 0)
    logs_unavailable = max(everything.logs_unavailable - newest.logs_unavailable, 0)
    others = LedgerCounts()
    if attempts > 0:
        others = LedgerCounts(
            attempts=attempts, logs_fetched=logs_fetched, logs_unavailable=logs_unavailable
        )
    _COUNTS.add_rows([{"key": _OTHERS, **asdict(others), **saved_at_column()}])
    return True


def _take_from_others(new: Iterable[LedgerCounts]) -> None:
    """Subtract what has a row of its own from now on."""
    taken = asdict(sum_counts(new))
    if not taken["attempts"]:
        return
    row = _COUNTS.first(columns=("key", *_NAMES), where={"key": _OTHERS})
    if row is not None:
        left = {name: max(int(row[name]) - taken[name], 0) for name in _NAMES}
        update([(row, {**left, **saved_at_column()})])


def _add_repositories(names: Collection[str]) -> None:
    for name in sorted(names):
        transact(partial(_add_repository, name))


def _add_repository(name: str) -> None:
    if _COUNTS.first(columns=("key",), where={"key": name}) is None:
        counts = _count_repository(name)
        _take_from_others([counts])
        _COUNTS.add_rows([{"key": name, **asdict(counts), **saved_at_column()}])


def _count_repository(repository: str) -> LedgerCounts:
    """Count attempts and logs of a repository row by row."""
    where = {"repository": repository}
    open_attempts = list(_ATTEMPTS.search(columns=("unread",), where={"settled": False, **where}))
    return LedgerCounts(
        attempts=_ATTEMPTS.count(where),
        open_attempts=len(open_attempts),
        unread_attempts=sum(row["unread"] for row in open_attempts),
        **_count_logs(where),
    )


def _count_logs(where: Mapping[str, str]) -> Counter[str]:
    logs: Counter[str] = Counter()
    for state, name in _COUNT_OF_LOG_STATE.items():
        logs[name] += _JOB_LOGS.count({"state": state, **where})
    return logs


def _counts_of_attempt(row: Any) -> list[str]:  # noqa: ANN401 - a row, or its columns
    """Return the names of the counts that include an attempt."""
    if row is None:
        return []
    if row["settled"]:
        return ["attempts"]
    return ["attempts", "open_attempts", *(["unread_attempts"] if row["unread"] else [])]


def _counts_of_log(state: str | None) -> list[str]:
    return [_COUNT_OF_LOG_STATE[state]] if state in _COUNT_OF_LOG_STATE else []


def _plus(row: Any, change: Mapping[str, int]) -> dict[str, int]:  # noqa: ANN401 - a row
    return {name: int(row[name]) + change.get(name, 0) for name in _NAMES}


def _counts_in_row(row: Any) -> LedgerCounts:  # noqa: ANN401 - a row
    return LedgerCounts(**{name: int(row[name]) for name in _NAMES})
