"""The runs that webhooks delivered or pointed at, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ...domain.codec import decode_dataclass, encode_dataclass
from ...domain.due import urgent_due_at
from ...domain.ledger import DeliveredEvent
from ...domain.stored_values import (
    escape_text,
    format_time,
    from_json,
    parse_time,
    repository_key,
    to_json,
)
from .coordination import RELEASE_CLAIM, claim
from .database import SqlStore
from .repositories import MAKE_DUE
from .session import Row, Session, upsert

#: ``run_facts`` is the name of release 0.1 for delivered events.
_SAVE_HINT = (
    upsert("run_hints", "repository_key, run_id", "hinted_at")
    + "WHERE run_hints.hinted_at < excluded.hinted_at"
)
_CLEAR_HINT = "DELETE FROM run_hints WHERE repository_key = ? AND run_id = ? AND hinted_at <= ?"
_SAVE_EVENT = """
    INSERT INTO run_facts (delivery_id, repository_key, received_at, fact) VALUES (...)
    ON CONFLICT (delivery_id) DO NOTHING
"""
_SELECT_EVENTS = """
    SELECT fact FROM run_facts WHERE repository_key = ? ORDER BY received_at, delivery_id LIMIT ?
"""
_CLEAR_EVENT = "DELETE FROM run_facts WHERE delivery_id = ?"


class SqlRunHints(SqlStore):
    """Run hints (runs that a webhook or a person named), and delivered events."""

    def save_run_hint(self, repository: str, run_id: int, *, now: datetime) -> None:
        """Save that a run is to be checked; the newest hint counts."""
        row = (repository_key(repository), run_id, format_time(now))
        self._database.write(lambda session: session.insert(_SAVE_HINT, [row]))

    def load_run_hints(self, repository: str) -> dict[int, datetime]:
        """Load the runs to check, with the time of each newest hint."""
        sql = "SELECT run_id, hinted_at FROM run_hints WHERE repository_key = ?"
        rows = self._database.read(sql, (repository_key(repository),))
        return {run_id: parse_time(hinted_at) for run_id, hinted_at in rows}

    def clear_run_hints(self, repository: str, hints: Mapping[int, datetime]) -> None:
        """Delete hints that are not newer than those given."""
        key = repository_key(repository)
        rows = [(key, run_id, format_time(hints[run_id])) for run_id in sorted(hints)]
        self._delete(_CLEAR_HINT, rows)

    def load_delivered_events(self, repository: str, *, limit: int) -> list[DeliveredEvent]:
        """Load what webhooks delivered first, in the order of its arrival."""
        rows = self._database.read(_SELECT_EVENTS, (repository_key(repository), limit))
        return [decode_dataclass(DeliveredEvent, from_json(event)) for (event,) in rows]

    def clear_delivered_events(self, delivery_ids: Collection[str]) -> None:
        """Delete events that were processed."""
        self._delete(_CLEAR_EVENT, [(escape_text(each),) for each in sorted(delivery_ids)])

    def save_delivery_once(
        self,
        claim_keys: Sequence[str],
        repository: str,
        run_id: int,
        *,
        now: datetime,
        event: DeliveredEvent | None = None,
    ) -> str | None:
        """Claim a delivery's keys, save its event or a hint, and make its repository due.

        If one of its keys (its id, and a digest of its body) was claimed before, saves nothing and
        returns that key.
        """
        stored_name, stored_now = repository_key(repository), format_time(now)

        def save(session: Session) -> str | None:
            for position, key in enumerate(claim_keys):
                if not claim(session, key, now):
                    session.delete(
                        RELEASE_CLAIM, [(escape_text(each),) for each in claim_keys[:position]]
                    )
                    return key
            if event is None:
                session.insert(_SAVE_HINT, [(stored_name, run_id, stored_now)])
            else:
                body = to_json(encode_dataclass(event))
                values = (escape_text(event.delivery_id), stored_name, stored_now, body)
                session.insert(_SAVE_EVENT, [values])
            due_at = format_time(urgent_due_at(now))
            session.execute(MAKE_DUE, (due_at, due_at, stored_name))
            return None

        return self._database.write(save)

    def _delete(self, sql: str, keys: Sequence[Row]) -> None:
        if keys:
            self._database.write(lambda session: session.delete(sql, keys))
