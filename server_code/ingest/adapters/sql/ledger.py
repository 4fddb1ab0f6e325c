"""Attempts, the hints about them, commits and webhook deliveries in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from ...domain.code_metrics import CommitMetrics
from ...domain.codec import decode, encode
from ...domain.due import MAX_PAUSE, checks_due, ended_pauses, urgent_due_at
from ...domain.ledger import (
    CLAIMS_KEPT,
    WRITE_CHECK_KEY,
    AttemptRecord,
    DeliveredEvent,
    LedgerCounts,
)
from ...domain.runs import AttemptKey
from ...domain.stored_records import attempt_id
from ...domain.stored_values import (
    escape_text,
    format_due_times,
    format_time,
    from_json,
    parse_optional_time,
    parse_time,
    repository_key,
    to_json,
)
from ...ports import LedgerStore
from .attempts import SAVE_ATTEMPTS, SELECT_ATTEMPTS, attempt_record, attempt_row
from .database import Database
from .ledger_counts import (
    SELECT_COUNTS,
    SELECT_COUNTS_BY_REPOSITORY,
    SELECT_TOTAL_COUNTS,
    change_and_count,
    ledger_counts,
)
from .repositories import MAKE_DUE
from .retention import purge_settled
from .session import Row, Session

_PURGE_BATCH = 100

_OLDEST_UNPUBLISHED = """
    SELECT (SELECT created_at FROM attempts WHERE repository_key = repositories.name_key
            AND settled = 0 AND unread = 1 ORDER BY created_at LIMIT 1)
    FROM repositories WHERE name_key IN (...)
"""
_DUE_ATTEMPTS = "WHERE repository_key = ? AND settled = 0 AND (look_at <= ? OR look_at > ?) "
_CREATED_SINCE = "WHERE repository_key = ? AND created_at >= ? "
_OLDEST_FIRST = "ORDER BY created_at, run_id, run_attempt LIMIT ?"
_NEWEST_FIRST = "ORDER BY created_at DESC, run_id DESC, run_attempt DESC LIMIT ?"

_SAVE_HINT = """
    INSERT INTO run_hints (repository_key, run_id, hinted_at) VALUES (...)
    ON CONFLICT (repository_key, run_id) DO UPDATE SET hinted_at = excluded.hinted_at
    WHERE run_hints.hinted_at < excluded.hinted_at
"""
_CLEAR_HINT = "DELETE FROM run_hints WHERE repository_key = ? AND run_id = ? AND hinted_at <= ?"
_SAVE_EVENT = """
    INSERT INTO run_facts (delivery_id, repository_key, received_at, fact) VALUES (...)
    ON CONFLICT (delivery_id) DO NOTHING
"""
_SELECT_EVENTS = """
    SELECT fact FROM run_facts WHERE repository_key = ? ORDER BY received_at, delivery_id
"""
_CLEAR_EVENT = "DELETE FROM run_facts WHERE delivery_id = ?"
_SAVE_COMMITS = """
    INSERT INTO commits (repository_key, sha, metrics) VALUES (...)
    ON CONFLICT (repository_key, sha) DO UPDATE SET metrics = excluded.metrics
"""
_SAVE_PAUSES = """
    INSERT INTO pauses (credential, paused_until) VALUES (...)
    ON CONFLICT (credential) DO UPDATE SET paused_until = excluded.paused_until
    WHERE pauses.paused_until < excluded.paused_until
"""
_SELECT_PAUSES = """
    SELECT credential, paused_until FROM pauses WHERE paused_until > ? AND paused_until <= ?
"""
_DELETE_PAUSE = "DELETE FROM pauses WHERE credential = ? AND paused_until > ?"
_CLAIM = """
    INSERT INTO deliveries (delivery_id, received_at) VALUES (...)
    ON CONFLICT (delivery_id) DO NOTHING
