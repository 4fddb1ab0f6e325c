"""The stored counts of the ledger, one row for each repository.

Open attempts are not settled; the unread ones among them were never published. Counts change in
the transaction that changes what they count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import TypeVar

from ...domain.ledger import LedgerCounts
from .session import Row, Session

T = TypeVar("T")

#: The key of a repository, and the id of one of its runs.
RunKey = tuple[str, int]

_COLUMNS = tuple(field.name for field in fields(LedgerCounts))
_SUMS = ", ".join(f"COALESCE(SUM({column}), 0)" for column in _COLUMNS)

#: An update locks the row, also one that changes nothing.
_LOCK = """
    INSERT INTO ledger_counts (repository_key) VALUES (?)
    ON CONFLICT (repository_key) DO UPDATE SET attempts = ledger_counts.attempts
"""
_ADD = f"""
    UPDATE ledger_counts SET {", ".join(f"{column} = {column} + ?" for column in _COLUMNS)}
    WHERE repository_key = ?
"""  # noqa: S608 - the columns are those above
_COUNT_ATTEMPTS = """
    SELECT COUNT(*), COALESCE(SUM(1 - settled), 0), COALESCE(SUM((1 - settled) * unread), 0)
    FROM attempts WHERE repository_key = ? AND run_id IN (...)
"""
_COUNT_LOGS = """
    SELECT COALESCE(SUM(CASE WHEN state = 'pending' THEN 1 ELSE 0 END), 0),
           COALESCE(SUM(CASE WHEN state = 'fetched' THEN 1 ELSE 0 END), 0),
           COALESCE(SUM(CASE WHEN state IN ('pending', 'fetched') THEN 0 ELSE 1 END), 0)
    FROM job_logs WHERE repository_key = ? AND run_id IN (...)
"""

#: The migration that creates the table and counts what is in the ledger.
LEDGER_COUNTS_MIGRATION = (
    """
    CREATE TABLE ledger_counts (
        repository_key {text} PRIMARY KEY,
        attempts {big_integer} NOT NULL DEFAULT 0,
        open_attempts {big_integer} NOT NULL DEFAULT 0,
        unread_attempts {big_integer} NOT NULL DEFAULT 0,
        logs_pending {big_integer} NOT NULL DEFAULT 0,
        logs_fetched {big_integer} NOT NULL DEFAULT 0,
        logs_unavailable {big_integer} NOT NULL DEFAULT 0
    )
    """,
    """
    INSERT INTO ledger_counts (repository_key, attempts, open_attempts, unread_attempts)
    SELECT repository_key, COUNT(*), SUM(1 - settled), SUM((1 - settled) * unread)
    FROM attempts GROUP BY repository_key
    """,
    """
    INSERT INTO ledger_counts (repository_key, logs_pending, logs_fetched, logs_unavailable)
    SELECT repository_key,
           SUM(CASE WHEN state = 'pending' THEN 1 ELSE 0 END),
           SUM(CASE WHEN state = 'fetched' THEN 1 ELSE 0 END),
           SUM(CASE WHEN state IN ('unavailable', 'expired') THEN 1 ELSE 0 END)
    FROM job_logs WHERE 1 = 1 GROUP BY repository_key
    ON CONFLICT (repository_key) DO UPDATE SET
        logs_pending = excluded.logs_pending,
        logs_fetched = excluded.logs_fetched,
        logs_unavailable = excluded.logs_unavailable
    """,
    "DROP INDEX counted_logs",
)

SELECT_COUNTS = f"SELECT {', '.join(_COLUMNS)} FROM ledger_counts WHERE repository_key = ?"  # noqa: S608
SELECT_COUNTS_BY_REPOSITORY = f"SELECT repository_key, {', '.join(_COLUMNS)} FROM ledger_counts"  # noqa: S608
SELECT_TOTAL_COUNTS = f"SELECT {_SUMS} FROM ledger_counts"  # noqa: S608


def ledger_counts(row: Sequence[int]) -> LedgerCounts:
    """Read counts from their columns."""
    return LedgerCounts(**dict(zip(_COLUMNS, map(int, row), strict=True)))


def change_and_count(
    session: Session,
    runs: Iterable[RunKey],
    change: Callable[[], T],
    *,
    counts_attempts: bool = True,
    counts_logs: bool = True,
) -> T:
    """Change attempts or logs of some runs, and add the difference to their repositories' counts.

    The counts are locked in order of the repositories, so that two processes never wait for each
    other's rows.
    """
    by_repository: dict[str, set[int]] = defaultdict(set)
    for name, run_id in runs:
        by_repository[name].add(run_id)

    def count(name: str) -> list[int]:
        ids = sorted(by_repository[name])
        counted = _sum(session, _COUNT_ATTEMPTS, name, ids) if counts_attempts else [0] * 3
        return counted + (_sum(session, _COUNT_LOGS, name, ids) if counts_logs else [0] * 3)

    names = sorted(by_repository)
    for name in names:
        session.execute(_LOCK, (name,))
    before = {name: count(name) for name in names}
    result = change()
    for name in names:
        grown = [after - old for after, old in zip(count(name), before[name], strict=True)]
        if any(grown):
            session.execute(_ADD, (*grown, name))
    return result


def _sum(session: Session, sql: str, name: str, run_ids: Sequence[int]) -> list[int]:
    chunks: list[Row] = session.query_in_chunks(sql, (name,), run_ids)
    return [sum(map(int, column)) for column in zip(*chunks, strict=True)]
