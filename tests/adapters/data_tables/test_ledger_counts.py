"""What an earlier release collected is counted once, where it can be without reading all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from ingest.adapters.data_tables import DataTablesState, ledger_counts


class ATable:
    """A table in memory, with the columns that were searched."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows, self.searched = list(rows), list[Sequence[str]]()

    def search(
        self, *, columns: Sequence[str], page_size: int = 0, where: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        self.searched.append(columns)
        return iter(self._found(where))

    def first(self, *, columns: Sequence[str], where: Mapping[str, Any]) -> dict[str, Any] | None:
        return next(iter(self._found(where)), None)

    def count(self, where: Mapping[str, Any] | None = None) -> int:
        return len(self._found(where))

    def add_rows(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows += rows

    upsert = add_rows

    def _found(self, where: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        wanted = (where or {}).items()
        return [row for row in self.rows if all(row[name] == value for name, value in wanted)]


def attempt(repository: str) -> dict[str, Any]:
    return {"repository": repository, "settled": True, "unread": False}


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> ATable:
    """Return the attempts of a state of two watched repositories that has no counts."""
    table = ATable(attempt("o/a"), attempt("o/a"), attempt("o/b"))
    monkeypatch.setattr(ledger_counts, "_ATTEMPTS", table)
    monkeypatch.setattr(ledger_counts, "_REPOSITORIES", ATable({"key": "o/a"}, {"key": "o/b"}))
    monkeypatch.setattr(ledger_counts, "_JOB_LOGS", ATable())
    monkeypatch.setattr(ledger_counts, "_COUNTS", ATable())

    def transact(work: Callable[[], object]) -> None:
        work()

    monkeypatch.setattr(ledger_counts, "transact", transact)
    return table


def counted() -> dict[str, int]:
    counts = DataTablesState().count_ledger_by_repository()
    return {name: each.attempts for name, each in counts.items()}


def test_attempts_of_watched_repositories_are_counted_without_reading_all(attempts: ATable) -> None:
    assert counted() == {"o/a": 2, "o/b": 1}
    assert ("repository",) not in attempts.searched


def test_attempts_of_a_repository_that_is_not_watched_any_more_are_counted(
    attempts: ATable,
) -> None:
    attempts.rows.append(attempt("o/gone"))
    assert counted() == {"o/a": 2, "o/b": 1, "o/gone": 1}
