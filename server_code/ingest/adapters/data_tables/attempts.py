"""The ledger of attempts: a narrow table that is searched, and one with the attempts' bodies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import anvil.tables.query as q

from ...domain.codec import decode_dataclass, encode_dataclass
from ...domain.commits import Commit
from ...domain.due import due_check_times
from ...domain.ledger import AttemptRecord, LedgerCounts, sum_counts
from ...domain.runs import AttemptKey
from ...domain.stored_records import body_of, normalized_attempt_key, restore_record_of_attempt
from ...domain.stored_values import escape_text, repository_key
from .cached_rows import CachedRows
from .errors import translate_errors
from .ledger_counts import CountChanges, load_counts, load_counts_by_repository
from .table import Table, chunks_by_count, chunks_by_length, first_of_each_key
from .transactions import transact
from .values import (
    as_optional_utc,
    as_utc,
    attempt_key_text,
    dump_body,
    load_body,
    run_key,
    sort_key,
)

ATTEMPTS = Table("attempts")
BODIES = Table("attempt_bodies")
_JOB_LOGS = Table("job_logs")
_COMMITS = Table("commits")

#: Columns keep the names of release 0.1: ``look_at`` is next_check_at, ``unread`` unpublished,
#: ``age`` sorts by creation.
_COLUMNS = ("key", "run_id", "run_attempt", "created_at", "settled", "look_at", "body_bytes")


@translate_errors
class TableAttempts:
    """The ledger: the newest known state of every attempt, and its commits."""

    _ledger_counts_cache: CachedRows[LedgerCounts]

    def load_attempts(
        self, repository: str, run_ids: Collection[int]
    ) -> dict[AttemptKey, AttemptRecord]:
        """Load every known attempt of these runs, under the key with which it was saved."""
        name = repository_key(repository)
        runs = [run_key(name, run_id) for run_id in run_ids]
        records = _records(ATTEMPTS.search_by("run", runs, columns=_COLUMNS))
        return {record.key: record for record in records}

    def find_attempts(self, run_id: int) -> list[AttemptRecord]:
        """Load every known attempt of a run by its number alone, in any repository, in order."""
        rows = list(ATTEMPTS.search(columns=_COLUMNS, where={"run_id": str(run_id)}))
        return sorted(_records(rows), key=lambda record: normalized_attempt_key(record.key))

    def load_due_attempts(
        self, repository: str, *, now: datetime, limit: int, newest_first: bool = False
    ) -> list[AttemptRecord]:
        """Load unsettled attempts that are due, oldest created first by default.

        A time that is too far ahead counts as past: a clock that was ahead set it.
        """
        due = due_check_times(now)
        rows = ATTEMPTS.list_first(
            columns=_COLUMNS,
            order_by="age",
            is_ascending=not newest_first,
            limit=limit,
            where={
                "repository": repository_key(repository),
                "settled": False,
                "look_at": q.any_of(
                    q.less_than_or_equal_to(due.now), q.greater_than(due.latest_plausible)
                ),
            },
        )
        return _records(rows)

    def load_attempts_since(
        self, repository: str, created_since: datetime, *, limit: int
    ) -> list[AttemptRecord]:
        """Load attempts created at a moment or after, oldest created first."""
        rows = ATTEMPTS.list_first(
            columns=_COLUMNS,
            order_by="age",
            limit=limit,
            where={
                "repository": repository_key(repository),
                "age": q.greater_than_or_equal_to(sort_key(created_since)),
            },
        )
        return _records(rows)

    def load_next_check_at(self, repository: str) -> datetime | None:
        """Return when the next unsettled attempt is due."""
        rows = ATTEMPTS.list_first(
            columns=("key", "look_at"),
            order_by="look_at",
            limit=1,
            where={
                "repository": repository_key(repository),
                "settled": False,
                "look_at": q.not_(None),
            },
        )
        return as_optional_utc(rows[0]["look_at"]) if rows else None

    def load_oldest_unpublished_created_at(self, repositories: Collection[str]) -> datetime | None:
        """Return when the oldest unsettled and never published attempt of these was created."""
        oldest = [
            as_utc(row["created_at"])
            for names in chunks_by_count(sorted({repository_key(name) for name in repositories}))
            for row in ATTEMPTS.list_first(
                columns=("key", "created_at"),
                order_by="age",
                limit=1,
                where={"settled": False, "unread": True, "repository": q.any_of(*names)},
            )
        ]
        return min(oldest, default=None)

    def save_attempts(self, records: Sequence[AttemptRecord]) -> None:
        """Insert or replace attempts, each hundred in one transaction."""
        newest = {attempt_key_text(record.key): record for record in records}
        for keys in chunks_by_count(sorted(newest)):
            # Compressing hundreds of jobs takes long, so it is done outside of the transaction.
            bodies = {key: dump_body(body_of(newest[key])) for key in keys}
            rows = [{**_row(newest[key]), "body_bytes": len(bodies[key])} for key in keys]
            transact(partial(_save, rows, bodies))

    def remove_settled_attempts(self, *, created_before: datetime, limit: int) -> int:
        """Remove the oldest settled attempts with their logs and commits; return how many."""
        return transact(partial(_purge, created_before, limit))

    def count_ledger(self, repository: str | None = None) -> LedgerCounts:
        """Count attempts and logs of one repository, or of all; expired logs are unavailable."""
        if repository is None:
            return sum_counts(load_counts_by_repository(self._ledger_counts_cache).values())
        return load_counts(repository_key(repository), self._ledger_counts_cache)

    def count_ledger_by_repository(self) -> dict[str, LedgerCounts]:
        """Count attempts and logs of every repository, by its name in lower case."""
        return load_counts_by_repository(self._ledger_counts_cache)

    def load_commits(self, repository: str, shas: Collection[str]) -> dict[str, Commit]:
        """Load what is known of these commits."""
        name = repository_key(repository)
        keys = [f"{name}|{escape_text(sha)}" for sha in shas]
        rows = _COMMITS.search_by("key", keys, columns=("key", "body"))
        found = (decode_dataclass(Commit, load_body(row["body"])) for row in rows)
        return {metrics.commit_sha: metrics for metrics in found}

    def save_commits(self, repository: str, commits: Sequence[Commit]) -> None:
        """Keep commits' metrics; later ones replace earlier ones."""
        name = repository_key(repository)
        newest = {f"{name}|{escape_text(each.commit_sha)}": each for each in commits}
        rows = [
            {"key": key, "body": dump_body(encode_dataclass(newest[key]))} for key in sorted(newest)
        ]
        if rows:
            transact(lambda: _COMMITS.upsert(rows))


