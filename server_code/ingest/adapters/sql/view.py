"""What people look at, in SQL and bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...domain.ledger import AgentRecord, ErrorRecord
from ...domain.runs import AttemptKey
from ...ports import ViewStore
from .attempts import attempt_id
from .columns import read_json, read_time, repository_key, write_ascii, write_json, write_time
from .database import Database
from .session import Session

_MOST_RECENT_RUNS = 2000
_MOST_ERRORS = 500
_SIGNS_KEPT = timedelta(days=1)

_SAVE_RUNS = """
    INSERT INTO recent_runs (repository_key, run_id, run_attempt, created_at, message)
    VALUES (...)
    ON CONFLICT (repository_key, run_id, run_attempt) DO UPDATE SET
        created_at = excluded.created_at,
        message = excluded.message
"""
_SELECT_RUNS = "SELECT message FROM recent_runs "
_NEWEST_RUNS = """
    ORDER BY created_at DESC, run_id DESC, run_attempt DESC, repository_key DESC LIMIT ? OFFSET ?
"""
#: SQLite knows no OFFSET without a LIMIT.
_TRIM_RUNS = """
    DELETE FROM recent_runs WHERE (repository_key, run_id, run_attempt) IN (
        SELECT repository_key, run_id, run_attempt FROM recent_runs
        ORDER BY created_at DESC, run_id DESC, run_attempt DESC, repository_key DESC
        LIMIT 1000000 OFFSET ?
    )
"""
_SAVE_AGENT = """
    INSERT INTO agents (name, holder, heartbeat_at, record) VALUES (...)
    ON CONFLICT (name, holder) DO UPDATE SET
        heartbeat_at = excluded.heartbeat_at,
        record = excluded.record
"""
_ADD_ERROR = "INSERT INTO errors (occurred_at, record) VALUES (...)"
_LIST_ERRORS = "SELECT occurred_at, record FROM errors ORDER BY occurred_at DESC, id DESC LIMIT ?"
_TRIM_ERRORS = """
    DELETE FROM errors WHERE id IN (
        SELECT id FROM errors ORDER BY occurred_at DESC, id DESC LIMIT 1000000 OFFSET ?
    )
"""


class SqlView(ViewStore):
    """Keep recent runs, agents and errors; each save removes what has become too much."""

    _database: Database

    def save_recent_runs(
        self, runs: Sequence[tuple[AttemptKey, datetime, Mapping[str, Any]]]
    ) -> None:
        """Keep runs' newest message data, with the time the run was created; 2,000 at most."""
        newest = {attempt_id(key): (write_time(at), write_json(data)) for key, at, data in runs}
        rows = [(*key, *newest[key]) for key in sorted(newest)]

        def save(session: Session) -> None:
            session.insert(_SAVE_RUNS, rows)
            session.execute(_TRIM_RUNS, (_MOST_RECENT_RUNS,))

        if rows:
            self._database.write(save)

    def load_recent_runs(
        self, *, limit: int, offset: int = 0, repository: str | None = None
    ) -> list[Mapping[str, Any]]:
        """Load message data, newest created first."""
        page = (max(0, limit), max(0, offset))
        key = () if repository is None else (repository_key(repository),)
        where = "" if repository is None else "WHERE repository_key = ?"
        sql = _SELECT_RUNS + where + _NEWEST_RUNS
        return [read_json(message) for (message,) in self._database.read(sql, (*key, *page))]

    def save_agent(self, record: AgentRecord) -> None:
        """Keep an agent's newest sign of life; signs a day older than this one go."""
        name, holder = write_ascii(record.name), write_ascii(record.holder)
        row = (name, holder, write_time(record.heartbeat_at), _write_agent(record))
        oldest = write_time(record.heartbeat_at - _SIGNS_KEPT)

        def save(session: Session) -> None:
            session.insert(_SAVE_AGENT, [row])
            session.execute("DELETE FROM agents WHERE heartbeat_at < ?", (oldest,))

        self._database.write(save)

    def list_agents(self) -> list[AgentRecord]:
        """List agents, by name and holder."""
        rows = self._database.read("SELECT heartbeat_at, record FROM agents")
        agents = (_read_agent(heartbeat_at, body) for heartbeat_at, body in rows)
        return sorted(agents, key=lambda agent: (agent.name, agent.holder))

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; 500 at most."""
        row = (write_time(record.occurred_at), _write_error(record))

        def add(session: Session) -> None:
            session.insert(_ADD_ERROR, [row])
            session.execute(_TRIM_ERRORS, (_MOST_ERRORS,))

        self._database.write(add)

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        rows = self._database.read(_LIST_ERRORS, (max(0, limit),))
        return [ErrorRecord(occurred_at=read_time(at), **read_json(body)) for at, body in rows]


def _write_agent(record: AgentRecord) -> str:
    return write_json(
        {
            "name": record.name,
            "holder": record.holder,
            "state": record.state,
            "started_at": write_time(record.started_at),
            "counts": dict(record.counts),
            "rate_limit": dict(record.rate_limit),
            "note": record.note,
        }
    )


def _read_agent(heartbeat_at: str, body: str) -> AgentRecord:
    stored = read_json(body)
    started_at = read_time(stored.pop("started_at"))
    return AgentRecord(heartbeat_at=read_time(heartbeat_at), started_at=started_at, **stored)


def _write_error(record: ErrorRecord) -> str:
    return write_json(
        {
            "agent": record.agent,
            "repository": record.repository,
            "what": record.what,
            "remedy": record.remedy,
        }
    )
