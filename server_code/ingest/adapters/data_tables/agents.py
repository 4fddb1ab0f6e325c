"""Agents' heartbeats, manual collections, desired states and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import anvil.tables.query as q

from ...domain.collections import CollectionRecord
from ...domain.ledger import (
    COUNTS_KEPT,
    HEARTBEATS_KEPT,
    AgentRecord,
    MessageCounts,
    start_of_interval,
)
from ...domain.stored_records import (
    agent_body,
    collection_body,
    restore_agent,
    restore_collection,
)
from ...domain.stored_values import (
    read_ascii,
    read_json,
    read_time,
    write_ascii,
    write_json,
    write_time,
)
from .errors import translate_errors
from .rows import Rows, distinct
from .transactions import transact
from .values import as_utc

_AGENTS = Rows("agents")
_COLLECTIONS = Rows("collections")
_DESIRED_STATES = Rows("agent_wishes")
_COUNTS = Rows("traffic")

_TOTALS = "totals"


@translate_errors
class TableAgents:
    """Agents, collections and counts; each save removes those that have not reported for long."""

    def save_agent(self, record: AgentRecord) -> None:
        """Save an agent's newest heartbeat; those a day older or newer are removed."""
        row = {
            "key": f"{write_ascii(record.name)}|{write_ascii(record.host)}",
            "heartbeat_at": record.heartbeat_at,
            "body": write_json(agent_body(record)),
        }
        _save(_AGENTS, row, "heartbeat_at")

    def list_agents(self) -> list[AgentRecord]:
        """List agents, by name and host."""
        rows = _AGENTS.search(columns=("key", "heartbeat_at", "body"))
        agents = {
            row["key"]: restore_agent(as_utc(row["heartbeat_at"]), read_json(row["body"]))
            for row in distinct(rows)
        }
        return sorted(agents.values(), key=lambda agent: (agent.name, agent.host))

    def save_collection(self, record: CollectionRecord) -> None:
        """Save a manual collection by its id; those a day older or newer are removed."""
        row = {
            "key": write_ascii(record.collection_id),
            "updated_at": record.updated_at,
            "body": write_json(collection_body(record)),
        }
        _save(_COLLECTIONS, row, "updated_at")

    def list_collections(self) -> list[CollectionRecord]:
        """List the manual collections, newest started first."""
        rows = distinct(_COLLECTIONS.search(columns=("key", "updated_at", "body")))
        found = [
            restore_collection(as_utc(row["updated_at"]), read_json(row["body"])) for row in rows
        ]
        return sorted(found, key=lambda each: each.started_at, reverse=True)

    def save_desired_state(self, name: str, desired_state: str) -> None:
        """Save the desired state of an agent; the newest one counts."""
        row = {"key": write_ascii(name), "wish": write_ascii(desired_state)}
        transact(lambda: _DESIRED_STATES.upsert([row]))

    def load_desired_states(self) -> dict[str, str]:
        """Load the desired states by agent; an agent that has none is not among them."""
        rows = _DESIRED_STATES.search(columns=("key", "wish"))
        return {read_ascii(row["key"]): read_ascii(row["wish"]) for row in rows}

    def add_counts(self, counts: Mapping[str, int], *, now: datetime) -> None:
        """Add to the totals and to this moment's interval, all or none."""
        added = {name: amount for name, amount in counts.items() if amount}
        if not added:
            return
        interval = start_of_interval(now)
        keys = (_TOTALS, write_time(interval))

        def add() -> bool:
            found = _COUNTS.by("key", keys, columns=("key", "counts"))
            known = {row["key"]: read_json(row["counts"]) for row in distinct(found)}
            _COUNTS.upsert([_summed(key, known.get(key, {}), added) for key in keys], found)
            return keys[1] in known

        if transact(add):
            return
        # Old intervals are removed with the first addition to a new one.
        old = q.less_than_or_equal_to(write_time(interval - COUNTS_KEPT))
        _COUNTS.delete(_COUNTS.search(columns=("key",), where={"key": old}))

    def load_message_counts(self) -> MessageCounts:
        """Load all totals, and the intervals of the last COUNTS_KEPT before the newest addition."""
        found = distinct(_COUNTS.search(columns=("key", "counts")))
        rows = {row["key"]: row["counts"] for row in found}
        totals = read_json(rows.pop(_TOTALS, "{}"))
        intervals = tuple((read_time(key), read_json(rows[key])) for key in sorted(rows))
        return MessageCounts(totals=totals, intervals=intervals)


def _save(rows: Rows, row: dict[str, Any], time_column: str) -> None:
    """Save a row, and remove those that are a day older or newer."""
    transact(lambda: rows.upsert([row]))
    at = row[time_column]
    gone = q.any_of(q.less_than(at - HEARTBEATS_KEPT), q.greater_than(at + HEARTBEATS_KEPT))
    rows.delete(rows.search(columns=("key",), where={time_column: gone}))


def _summed(key: str, known: Mapping[str, int], added: Mapping[str, int]) -> dict[str, str]:
    counts = Counter(known)
    counts.update(added)
    return {"key": key, "counts": write_json(dict(counts))}
