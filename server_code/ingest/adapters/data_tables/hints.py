"""Hints about runs, commits' metrics, pauses and webhook deliveries in Data Tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import anvil.tables.query as q

from ...domain.code_metrics import CommitMetrics
from ...domain.codec import decode, encode
from ...domain.stored_values import repository_key, write_ascii
from .errors import translate_errors
from .rows import Rows
from .transactions import transact
from .values import pack, run_key, sure_utc, unpack

_HINTS = Rows("run_hints")
_COMMITS = Rows("commits")
_PAUSES = Rows("pauses")
_DELIVERIES = Rows("deliveries")

_DELIVERIES_KEPT = timedelta(days=4)


@translate_errors
class TableHints:
    """Keep what is known beside the attempts."""

    def save_run_hint(self, repository: str, run_id: int, *, now: datetime) -> None:
        """Remember that a run should be looked at; the newest hint counts."""
        name = repository_key(repository)
        key = run_key(name, run_id)

        def save() -> None:
            known = _HINTS.first(columns=("key", "hinted_at"), where={"key": key})
            if known is None:
                row = {"key": key, "repository": name, "run_id": str(run_id), "hinted_at": now}
                _HINTS.add([row])
            elif known["hinted_at"] < now:
                known.update(hinted_at=now)

        transact(save)

    def load_run_hints(self, repository: str) -> dict[int, datetime]:
        """Load the runs to look at, with the time of each newest hint."""
        rows = _HINTS.search(
            columns=("run_id", "hinted_at"), where={"repository": repository_key(repository)}
        )
        return {int(row["run_id"]): sure_utc(row["hinted_at"]) for row in rows}

    def clear_run_hints(self, repository: str, hints: Mapping[int, datetime]) -> None:
        """Forget hints that are not newer than those given."""
        name = repository_key(repository)
        given = {run_key(name, run_id): at for run_id, at in hints.items()}
        if not given:
            return

        def clear() -> None:
            rows = _HINTS.by("key", given, columns=("key", "hinted_at"))
            _HINTS.delete(row for row in rows if row["hinted_at"] <= given[row["key"]])

        transact(clear)

    def load_commits(self, repository: str, shas: Collection[str]) -> dict[str, CommitMetrics]:
        """Load what is known of these commits."""
        name = repository_key(repository)
        keys = [f"{name}|{write_ascii(sha)}" for sha in shas]
        rows = _COMMITS.by("key", keys, columns=("key", "body"))
        found = (decode(CommitMetrics, unpack(row["body"])) for row in rows)
        return {metrics.commit_sha: metrics for metrics in found}

    def save_commits(self, repository: str, commits: Sequence[CommitMetrics]) -> None:
        """Keep commits' metrics; later ones replace earlier ones."""
        name = repository_key(repository)
        newest = {f"{name}|{write_ascii(each.commit_sha)}": each for each in commits}
        rows = [{"key": key, "body": pack(encode(newest[key]))} for key in sorted(newest)]
        if rows:
            transact(lambda: _COMMITS.upsert(rows))

    def save_pauses(self, pauses: Mapping[str, datetime]) -> None:
        """Remember until when credentials must not ask GitHub; a longer pause is kept."""

        def save() -> None:
            found = _PAUSES.by("key", pauses, columns=("key", "paused_until"))
            kept = {row["key"]: row["paused_until"] for row in found}
            longer = {
                name: until
                for name, until in pauses.items()
                if name not in kept or kept[name] < until
            }
            rows = [{"key": name, "paused_until": longer[name]} for name in sorted(longer)]
            _PAUSES.upsert(rows, found)

        if pauses:
            transact(save)

    def load_pauses(self, *, now: datetime) -> dict[str, datetime]:
        """Load the pauses that are not over."""
        rows = _PAUSES.search(
            columns=("key", "paused_until"), where={"paused_until": q.greater_than(now)}
        )
        return {row["key"]: sure_utc(row["paused_until"]) for row in rows}

    def claim_delivery(self, delivery_id: str, *, now: datetime) -> bool:
        """Take note of a webhook delivery; False if it was seen within 4 days."""
        key = write_ascii(delivery_id)
        oldest = now - _DELIVERIES_KEPT

        def claim() -> bool:
            known = _DELIVERIES.first(columns=("key", "received_at"), where={"key": key})
            if known is not None and known["received_at"] >= oldest:
                return False
            found = [] if known is None else [known]
            _DELIVERIES.upsert([{"key": key, "received_at": now}], found)
            return True

        is_new = transact(claim)
        _DELIVERIES.delete(
            _DELIVERIES.search(columns=("key",), where={"received_at": q.less_than(oldest)})
        )
        return is_new
