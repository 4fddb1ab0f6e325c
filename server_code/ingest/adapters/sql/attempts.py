"""The ledger of attempts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from ...domain.codec import decode_dataclass, encode_dataclass
from ...domain.commits import Commit
from ...domain.due import due_check_times
from ...domain.ledger import AttemptRecord, LedgerCounts
from ...domain.runs import AttemptKey
from ...domain.stored_records import body_of, normalized_attempt_key, restore_record_of_attempt
from ...domain.stored_values import (
    due_query_bounds,
    escape_text,
    format_optional_time,
    format_time,
    from_json,
    parse_optional_time,
    parse_time,
    repository_key,
    to_json,
)
from .database import SqlStore
from .ledger_counts import (
    SELECT_COUNTS,
    SELECT_COUNTS_BY_REPOSITORY,
    SELECT_TOTAL_COUNTS,
    change_and_count,
    ledger_counts,
)
from .session import Row, Session, upsert

_OLDEST_UNPUBLISHED = """
    SELECT (SELECT created_at FROM attempts WHERE repository_key = repositories.name_key
            AND settled = 0 AND unread = 1 ORDER BY created_at LIMIT 1)
    FROM repositories WHERE name_key IN (...)
"""
#: A time that is too far ahead counts as past: a clock that was ahead set it.
_DUE = "WHERE repository_key = ? AND settled = 0 AND (look_at <= ? OR look_at > ?) "
_CREATED_SINCE = "WHERE repository_key = ? AND created_at >= ? "
_OLDEST_FIRST = "ORDER BY created_at, run_id, run_attempt LIMIT ?"
_NEWEST_FIRST = "ORDER BY created_at DESC, run_id DESC, run_attempt DESC LIMIT ?"

#: Columns keep the names of release 0.1: ``look_at`` is next_check_at, ``unread`` unpublished.
_SELECT = """
    SELECT run_id, run_attempt, created_at, settled, look_at, record FROM attempts
"""
_SAVE = upsert(
    "attempts",
    "repository_key, run_id, run_attempt",
    "created_at, settled, unread, look_at, record",
)
_SAVE_COMMITS = upsert("commits", "repository_key, sha", "metrics")
_EXPIRED = """
    SELECT repository_key, run_id, run_attempt, record FROM attempts
    WHERE settled = 1 AND created_at < ?
    ORDER BY created_at, run_id, run_attempt LIMIT ?
