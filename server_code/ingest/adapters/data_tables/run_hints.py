"""The runs that webhooks delivered or pointed at, in Data Tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ...domain.codec import decode_dataclass, encode_dataclass
from ...domain.ledger import DeliveredEvent
from ...domain.stored_values import escape_text, repository_key
from .coordination import CLAIMS, claim, purge_claims
from .errors import translate_errors
from .repositories import mark_repository_due
from .table import Table
from .transactions import transact
from .values import as_utc, dump_body, load_body, run_key

#: ``run_facts`` is the name of release 0.1 for delivered events.
_HINTS = Table("run_hints")
_EVENTS = Table("run_facts")


@translate_errors
class TableRunHints:
    """Run hints (runs that a webhook or a person named), and delivered events."""

    def save_run_hint(self, repository: str, run_id: int, *, now: datetime) -> None:
        """Save that a run is to be checked; the newest hint counts."""
        transact(lambda: _save_hint(repository, run_id, now))

    def load_run_hints(self, repository: str) -> dict[int, datetime]:
        """Load the runs to check, with the time of each newest hint."""
        rows = _HINTS.search(
            columns=("run_id", "hinted_at"), where={"repository": repository_key(repository)}
        )
        return {int(row["run_id"]): as_utc(row["hinted_at"]) for row in rows}

    def clear_run_hints(self, repository: str, hints: Mapping[int, datetime]) -> None:
        """Delete hints that are not newer than those given."""
        name = repository_key(repository)
        given = {run_key(name, run_id): at for run_id, at in hints.items()}
        if not given:
            return

        def clear() -> None:
            rows = _HINTS.search_by("key", given, columns=("key", "hinted_at"))
            _HINTS.delete(row for row in rows if row["hinted_at"] <= given[row["key"]])

        transact(clear)

    def load_delivered_events(self, repository: str, *, limit: int) -> list[DeliveredEvent]:
        """Load what webhooks delivered first, in the order of its arrival."""
        rows = _EVENTS.list_first(
            columns=("body",),
            order_by="received_at",
            limit=limit,
            where={"repository": repository_key(repository)},
        )
        return [decode_dataclass(DeliveredEvent, load_body(row["body"])) for row in rows]

    def clear_delivered_events(self, delivery_ids: Collection[str]) -> None:
        """Delete events that were processed."""
        keys = [escape_text(each) for each in delivery_ids]
        if keys:
            transact(lambda: _EVENTS.delete_by("key", keys))

    def save_delivery_once(
        self,
        claim_keys: Sequence[str],
        repository: str,
        run_id: int,
        *,
        now: datetime,
        event: DeliveredEvent | None = None,
    ) -> str | None:
        """Claim a delivery's keys, save its event or a hint, make its repository due; or none.

        If one of its keys (its id, and a digest of its body) was claimed before, saves nothing and
        returns that key.
        """

        def save() -> str | None:
            for position, key in enumerate(claim_keys):
                if not claim(key, now):
                    CLAIMS.delete_by("key", map(escape_text, claim_keys[:position]))
                    return key
            if event is None:
                _save_hint(repository, run_id, now)
            else:
                _save_event(repository, event, now)
            mark_repository_due(repository, now)
            return None

        known = transact(save)
        purge_claims(now)
        return known


def _save_hint(repository: str, run_id: int, now: datetime) -> None:
    name = repository_key(repository)
    key = run_key(name, run_id)
    known = _HINTS.first(columns=("key", "hinted_at"), where={"key": key})
    if known is None:
        _HINTS.add_rows([{"key": key, "repository": name, "run_id": str(run_id), "hinted_at": now}])
    elif known["hinted_at"] < now:
        known.update(hinted_at=now)


def _save_event(repository: str, event: DeliveredEvent, now: datetime) -> None:
    row = {
        "key": escape_text(event.delivery_id),
        "repository": repository_key(repository),
        "received_at": now,
        "body": dump_body(encode_dataclass(event)),
    }
    _EVENTS.upsert([row])
