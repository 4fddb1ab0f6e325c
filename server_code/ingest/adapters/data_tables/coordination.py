"""What agents share: heartbeats, collections, desired states, rate-limit pauses, claims."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import anvil.tables.query as q

from ...domain.collection_records import CollectionRecord
from ...domain.due import MAX_CLOCK_DIFFERENCE, ended_pause_times, is_longer_pause
from ...domain.ledger import CLAIMS_KEPT_FOR, HEARTBEATS_KEPT_FOR, WRITE_CHECK_KEY, AgentRecord
from ...domain.stored_records import body_of, restore_record
from ...domain.stored_values import escape_text, from_json, to_json, unescape_text
from ...ports import CoordinationStore
from .errors import translate_errors
from .seldom_changed import SeldomChangedTable
from .table import Table, first_of_each_key
from .transactions import transact
from .values import as_utc

_AGENTS = Table("agents")
COLLECTIONS = SeldomChangedTable("collections")
DESIRED_STATES = SeldomChangedTable("agent_wishes")
_PAUSES = Table("pauses")

#: ``deliveries`` and ``run_facts`` are names of release 0.1.
CLAIMS = Table("deliveries")
_EVENTS = Table("run_facts")

#: If the last check is more recent, a heartbeat that was saved since proves that tables can be
#: written. A page checks every 15 seconds.
MAX_CHECK_INTERVAL_SECONDS = 30.0


class HeartbeatsAtWriteCheck(NamedTuple):
    """The heartbeats of all agents, by name and host, that the last check of writing has seen."""

    checked_at: float = -math.inf
    times: Mapping[tuple[str, str], datetime] = MappingProxyType({})


@translate_errors
class TableCoordination(CoordinationStore):
    """What agents share. Heartbeats and collections are kept for a day, claims for 4 days."""

    _heartbeats_at_write_check: HeartbeatsAtWriteCheck

    def save_agent(self, record: AgentRecord) -> None:
        """Save an agent's newest heartbeat; remove those over a day before or after it."""
        row = {
            "key": f"{escape_text(record.name)}|{escape_text(record.host)}",
            "heartbeat_at": record.heartbeat_at,
            "body": to_json(body_of(record)),
        }
        _save(_AGENTS, row, "heartbeat_at")

    def list_agents(self) -> list[AgentRecord]:
        """List agents, by name and host."""
        rows = _AGENTS.search(columns=("key", "heartbeat_at", "body"))
        agents = {
            row["key"]: restore_record(
                AgentRecord, from_json(row["body"]), {"heartbeat_at": as_utc(row["heartbeat_at"])}
            )
            for row in first_of_each_key(rows)
        }
        return sorted(agents.values(), key=lambda agent: (agent.name, agent.host))

    def check_writable_unless_just_written(
        self, heartbeats: Sequence[AgentRecord], *, now: datetime
    ) -> None:
        """Check by writing, unless a heartbeat was saved since the last check, moments ago."""
        beats = {(each.name, each.host): each.heartbeat_at for each in heartbeats}
        seen, checked_at = self._heartbeats_at_write_check, time.monotonic()
        self._heartbeats_at_write_check = HeartbeatsAtWriteCheck(checked_at, beats)
        is_due = checked_at - seen.checked_at > MAX_CHECK_INTERVAL_SECONDS
        if is_due or beats.items() <= seen.times.items():
            self.check_writable(now=now)

    def save_collection(self, record: CollectionRecord) -> None:
        """Save a manual collection by its id; remove those over a day before or after it."""
        row = {
            "key": escape_text(record.collection_id),
            "updated_at": record.updated_at,
            "body": to_json(body_of(record)),
        }
        _save(COLLECTIONS, row, "updated_at")

    def list_collections(self) -> list[CollectionRecord]:
        """List the manual collections, newest started first."""
        rows = first_of_each_key(COLLECTIONS.search(columns=("key", "updated_at", "body")))
        found = [
            restore_record(
                CollectionRecord, from_json(row["body"]), {"updated_at": as_utc(row["updated_at"])}
            )
            for row in rows
        ]
        return sorted(found, key=lambda each: each.started_at, reverse=True)

    def save_desired_state(self, name: str, desired_state: str) -> None:
        """Save the desired state of an agent; the newest one counts."""
        row = {"key": escape_text(name), "wish": escape_text(desired_state)}
        transact(lambda: DESIRED_STATES.upsert([row]))

    def load_desired_states(self) -> dict[str, str]:
        """Load the desired states by agent; an agent that has none is not among them."""
        rows = DESIRED_STATES.search(columns=("key", "wish"))
        return {unescape_text(row["key"]): unescape_text(row["wish"]) for row in rows}

    def save_credential_pauses(self, pauses: Mapping[str, datetime]) -> None:
        """Save until when credentials must not send requests; a longer pause is kept."""

        def save() -> None:
            found = _PAUSES.search_by("key", pauses, columns=("key", "paused_until"))
            kept = {row["key"]: row["paused_until"] for row in found}
            longer = {
                name: until
                for name, until in pauses.items()
                if name not in kept or is_longer_pause(until, kept[name])
            }
            rows = [{"key": name, "paused_until": longer[name]} for name in sorted(longer)]
            _PAUSES.upsert(rows, found)

        if pauses:
            transact(save)

    def load_credential_pauses(self, *, now: datetime) -> dict[str, datetime]:
        """Load the pauses that are not over."""
        ended = ended_pause_times(now)
        not_ended = q.all_of(
            q.greater_than(ended.now), q.less_than_or_equal_to(ended.latest_plausible)
        )
        rows = _PAUSES.search(columns=("key", "paused_until"), where={"paused_until": not_ended})
        return {row["key"]: as_utc(row["paused_until"]) for row in rows}

    def claim_once(self, key: str, *, now: datetime) -> bool:
        """Claim the key of what only one process may do; False if a claim of it counts."""
        is_new = transact(lambda: claim(key, now))
        purge_claims(now)
        return is_new

    def check_writable(self, *, now: datetime) -> None:
        """Write a row and remove it again; a row that is left behind is purged like a claim."""
        CLAIMS.add_row({"key": escape_text(WRITE_CHECK_KEY), "received_at": now}).delete()


def _save(table: Table, row: dict[str, Any], time_column: str) -> None:
    """Save a row, and remove rows whose time is over a day before or after its own."""
    transact(lambda: table.upsert([row]))
    at = row[time_column]
    expired = q.any_of(
        q.less_than(at - HEARTBEATS_KEPT_FOR), q.greater_than(at + HEARTBEATS_KEPT_FOR)
    )
    table.delete(table.search(columns=("key",), where={time_column: expired}))


def claim(key: str, now: datetime) -> bool:
    """Claim a key; False if it was claimed within 4 days, but not before the clock was set back.

    Needs a transaction.
    """
    name = escape_text(key)
    known = CLAIMS.first(columns=("key", "received_at"), where={"key": name})
    oldest, newest = now - CLAIMS_KEPT_FOR, now + MAX_CLOCK_DIFFERENCE
    if known is not None and oldest <= known["received_at"] <= newest:
        return False
    CLAIMS.upsert([{"key": name, "received_at": now}], [] if known is None else [known])
    return True


def purge_claims(now: datetime) -> None:
    """Delete the claims and delivered events of more than 4 days ago."""
    where = {"received_at": q.less_than(now - CLAIMS_KEPT_FOR)}
    for table in (CLAIMS, _EVENTS):
        table.delete(table.search(columns=("key",), where=where))
