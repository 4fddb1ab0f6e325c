"""Save what is known of the credentials, for the pages and for the next process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.due import is_interval_over
from ...domain.source_records import (
    ALL_REQUESTS,
    LIST_SUFFIX,
    MAX_REFUSAL_PAUSE,
    CredentialRecord,
    CredentialRefusal,
)
from ...domain.stored_values import repository_key
from ...errors import BadCredentials, Fatal, IngestError, Skippable
from ...ports import CredentialInfo, RepositoryApi, StateStore
from ..context import CollectorContext

#: How often the rate limits of the credentials are saved.
RECORD_EVERY = timedelta(minutes=1)

#: A credential that no process has saved for this time is removed from the store.
PURGED_AFTER = timedelta(days=1)

#: A credential in use sends requests at least this often: idle repositories are polled every ten
#: minutes.
_USED_EVERY = timedelta(minutes=10)

#: The scope of a refusal of the request for a token's owner.
_USER_PATH = "/user"


def record_credentials(
    context: CollectorContext, discovered: Mapping[str, CredentialRecord] | None = None
) -> None:
    """Save every configured credential with its rate limit, expiry and owner.

    ``discovered``: records with the lists and refusals that a discovery has just read.
    """
    api, store, now = context.repository_api, context.store, context.clock.now()
    stored = {each.name: each for each in store.list_credentials()}
    known = {**stored, **(discovered or {})}
    for name, record in stored.items():
        # Polls may have saved refusals while the discovery was reading.
        changes = {e.scope: e for e in known[name].refusals if e.scope.endswith(LIST_SUFFIX)}
        known[name] = replace(known[name], refusals=record.with_refusals(changes, now=now).refusals)
    credentials = api.credentials()
    factors = context.github.rate_limit_status().minute_interval_factors
    updated = [
        _with_fetched_owner(api, known.get(each.name), each, factors, now) for each in credentials
    ]
    store.save_credentials(updated)
    used = {each.name for each in credentials}
    for name, record in stored.items():
        if name not in used and now - record.updated_at > PURGED_AFTER:
            store.remove_credential(name)


def sync_configured_credentials(context: CollectorContext, names: Collection[str]) -> None:
    """Bring the stored credentials up to date with those that are configured now.

    If one is new, failing repositories become due. Credentials that GitHub rejects and that are not
    configured any more are removed; another process that still uses one saves it again with its
    next poll. Raises StateUnavailable.
    """
    store, now = context.store, context.clock.now()
    stored = {each.name: each for each in store.list_credentials()}
    if stored and any(name not in stored for name in names):
        _make_failing_due(store, now)
    for name, record in stored.items():
        has_expired = record.expires_at is not None and record.expires_at <= now
        if name not in names and (record.rejection is not None or has_expired):
            store.remove_credential(name)


def record_refusals_and_limits(context: CollectorContext) -> None:
    """Save at once which credentials are refused or accepted, and rate limits every minute.

    Raises StateUnavailable. Two processes that save one credential at once may lose a refusal; the
    request is then sent once more.
    """
    api, discovery, now = context.repository_api, context.discovery, context.clock.now()
    with api.take_refusal_changes() as changes:
        if not changes and not is_interval_over(discovery.credentials_saved_at, RECORD_EVERY, now):
            return
        discovery.credentials_saved_at = now  # at once, so that no other thread saves them as well
        stored = {each.name: each for each in context.store.list_credentials()}
        factors = context.github.rate_limit_status().minute_interval_factors
        updated = [_with_info(stored.get(e.name), e, factors, now) for e in api.credentials()]
        context.store.save_credentials(
            [each.with_refusals(changes.get(each.name, {}), now=now) for each in updated]
        )
        # A credential that GitHub rejected as a whole is accepted again.
        if any(ALL_REQUESTS in each and each[ALL_REQUESTS] is None for each in changes.values()):
            _make_failing_due(context.store, now)


def clear_refusals(
    store: StateStore,
    repositories: Collection[str],
    *,
    owners: Collection[str] = (),
    now: datetime,
) -> None:
    """Delete the refusals of repositories and of owners' lists, and rejections of credentials.

    A person asks for a collection now, and may have removed the cause.
    """
    lists = [owner + LIST_SUFFIX for owner in owners]
    wanted = {ALL_REQUESTS, *map(repository_key, [*repositories, *lists])}
    for record in store.list_credentials():
        # In a scope, a path may follow the repository. None ends the refusal.
        scopes = [each.scope for each in record.refusals]
        ended = {scope: None for scope in scopes if scope.partition(" ")[0].lower() in wanted}
        if ended:
            store.save_credentials([record.with_refusals(ended, now=now)])


def _make_failing_due(store: StateStore, now: datetime) -> None:
    for each in store.list_repositories():
        if each.failed_polls:
            store.make_due(each.full_name, now=now)


def _with_info(
    record: CredentialRecord | None,
    info: CredentialInfo,
    factors: Mapping[str, float],
    now: datetime,
) -> CredentialRecord:
    """Return a record with what is known of its credential now.

    ``factors``: how much longer the polls of each credential wait at present. A process without an
    answer yet keeps the rejection that another process has saved.
    """
    record = record or CredentialRecord(name=info.name, kind=info.kind, updated_at=now)
    rate_limit = info.rate_limit or record
    return replace(
        record,
        kind=info.kind,
        updated_at=now,
        owner=info.owner or record.owner,
        limit=rate_limit.limit,
        remaining=rate_limit.remaining,
        reset_at=rate_limit.reset_at,
        minute_interval_factor=factors.get(info.name, 1.0),
        expires_at=info.expires_at or record.expires_at,
        missing_permissions=info.missing_permissions,
        rejection=info.rejection if info.was_used else info.rejection or record.rejection,
    )


def with_refusal(
    record: CredentialRecord, scope: str, error: IngestError, now: datetime
) -> CredentialRecord:
    """Return a record that notes a refusal; those that are over are dropped."""
    refusal = CredentialRefusal(
        scope=scope,
        until=now + MAX_REFUSAL_PAUSE,
        reason=str(error),
        error=type(error).__name__,
        remedy=error.remedy,
    )
    return record.with_refusals({scope: refusal}, now=now)


def _with_fetched_owner(
    api: RepositoryApi,
    known: CredentialRecord | None,
    info: CredentialInfo,
    factors: Mapping[str, float],
    now: datetime,
) -> CredentialRecord:
    """Return a record with what is known, and the owner, which is requested from GitHub.

    It is also requested with a credential that was not used for an hour, so that its rejection is
    noticed.
    """
    record = _with_info(known, info, factors, now)
    is_refused = any(each.scope == _USER_PATH and each.is_in_force(now) for each in record.refusals)
    is_used = info.rate_limit is not None and info.rate_limit.reset_at + _USED_EVERY > now
    if (record.owner is not None and is_used) or info.rejection is not None or is_refused:
        return record
    try:
        owner = api.fetch_owner(record.name)
    except BadCredentials as error:
        return replace(with_refusal(record, _USER_PATH, error, now), rejection=str(error))
    except (Fatal, Skippable) as error:
        return with_refusal(record, _USER_PATH, error, now)
    except IngestError:
        return record
    return record if owner is None else replace(record, owner=owner, rejection=None)