"""
_REMOVE_ATTEMPT = "DELETE FROM attempts WHERE repository_key = ? AND run_id = ? AND run_attempt = ?"
_REMOVE_LOGS = "DELETE FROM job_logs WHERE repository_key = ? AND run_id = ? AND run_attempt = ?"
_REMOVE_COMMIT = "DELETE FROM commits WHERE repository_key = ? AND sha = ?"


class SqlAttempts(SqlStore):
    """The ledger: the newest known state of every attempt, and its commits."""

    def load_attempts(
        self, repository: str, run_ids: Collection[int]
    ) -> dict[AttemptKey, AttemptRecord]:
        """Load every known attempt of these runs, under the key with which it was saved."""
        sql = _SELECT + "WHERE repository_key = ? AND run_id IN (...)"
        rows = self._database.read_in_chunks(
            sql, (repository_key(repository),), sorted(set(run_ids))
        )
        records = (_record(row) for row in rows)
        return {record.key: record for record in records}

    def find_attempts(self, run_id: int) -> list[AttemptRecord]:
        """Load every known attempt of a run by its number alone, in any repository, in order."""
        rows = self._database.read(_SELECT + "WHERE run_id = ?", (run_id,))
        return sorted(map(_record, rows), key=lambda record: normalized_attempt_key(record.key))

    def load_due_attempts(
        self, repository: str, *, now: datetime, limit: int, newest_first: bool = False
    ) -> list[AttemptRecord]:
        """Load unsettled attempts that are due, oldest created first by default."""
        parameters = (
            repository_key(repository),
            *due_query_bounds(due_check_times(now)),
            max(0, limit),
        )
        order = _NEWEST_FIRST if newest_first else _OLDEST_FIRST
        rows = self._database.read(_SELECT + _DUE + order, parameters)
        return [_record(row) for row in rows]

    def load_attempts_since(
        self, repository: str, created_since: datetime, *, limit: int
    ) -> list[AttemptRecord]:
        """Load attempts created at a moment or after, oldest created first."""
        parameters = (repository_key(repository), format_time(created_since), max(0, limit))
        rows = self._database.read(_SELECT + _CREATED_SINCE + _OLDEST_FIRST, parameters)
        return [_record(row) for row in rows]

    def load_next_check_at(self, repository: str) -> datetime | None:
        """Return when the next unsettled attempt is due."""
        sql = "SELECT MIN(look_at) FROM attempts WHERE settled = 0 AND repository_key = ?"
        return parse_optional_time(self._database.read(sql, (repository_key(repository),))[0][0])

    def load_oldest_unpublished_created_at(self, repositories: Collection[str]) -> datetime | None:
        """Return when the oldest unsettled and never published attempt of these was created."""
        names = sorted({repository_key(name) for name in repositories})
        rows = self._database.read_in_chunks(_OLDEST_UNPUBLISHED, (), names)
        return min((parse_time(created_at) for (created_at,) in rows if created_at), default=None)

    def save_attempts(self, records: Sequence[AttemptRecord]) -> None:
        """Insert or replace attempts, all or none."""
        newest = {normalized_attempt_key(record.key): record for record in records}
        # In order, so that two processes never wait for each other's rows.
        rows = [_row(newest[key]) for key in sorted(newest)]
        runs = {row[:2] for row in rows}

        def save(session: Session) -> None:
            insert = partial(session.insert, _SAVE, rows)
            change_and_count(session, runs, insert, counts_logs=False)

        if rows:
            self._database.write(save)

    def remove_settled_attempts(self, *, created_before: datetime, limit: int) -> int:
        """Remove the oldest settled attempts with their logs and commits; return how many.

        One that another process is saving at this moment is skipped: it may not stay settled. A
        commit that a later attempt shares is removed too, and requested again where it is needed.
        """
        expired = (format_time(created_before), limit)

        def purge(session: Session) -> int:
            runs = {row[:2] for row in session.query(_EXPIRED, expired)}

            def remove() -> int:
                rows = session.query(_EXPIRED + session.dialect.skip_locked, expired)
                return _remove(session, [row for row in rows if row[:2] in runs])

            return change_and_count(session, runs, remove)

        return self._database.write(purge)

    def count_ledger(self, repository: str | None = None) -> LedgerCounts:
        """Count attempts and logs of one repository or of all, expired logs as unavailable."""
        if repository is None:
            return ledger_counts(self._database.read(SELECT_TOTAL_COUNTS)[0])
        rows = self._database.read(SELECT_COUNTS, (repository_key(repository),))
        return ledger_counts(rows[0]) if rows else LedgerCounts()

    def count_ledger_by_repository(self) -> dict[str, LedgerCounts]:
        """Count attempts and logs of every repository, by its name in lower case."""
        rows = self._database.read(SELECT_COUNTS_BY_REPOSITORY)
        return {name: ledger_counts(row) for name, *row in rows}

    def load_commits(self, repository: str, shas: Collection[str]) -> dict[str, Commit]:
        """Load what is known of these commits."""
        sql = "SELECT metrics FROM commits WHERE repository_key = ? AND sha IN (...)"
        wanted = sorted({escape_text(sha) for sha in shas})
        rows = self._database.read_in_chunks(sql, (repository_key(repository),), wanted)
        found = (decode_dataclass(Commit, from_json(metrics)) for (metrics,) in rows)
        return {metrics.commit_sha: metrics for metrics in found}

    def save_commits(self, repository: str, commits: Sequence[Commit]) -> None:
        """Keep commits' metrics; later ones replace earlier ones."""
        key = repository_key(repository)
        newest = {escape_text(metrics.commit_sha): metrics for metrics in commits}
        rows = [(key, sha, to_json(encode_dataclass(newest[sha]))) for sha in sorted(newest)]
        if rows:
            self._database.write(lambda session: session.insert(_SAVE_COMMITS, rows))


def _remove(session: Session, rows: Sequence[Row]) -> int:
    """Remove attempts, given by the columns of _EXPIRED, with their logs and commits."""
    keys = sorted(row[:3] for row in rows)
    runs = ((row[0], from_json(row[3])["run"]) for row in rows)
    shas = {(name, run["head_sha"]) for name, run in runs if run is not None}
    commits = sorted((name, escape_text(sha)) for name, sha in shas if sha is not None)
    session.delete(_REMOVE_LOGS, keys)
    session.delete(_REMOVE_COMMIT, commits)
    return session.delete(_REMOVE_ATTEMPT, keys)


def _row(record: AttemptRecord) -> Row:
    """Return a record in the columns of _SAVE."""
    return (
        *normalized_attempt_key(record.key),
        format_time(record.created_at),
        int(record.settled),
        int(not record.published_statuses),
        format_optional_time(record.next_check_at),
        to_json(body_of(record)),
    )


def _record(row: Row) -> AttemptRecord:
    """Read a record from the columns of _SELECT."""
    run_id, run_attempt, created_at, settled, next_check_at, body = row
    columns = {
        "created_at": parse_time(created_at),
        "settled": bool(settled),
        "next_check_at": parse_optional_time(next_check_at),
    }
    return restore_record_of_attempt(AttemptRecord, run_id, run_attempt, from_json(body), columns)
