"""Failed logins in a Data Table, counted by every process of the app."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

import anvil.tables.query as q

from ...domain.login_limits import (
    FAILURES_EXPIRE_AFTER,
    LoginPause,
    are_recent,
    is_paused,
    pause_after,
)
from .errors import translate_errors
from .table import Table
from .transactions import transact
from .values import as_utc

_FAILURES = Table("login_failures")
_COLUMNS = ("key", "account", "failures", "failed_at", "paused_until")

#: An attacker with many addresses cannot fill the table.
_MAX_ROWS = 2000


@translate_errors
class LoginAttempts:
    """The failed logins by key: an address, or an account at an address."""

    def begin(self, limits: Mapping[str, int], account: str, *, now: datetime) -> LoginPause | None:
        """Count a login as failed until it succeeds; return the longest pause that refuses it.

        ``limits``: how many failures each key may have without a pause. Counting first bounds
        concurrent logins too.
        """

        def count() -> LoginPause | None:
            found = {
                row["key"]: row for row in _FAILURES.search_by("key", limits, columns=_COLUMNS)
            }
            lasting = [
                LoginPause(as_utc(row["paused_until"]), row["account"])
                for row in found.values()
                if is_paused(as_utc(row["paused_until"]), as_utc(row["failed_at"]), now)
            ]
            if lasting:
                return max(lasting, key=attrgetter("until"))
            rows = []
            for key, allowed_failures in limits.items():
                failures = 1 + _recent_failures(found.get(key), now)
                until = now + pause_after(failures, allowed_failures)
                values = {"failures": failures, "failed_at": now, "paused_until": until}
                # The key of an address alone does not contain the account.
                rows.append({"key": key, "account": account if account in key else "", **values})
            _FAILURES.upsert(rows, list(found.values()))
            return None

        pause = transact(count)
        if pause is None:
            self._purge(now)
        return pause

    def succeed(self, limits: Mapping[str, int], account: str) -> None:
        """Subtract the failure that ``begin`` counted, and delete the account's failures."""

        def clear() -> None:
            for row in _FAILURES.search_by("key", limits, columns=_COLUMNS):
                if row["account"] == account:
                    _FAILURES.delete([row])
                else:
                    failures = max(0, row["failures"] - 1)
                    row.update(failures=failures, paused_until=row["failed_at"])

        transact(clear)

    def clear(self, account: str) -> None:
        """Delete the failures of an account at every address."""
        transact(lambda: _FAILURES.delete_by("account", [account]))

    def _purge(self, now: datetime) -> None:
        oldest = now - FAILURES_EXPIRE_AFTER
        _FAILURES.delete(
            _FAILURES.search(columns=("key",), where={"failed_at": q.less_than(oldest)})
        )
        _FAILURES.trim(_MAX_ROWS, order_by="failed_at")


def _recent_failures(row: Any, now: datetime) -> int:  # noqa: ANN401 - a row, or None
    if row is None or not are_recent(as_utc(row["failed_at"]), now):
        return 0
    return int(row["failures"])
