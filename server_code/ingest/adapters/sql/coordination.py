"""What agents share: heartbeats, collections, desired states, rate-limit pauses, claims."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ...domain.collection_records import CollectionRecord
from ...domain.due import MAX_CLOCK_DIFFERENCE, MAX_PAUSE, ended_pause_times
from ...domain.ledger import CLAIMS_KEPT_FOR, HEARTBEATS_KEPT_FOR, WRITE_CHECK_KEY, AgentRecord
from ...domain.stored_records import body_of, restore_record
from ...domain.stored_values import (
    due_query_bounds,
    escape_text,
    format_time,
    from_json,
    parse_time,
    to_json,
    unescape_text,
)
from .database import SqlStore
from .session import Row, Session, upsert

#: Names of release 0.1: ``holder`` is the host of an agent, a ``wish`` its desired state, the table
#: ``deliveries`` holds claims and ``run_facts`` delivered events.
_SAVE_AGENT = upsert("agents", "name, holder", "heartbeat_at, record")
_DELETE_AGENTS = "DELETE FROM agents WHERE heartbeat_at < ? OR heartbeat_at > ?"
_SAVE_COLLECTION = upsert("collections", "collection_id", "updated_at, record")
_DELETE_COLLECTIONS = "DELETE FROM collections WHERE updated_at < ? OR updated_at > ?"
_SAVE_DESIRED_STATE = upsert("agent_wishes", "name", "wish")
_SAVE_PAUSES = (
    upsert("pauses", "credential", "paused_until")
    + "WHERE pauses.paused_until < excluded.paused_until"
)
# The opposite of `ended_pause_times`: not over, and not so long that a wrong clock has set it.
_SELECT_PAUSES = """
    SELECT credential, paused_until FROM pauses WHERE paused_until > ? AND paused_until <= ?
"""
_DELETE_PAUSE = "DELETE FROM pauses WHERE credential = ? AND paused_until > ?"
_CLAIM = """
    INSERT INTO deliveries (delivery_id, received_at) VALUES (...)
    ON CONFLICT (delivery_id) DO NOTHING
"""
RELEASE_CLAIM = "DELETE FROM deliveries WHERE delivery_id = ?"


class SqlCoordination(SqlStore):
    """What agents share.

    Saving a heartbeat or a collection removes those that are over a day old; claiming a key removes
    the claims and the delivered events of more than 4 days ago.
    """

    def save_agent(self, record: AgentRecord) -> None:
        """Save an agent's newest heartbeat; remove those over a day before or after it."""
        name, host = escape_text(record.name), escape_text(record.host)
        row = (name, host, format_time(record.heartbeat_at), to_json(body_of(record)))
        self._save(_SAVE_AGENT, row, _DELETE_AGENTS, record.heartbeat_at)

    def list_agents(self) -> list[AgentRecord]:
        """List agents, by name and host."""
        rows = self._database.read("SELECT heartbeat_at, record FROM agents")
        agents = (
            restore_record(AgentRecord, from_json(body), {"heartbeat_at": parse_time(at)})
            for at, body in rows
        )
        return sorted(agents, key=lambda agent: (agent.name, agent.host))

    def save_collection(self, record: CollectionRecord) -> None:
        """Save a manual collection by its id; remove those over a day before or after it."""
        name, at = escape_text(record.collection_id), record.updated_at
        row = (name, format_time(at), to_json(body_of(record)))
        self._save(_SAVE_COLLECTION, row, _DELETE_COLLECTIONS, at)

    def list_collections(self) -> list[CollectionRecord]:
        """List the manual collections, newest started first."""
        rows = self._database.read("SELECT updated_at, record FROM collections")
        collections = (
            restore_record(CollectionRecord, from_json(body), {"updated_at": parse_time(at)})
            for at, body in rows
        )
        return sorted(collections, key=lambda each: each.started_at, reverse=True)

    def _save(self, save: str, row: Row, delete_old: str, at: datetime) -> None:
        """Save a row, and remove those that are over a day before or after it."""
        kept_times = (format_time(at - HEARTBEATS_KEPT_FOR), format_time(at + HEARTBEATS_KEPT_FOR))

        def work(session: Session) -> None:
            session.insert(save, [row])
            session.execute(delete_old, kept_times)

        self._database.write(work)

    def save_desired_state(self, name: str, desired_state: str) -> None:
        """Save the desired state of an agent; the newest one counts."""
        row = (escape_text(name), escape_text(desired_state))
        self._database.write(lambda session: session.insert(_SAVE_DESIRED_STATE, [row]))

    def load_desired_states(self) -> dict[str, str]:
        """Load the desired states by agent; an agent that has none is not among them."""
        rows = self._database.read("SELECT name, wish FROM agent_wishes")
        return {unescape_text(name): unescape_text(desired_state) for name, desired_state in rows}

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
        rows = self._database.read(_SELECT_PAUSES, due_query_bounds(ended_pause_times(now)))
        return {name: parse_time(until) for name, until in rows}

    def claim_once(self, key: str, *, now: datetime) -> bool:
        """Claim the key of what only one process may do; False if a claim of it counts."""
        return self._database.write(lambda session: claim(session, key, now))

    def check_writable(self, *, now: datetime) -> None:
        """Write a row and remove it again, in one transaction."""
        key = escape_text(WRITE_CHECK_KEY)

        def check(session: Session) -> None:
            session.insert(_CLAIM, [(key, format_time(now))])
            session.delete(RELEASE_CLAIM, [(key,)])

        self._database.write(check)


def claim(session: Session, key: str, now: datetime) -> bool:
    """Claim a key; False if it was claimed within 4 days, but not before the clock was set back."""
    oldest, newest = format_time(now - CLAIMS_KEPT_FOR), format_time(now + MAX_CLOCK_DIFFERENCE)
    session.execute(
        "DELETE FROM deliveries WHERE received_at < ? OR received_at > ?", (oldest, newest)
    )
    session.execute("DELETE FROM run_facts WHERE received_at < ?", (oldest,))
    return session.insert(_CLAIM, [(escape_text(key), format_time(now))]) == 1
