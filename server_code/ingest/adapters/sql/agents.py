"""Agents' heartbeats, manual collections and desired states in SQL."""

from __future__ import annotations

from datetime import datetime

from ...domain.collection_records import CollectionRecord
from ...domain.ledger import HEARTBEATS_KEPT_FOR, AgentRecord
from ...domain.stored_records import body_of, restore_record
from ...domain.stored_values import (
    escape_text,
    format_time,
    from_json,
    parse_time,
    to_json,
    unescape_text,
)
from .database import Database
from .session import Row, Session, upsert

#: Names of release 0.1: ``holder`` is the host of an agent, a ``wish`` its desired state.
_SAVE_AGENT = upsert("agents", "name, holder", "heartbeat_at, record")
_DELETE_AGENTS = "DELETE FROM agents WHERE heartbeat_at < ? OR heartbeat_at > ?"
_SAVE_COLLECTION = upsert("collections", "collection_id", "updated_at, record")
_DELETE_COLLECTIONS = "DELETE FROM collections WHERE updated_at < ? OR updated_at > ?"
_SAVE_DESIRED_STATE = upsert("agent_wishes", "name", "wish")


class SqlAgents:
    """Agents and collections; each save removes those that have not reported for long."""

    _database: Database

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
        found = (
            restore_record(CollectionRecord, from_json(body), {"updated_at": parse_time(at)})
            for at, body in rows
        )
        return sorted(found, key=lambda each: each.started_at, reverse=True)

    def _save(self, save: str, row: Row, delete_old: str, at: datetime) -> None:
        """Save a row, and remove those that are over a day before or after it."""
        kept = (format_time(at - HEARTBEATS_KEPT_FOR), format_time(at + HEARTBEATS_KEPT_FOR))

        def work(session: Session) -> None:
            session.insert(save, [row])
            session.execute(delete_old, kept)

        self._database.write(work)

    def save_desired_state(self, name: str, desired_state: str) -> None:
        """Save the desired state of an agent; the newest one counts."""
        row = (escape_text(name), escape_text(desired_state))
        self._database.write(lambda session: session.insert(_SAVE_DESIRED_STATE, [row]))

    def load_desired_states(self) -> dict[str, str]:
        """Load the desired states by agent; an agent that has none is not among them."""
        rows = self._database.read("SELECT name, wish FROM agent_wishes")
        return {unescape_text(name): unescape_text(desired_state) for name, desired_state in rows}
