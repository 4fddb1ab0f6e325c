"""Accounts of an app, and the sources that it watches from the start, set over its Uplink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial

from ingest.bootstrap.state_stores import open_data_tables_state
from ingest.domain.ledger import new_repository
from ingest.domain.source_records import FROM_COMMAND_LINE
from ingest.domain.sources import named_repositories, parse_sources
from ingest.errors import IngestError
from ingest.services.sources.manage_sources import add_sources

from ..uplink.link import AppAddress, call_app, connect, disconnect
from .errors import CannotServe

#: How long a call may take: the first one imports all modules of the app.
CALL_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Account:
    """A login that was just created; its password is shown once."""

    email: str
    password: str = field(repr=False)


@contextmanager
def connected(app: AppAddress) -> Iterator[None]:
    """Connect to the app for the block. Raises WrongUplinkKey, AppUnreachable."""
    connect(app)
    try:
        yield
    finally:
        disconnect()


def create_first_account(email: str) -> Account | None:
    """Create the first account; None if there is one already. Raises CannotServe."""
    return _account_from("create_first_account", email)


def reset_password(email: str) -> Account:
    """Replace the password of an account. Raises CannotServe."""
    account = _account_from("reset_password_from_host", email)
    if account is None:
        raise CannotServe(f"The app has not reset the password of {email}.")
    return account


def _account_from(function: str, email: str) -> Account | None:
    import anvil.server

    try:
        made = call_app(CALL_SECONDS, lambda: anvil.server.call(function, email))
    except IngestError:
        raise
    except Exception as error:
        # anvil.server.call raises an error of the app as a type of its own.
        raise CannotServe(f"The app refused a new password for {email}: {error}") from error
    return None if made is None else Account(made["email"], made["password"])


def watch_sources(given: Sequence[str], *, backfill_days: float) -> None:
    """Let the app watch sources; those that it watches already stay as they are."""
    state, now = open_data_tables_state(), datetime.now(timezone.utc)
    patterns = parse_sources(given)
    for name in named_repositories(patterns):
        record = new_repository(name, backfill_days=backfill_days, now=now)
        call_app(CALL_SECONDS, partial(state.add_repository, record))
    others = [each for each in patterns if not each.includes_one_repository]
    if others:
        add = partial(add_sources, state, others, origin=FROM_COMMAND_LINE, now=now)
        call_app(CALL_SECONDS, add)
