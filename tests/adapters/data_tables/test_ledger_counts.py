"""What an earlier release collected is counted once, where it can be without reading all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from ingest.adapters.data_tables import DataTablesState, ledger_counts


class ATable:
    """A table in memory, with the conditions of each search."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows, self.searched = list(rows), list[Mapping[str, Any] | None]()

    def search(
        self, *, columns: Sequence[str], page_size: int = 0, where: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        self.searched.append(where)
        return iter(self._found(where))

    def first(self, *, columns: Sequence[str], where: Mapping[str, Any]) -> dict[str, Any] | None:
        return next(iter(self._found(where)), None)

    def count(self, where: Mapping[str, Any] | None = None) -> int:
        return len(self._found(where))

    def add_rows(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows += rows

    def search_by(
        self, column: str, values: Sequence[str], *, columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        return [row for row in self.rows if row[column] in values]

    def _found(self, where: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        wanted = (where or {}).items()
        return [row for row in self.rows if all(row[name] == value for name, value in wanted)]


def attempt(repository: str) -> dict[str, Any]:
    return {"repository": repository, "settled": True, "unread": False}


def log(repository: str, state: str) -> dict[str, Any]:
    return {"repository": repository, "state": state}


@pytest.fixture
def logs() -> ATable:
    return ATable()


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch, logs: ATable) -> ATable:
    """Return the attempts of a state of two watched repositories that has no counts."""
    table = ATable(attempt("o/a"), attempt("o/a"), attempt("o/b"))
    monkeypatch.setattr(ledger_counts, "_ATTEMPTS", table)
    monkeypatch.setattr(ledger_counts, "_REPOSITORIES", ATable({"key": "o/a"}, {"key": "o/b"}))
    monkeypatch.setattr(ledger_counts, "_JOB_LOGS", logs)
    monkeypatch.setattr(ledger_counts, "_COUNTS", ATable())

    def transact(work: Callable[[], object]) -> object:
        return work()

    def update(rows: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        for row, values in rows:
            row.update(values)

    monkeypatch.setattr(ledger_counts, "transact", transact)
    monkeypatch.setattr(ledger_counts, "update", update)
    return table


def counted() -> dict[str, int]:
    counts = DataTablesState().count_ledger_by_repository()
    return {name: each.attempts for name, each in counts.items()}


def test_attempts_of_watched_repositories_are_counted_without_reading_all(attempts: ATable) -> None:
    assert counted() == {"o/a": 2, "o/b": 1}
    assert None not in attempts.searched


def test_attempts_of_repositories_that_are_not_watched_any_more_are_counted_together(
    attempts: ATable, logs: ATable
) -> None:
    """By the difference to all: to know their names, each attempt would have to be read."""
    attempts.rows += [attempt("o/gone"), attempt("o/left"), attempt("o/left")]
    logs.rows += [log("o/left", "fetched"), log("o/left", "expired"), log("o/a", "fetched")]
    assert counted() == {"o/a": 2, "o/b": 1, "": 3}
    assert None not in attempts.searched
    total = DataTablesState().count_ledger()
    assert (total.attempts, total.logs_fetched, total.logs_unavailable) == (6, 2, 1)


def test_what_is_open_in_a_repository_that_is_not_watched_any_more_has_its_name(
    attempts: ATable, logs: ATable
) -> None:
    """It ends later, and what waits is not to wait for ever in a sum."""
    attempts.rows.append({**attempt("o/gone"), "settled": False, "unread": True})
    attempts.rows.append(attempt("o/left"))
    logs.rows.append(log("o/left", "pending"))
    assert counted() == {"o/a": 2, "o/b": 1, "o/gone": 1, "o/left": 1}
    assert DataTablesState().count_ledger("o/left").logs_pending == 1


def test_a_repository_that_is_watched_again_is_counted_once(attempts: ATable) -> None:
    """Its own row takes its attempts from those of the others."""
    attempts.rows += [attempt("o/gone"), attempt("o/left"), attempt("o/left")]
    counted()
    assert DataTablesState().count_ledger("o/gone").attempts == 1
    changes = ledger_counts.CountChanges()
    changes.note_attempt("o/left", before=None, after=attempt("o/left"))
    changes.save()
    attempts.rows.append(attempt("o/left"))
    assert counted() == {"o/a": 2, "o/b": 1, "o/gone": 1, "o/left": 3}


def save_attempt(attempts: ATable, repository: str) -> None:
    """Save an attempt, with the change of its count, as another process does."""
    changes = ledger_counts.CountChanges()
    changes.note_attempt(repository, before=None, after=attempt(repository))
    changes.save()
    attempts.rows.append(attempt(repository))


@pytest.mark.parametrize("times", [1, 99])
def test_what_is_saved_while_all_is_counted_is_counted_once(
    attempts: ATable, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """It counts for its own repository, not for the others as well; also if it never ends."""
    attempts.rows += [attempt("o/gone")] * 200
    count, left = attempts.count, [times]

    def count_slowly(where: Mapping[str, Any] | None = None) -> int:
        if where is None and left[0]:
            left[0] -= 1
            save_attempt(attempts, "o/a")
        found = count(where)
        if where is None and left[0] > 1:
            save_attempt(attempts, "o/a")
        return found

    monkeypatch.setattr(attempts, "count", count_slowly)
    found = counted()
    of_a = sum(row["repository"] == "o/a" for row in attempts.rows)
    assert (found["o/a"], found["o/b"]) == (of_a, 1)
    assert found[""] == 200 if times == 1 else 199 <= found[""] <= 200


def test_two_processes_that_count_all_at_once_count_it_once(
    attempts: ATable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one replaces nothing, from which more was taken since."""
    attempts.rows += [attempt("o/gone"), attempt("o/left")]
    count, is_first = attempts.count, [True]

    def count_slowly(where: Mapping[str, Any] | None = None) -> int:
        found = count(where)
        if where is None and is_first.pop() if is_first else False:
            assert counted() == {"o/a": 2, "o/b": 1, "": 2}
            assert DataTablesState().count_ledger("o/gone").attempts == 1
        return found

    monkeypatch.setattr(attempts, "count", count_slowly)
    assert counted() == {"o/a": 2, "o/b": 1, "o/gone": 1, "": 1}