"""
_RELEASE_CLAIM = "DELETE FROM deliveries WHERE delivery_id = ?"


class SqlLedger(LedgerStore):
    """The ledger: the newest known state of every attempt."""

    _database: Database

    def load_attempts(
        self, repository: str, run_ids: Collection[int]
    ) -> dict[AttemptKey, AttemptRecord]:
        """Load every known attempt of these runs, under the key with which it was saved."""
        sql = SELECT_ATTEMPTS + "WHERE repository_key = ? AND run_id IN (...)"
        rows = self._database.read_in_chunks(
            sql, (repository_key(repository),), sorted(set(run_ids))
        )
        records = (attempt_record(row) for row in rows)
        return {record.key: record for record in records}

    def find_attempts(self, run_id: int) -> list[AttemptKey]:
        """Find the known attempts of a run whose repository is not known, in order."""
        rows = self._database.read(SELECT_ATTEMPTS + "WHERE run_id = ?", (run_id,))
        return sorted((attempt_record(row).key for row in rows), key=attempt_id)

    def load_due_attempts(
        self, repository: str, *, now: datetime, limit: int, newest_first: bool = False
    ) -> list[AttemptRecord]:
        """Load unsettled attempts that are due, oldest created first by default."""
        parameters = (repository_key(repository), *format_due_times(checks_due(now)), max(0, limit))
        order = _NEWEST_FIRST if newest_first else _OLDEST_FIRST
        rows = self._database.read(SELECT_ATTEMPTS + _DUE_ATTEMPTS + order, parameters)
        return [attempt_record(row) for row in rows]

    def load_attempts_since(
        self, repository: str, created_since: datetime, *, limit: int
    ) -> list[AttemptRecord]:
        """Load attempts created at a moment or after, oldest created first."""
        parameters = (repository_key(repository), format_time(created_since), max(0, limit))
        rows = self._database.read(SELECT_ATTEMPTS + _CREATED_SINCE + _OLDEST_FIRST, parameters)
        return [attempt_record(row) for row in rows]

    def load_next_check_at(self, repository: str) -> datetime | None:
        """Return when the next unsettled attempt is due."""
        sql = "SELECT MIN(look_at) FROM attempts WHERE settled = 0 AND repository_key = ?"
        return parse_optional_time(self._database.read(sql, (repository_key(repository),))[0][0])

    def load_oldest_unpublished(self, repositories: Collection[str]) -> datetime | None:
        """Return when the oldest attempt of these that was never published was created."""
        names = sorted({repository_key(name) for name in repositories})
        rows = self._database.read_in_chunks(_OLDEST_UNPUBLISHED, (), names)
        return min((parse_time(created_at) for (created_at,) in rows if created_at), default=None)

    def save_attempts(self, records: Sequence[AttemptRecord]) -> None:
        """Insert or replace attempts, all or none."""
        newest = {attempt_id(record.key): record for record in records}
        # In order, so that two processes never wait for each other's rows.
        rows = [attempt_row(newest[key]) for key in sorted(newest)]
        runs = {row[:2] for row in rows}

        def save(session: Session) -> None:
            insert = partial(session.insert, SAVE_ATTEMPTS, rows)
            change_and_count(session, runs, insert, logs=False)

        if rows:
            self._database.write(save)

    def remove_settled_attempts(self, *, created_before: datetime, limit: int) -> int:
        """Remove settled attempts, some at a time: nobody waits long for the rows."""
        removed = 0
        while removed < limit:
            batch_size = min(_PURGE_BATCH, limit - removed)
            purge = partial(purge_settled, created_before=created_before, limit=batch_size)
            removed_now = self._database.write(purge)
            removed += removed_now
            if removed_now < batch_size:
                break
        return removed

    def count_ledger(self, repository: str | None = None) -> LedgerCounts:
        """Count attempts and logs of one repository, or of all; expired logs are unavailable."""
        if repository is None:
            return ledger_counts(self._database.read(SELECT_TOTAL_COUNTS)[0])
        rows = self._database.read(SELECT_COUNTS, (repository_key(repository),))
        return ledger_counts(rows[0]) if rows else LedgerCounts()

    def count_each_repository(self) -> dict[str, LedgerCounts]:
        """Count attempts and logs of every repository, by its name in lower case."""
        rows = self._database.read(SELECT_COUNTS_BY_REPOSITORY)
        return {name: ledger_counts(row) for name, *row in rows}

    def save_run_hint(self, repository: str, run_id: int, *, now: datetime) -> None:
        """Save that a run is to be checked; the newest hint counts."""
        self._insert(_SAVE_HINT, [(repository_key(repository), run_id, format_time(now))])

    def load_run_hints(self, repository: str) -> dict[int, datetime]:
        """Load the runs to check, with the time of each newest hint."""
        sql = "SELECT run_id, hinted_at FROM run_hints WHERE repository_key = ?"
        rows = self._database.read(sql, (repository_key(repository),))
        return {run_id: parse_time(hinted_at) for run_id, hinted_at in rows}

    def clear_run_hints(self, repository: str, hints: Mapping[int, datetime]) -> None:
        """Delete hints that are not newer than those given."""
        key = repository_key(repository)
        rows = [(key, run_id, format_time(hints[run_id])) for run_id in sorted(hints)]

        def clear(session: Session) -> None:
            for row in rows:
                session.execute(_CLEAR_HINT, row)

        if rows:
            self._database.write(clear)

    def load_commits(self, repository: str, shas: Collection[str]) -> dict[str, CommitMetrics]:
        """Load what is known of these commits."""
        sql = "SELECT metrics FROM commits WHERE repository_key = ? AND sha IN (...)"
        wanted = sorted({escape_text(sha) for sha in shas})
        rows = self._database.read_in_chunks(sql, (repository_key(repository),), wanted)
        found = (decode(CommitMetrics, from_json(metrics)) for (metrics,) in rows)
        return {metrics.commit_sha: metrics for metrics in found}

    def save_commits(self, repository: str, commits: Sequence[CommitMetrics]) -> None:
        """Keep commits' metrics; later ones replace earlier ones."""
        key = repository_key(repository)
        newest = {escape_text(metrics.commit_sha): metrics for metrics in commits}
        rows = [(key, sha, to_json(encode(newest[sha]))) for sha in sorted(newest)]
        self._insert(_SAVE_COMMITS, rows)

    def save_credential_pauses(self, pauses: Mapping[str, datetime]) -> None:
        """Save until when credentials must not send requests; a longer pause is kept."""
        rows = [(name, format_time(pauses[name])) for name in sorted(pauses)]
        too_far_ahead = [(name, format_time(pauses[name] + MAX_PAUSE)) for name in sorted(pauses)]

        def save(session: Session) -> None:
            session.delete(_DELETE_PAUSE, too_far_ahead)
            session.insert(_SAVE_PAUSES, rows)

        if rows:
            self._database.write(save)

    def load_credential_pauses(self, *, now: datetime) -> dict[str, datetime]:
        """Load the pauses that are not over."""
        rows = self._database.read(_SELECT_PAUSES, format_due_times(ended_pauses(now)))
        return {name: parse_time(until) for name, until in rows}

    def claim_once(self, key: str, *, now: datetime) -> bool:
        """Claim a key; False if it was claimed within 4 days."""
        return self._database.write(lambda session: _claim(session, key, now))

    def check_writable(self, *, now: datetime) -> None:
        """Write a row and remove it again, in one transaction."""
        key = escape_text(WRITE_CHECK_KEY)

        def check(session: Session) -> None:
            session.insert(_CLAIM, [(key, format_time(now))])
            session.delete(_RELEASE_CLAIM, [(key,)])

        self._database.write(check)

    def load_delivered_events(self, repository: str) -> list[DeliveredEvent]:
        """Load what webhooks delivered, in the order of its arrival."""
        rows = self._database.read(_SELECT_EVENTS, (repository_key(repository),))
        return [decode(DeliveredEvent, from_json(event)) for (event,) in rows]

    def clear_delivered_events(self, delivery_ids: Collection[str]) -> None:
        """Delete events that were processed."""

        def clear(session: Session) -> None:
            for delivery_id in sorted(delivery_ids):
                session.execute(_CLEAR_EVENT, (escape_text(delivery_id),))

        if delivery_ids:
            self._database.write(clear)

    def save_delivery_once(
        self,
        keys: Sequence[str],
        repository: str,
        run_id: int,
        *,
        now: datetime,
        event: DeliveredEvent | None = None,
    ) -> str | None:
        """Claim keys, save a hint or event and make the repository due, in one transaction."""
        name, moment = repository_key(repository), format_time(now)

        def save(session: Session) -> str | None:
            for position, key in enumerate(keys):
                if not _claim(session, key, now):
                    session.delete(
                        _RELEASE_CLAIM, [(escape_text(each),) for each in keys[:position]]
                    )
                    return key
            if event is None:
                session.insert(_SAVE_HINT, [(name, run_id, moment)])
            else:
                body = to_json(encode(event))
                session.insert(_SAVE_EVENT, [(escape_text(event.delivery_id), name, moment, body)])
            due_at = format_time(urgent_due_at(now))
            session.execute(MAKE_DUE, (due_at, due_at, name))
            return None

        return self._database.write(save)

    def _insert(self, sql: str, rows: Sequence[Row]) -> None:
        if rows:
            self._database.write(lambda session: session.insert(sql, rows))


def _claim(session: Session, key: str, now: datetime) -> bool:
    """Claim a key; False if it was claimed within 4 days."""
    session.execute(
        "DELETE FROM deliveries WHERE received_at < ?", (format_time(now - CLAIMS_KEPT),)
    )
    session.execute(
        "DELETE FROM run_facts WHERE received_at < ?", (format_time(now - CLAIMS_KEPT),)
    )
    return session.insert(_CLAIM, [(escape_text(key), format_time(now))]) == 1
