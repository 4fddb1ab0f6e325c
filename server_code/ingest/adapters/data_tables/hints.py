"""Run hints, delivered events, commits' metrics, pauses and claimed keys in Data Tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ...domain.codec import decode_dataclass, encode_dataclass
from ...domain.commits import Commit
from ...domain.ledger import DeliveredEvent
from ...domain.stored_values import escape_text, repository_key
from .coordination import CLAIMS, EVENTS, claim, purge_claims
from .errors import translate_errors
from .repositories import mark_repository_due
from .table import Table
from .transactions import transact
from .values import as_utc, dump_body, load_body, run_key

_HINTS = Table("run_hints")
_COMMITS = Table("commits")


@translate_errors
class TableHints:
    """Run hints (runs that a webhook or a person named), and the small tables around the ledger."""

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

    def load_delivered_events(self, repository: str) -> list[DeliveredEvent]:
        """Load what webhooks delivered, in the order of its arrival."""
        rows = EVENTS.search(
            columns=("body",),
            order_by="received_at",
            where={"repository": repository_key(repository)},
        )
        return [decode_dataclass(DeliveredEvent, load_body(row["body"])) for row in rows]

    def clear_delivered_events(self, delivery_ids: Collection[str]) -> None:
        """Delete events that were processed."""
        keys = [escape_text(each) for each in delivery_ids]
        if keys:
            transact(lambda: EVENTS.delete_by("key", keys))

    def save_delivery_once(
        self,
        keys: Sequence[str],
        repository: str,
        run_id: int,
        *,
        now: datetime,
        event: DeliveredEvent | None = None,
    ) -> str | None:
        """Claim keys, save an event or a hint and make the repository due, in one transaction.

        Returns the first key that was claimed before, and then saves nothing.
        """

        def save() -> str | None:
            for position, key in enumerate(keys):
                if not claim(key, now):
                    CLAIMS.delete_by("key", map(escape_text, keys[:position]))
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
    EVENTS.upsert([row])