def _save(rows: Sequence[dict[str, Any]], bodies: Mapping[str, str]) -> None:
    BODIES.upsert([{"key": key, "body": body} for key, body in bodies.items()])
    found = ATTEMPTS.search_by("key", bodies, columns=("key", "settled", "unread"))
    known, changes = {row["key"]: row for row in first_of_each_key(found)}, CountChanges()
    for row in rows:
        changes.note_attempt(row["repository"], before=known.get(row["key"]), after=row)
    changes.save()
    ATTEMPTS.upsert(rows, found)


def _row(record: AttemptRecord) -> dict[str, Any]:
    name, run_id, run_attempt = normalized_attempt_key(record.key)
    head_sha = record.run.head_sha if record.run is not None else None
    return {
        "key": attempt_key_text(record.key),
        "repository": name,
        "run": run_key(name, run_id),
        "run_id": str(run_id),
        "run_attempt": run_attempt,
        "created_at": record.created_at,
        "age": sort_key(record.created_at, run_id, run_attempt),
        "settled": record.settled,
        "unread": not record.published_statuses,
        "look_at": record.next_check_at,
        "commit": None if head_sha is None else f"{name}|{escape_text(head_sha)}",
    }


def _records(rows: Sequence[Any]) -> list[AttemptRecord]:
    """Join rows with their bodies; a row without a body is being purged."""
    found = [
        body
        for chunk in chunks_by_length(rows, lambda row: int(row["body_bytes"] or 0))
        for body in BODIES.search_by("key", [row["key"] for row in chunk], columns=("key", "body"))
    ]
    bodies = {row["key"]: row["body"] for row in first_of_each_key(found)}
    return [
        restore_record_of_attempt(
            AttemptRecord,
            int(row["run_id"]),
            int(row["run_attempt"]),
            load_body(bodies[row["key"]]),
            {
                "created_at": as_utc(row["created_at"]),
                "settled": row["settled"],
                "next_check_at": as_optional_utc(row["look_at"]),
            },
        )
        for row in first_of_each_key(rows)
        if row["key"] in bodies
    ]


def _purge(created_before: datetime, limit: int) -> int:
    expired = ATTEMPTS.list_first(
        columns=("key", "commit", "repository", "settled"),
        order_by="age",
        limit=limit,
        where={"settled": True, "created_at": q.less_than(created_before)},
    )
    keys = [row["key"] for row in expired]
    logs = _JOB_LOGS.search_by("attempt", keys, columns=("key", "repository", "state"))
    changes = CountChanges()
    for row in expired:
        changes.note_attempt(row["repository"], before=row, after=None)
    for row in logs:
        changes.note_log(row["repository"], before=row["state"], after=None)
    changes.save()
    _JOB_LOGS.delete(logs)
    _COMMITS.delete_by("key", [row["commit"] for row in expired if row["commit"] is not None])
    BODIES.delete_by("key", keys)
    return ATTEMPTS.delete(expired)
