"""The credentials on the Settings page and in ``doctor``, without the secrets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ...domain.counted_nouns import plural
from ...domain.source_records import CredentialRecord, CredentialRefusal
from ...domain.timestamps import format_timestamp
from ...errors import AccessDenied
from ...ports import SourceStore
from ...ports.github import MIN_REPORTED_INTERVAL_FACTOR
from ...ports.inspection import FAILED, OK, WARNING
from ...ports.repository_api import ANONYMOUS_KIND
from ...wire.refusals import find_refusal_by_message

#: A token that expires within this time is a warning.
EXPIRES_SOON = timedelta(days=14)

#: A working collector saves its credentials every minute; an older ``minute_interval_factor`` is
#: ignored.
FACTOR_VALID_FOR = timedelta(minutes=5)

#: Repositories that a row names; the others are counted.
NAMES_SHOWN = 100


def list_credential_rows(store: SourceStore, *, now: datetime) -> list[dict[str, Any]]:
    """List the credentials that the collectors of this state use."""
    return [credential_row(each, now=now) for each in store.list_credentials()]


def credential_row(record: CredentialRecord, *, now: datetime) -> dict[str, Any]:
    """Return a credential with its status, and what to do if that is not ok.

    ``repositories`` is None until GitHub has listed those that it may read.
    """
    status, finding, remedy = _assess(record, now)
    names = sorted(record.repositories)
    return {
        "name": record.name,
        "kind": record.kind,
        "owner": record.owner,
        "repositories": len(names) if record.repository_lists else None,
        "repository_names": names[:NAMES_SHOWN],
        "refused_lists": [
            each.scope
            for each in record.refusals
            if each.scope.endswith("/*") and each.is_in_force(now)
        ],
        "missing_permissions": list(record.missing_permissions),
        "limit": record.limit,
        "remaining": record.remaining,
        "reset_at": format_timestamp(record.reset_at),
        "expires_at": format_timestamp(record.expires_at),
        "updated_at": format_timestamp(record.updated_at),
        "status": status,
        "finding": finding,
        "remedy": remedy,
    }


def describe_expiry(expires_at: datetime | None, *, now: datetime) -> tuple[str, str]:
    """Return the status of a token's expiry, and when it is."""
    if expires_at is None:
        return OK, ""
    day = f"{expires_at:%Y-%m-%d}"
    if expires_at <= now:
        return FAILED, f"it expired on {day}"
    days = (expires_at.date() - now.astimezone(expires_at.tzinfo).date()).days
    if expires_at - now < EXPIRES_SOON:
        left = "today" if days == 0 else f"in {plural(days, 'day')}"
        return WARNING, f"it expires {left}, on {day}"
    return OK, f"it expires on {day}"


def _assess(record: CredentialRecord, now: datetime) -> tuple[str, str, str | None]:
    """Return status, finding and remedy of the most urgent fault."""
    status, when = describe_expiry(record.expires_at, now=now)
    if record.rejection is not None and status != FAILED:
        known = find_refusal_by_message(record.rejection)
        remedy = known.remedy if known else "Replace it, or remove it from the settings."
        return FAILED, record.rejection, remedy
    if status != OK:
        return status, f"{when[0].upper()}{when[1:]}.", "Create a new token and set GITHUB_TOKEN."
    problem = missing_access(record, now) or minute_limit_problem(record, now)
    if problem is not None:
        return WARNING, *problem
    if record.kind == ANONYMOUS_KIND:
        remedy = "Set GITHUB_TOKEN, or create a GitHub App."
        return WARNING, "60 requests an hour, and no logs.", remedy
    left = record.remaining if record.reset_at is None or record.reset_at > now else None
    if record.limit and left is not None and left < record.limit // 10:
        return WARNING, "Less than a tenth of this hour's requests is left.", "Add another token."
    return OK, f"{when[0].upper()}{when[1:]}." if when else "", None


def missing_access(record: CredentialRecord, now: datetime) -> tuple[str, str] | None:
    """Return which access a credential lacks, and what to do about it."""
    if record.missing_permissions:
        missing = ", ".join(record.missing_permissions)
        remedy = "Grant them to the token, or to the App and accept them in its installation."
        return f"Missing permissions: {missing}.", remedy
    denied = next((each for each in record.refusals if _is_denied_list(each, now)), None)
    if denied is None:
        return None
    return denied.reason, denied.remedy or "Let the owner grant it access."


def minute_limit_problem(record: CredentialRecord, now: datetime) -> tuple[str, str] | None:
    """Return by how much a credential's limit per minute delays polls, and what to do."""
    is_current = abs(now - record.updated_at) < FACTOR_VALID_FOR
    if record.minute_interval_factor < MIN_REPORTED_INTERVAL_FACTOR or not is_current:
        return None
    finding = (
        "It reads more repositories than GitHub's limit per minute has requests for: the time "
        f"between polls is up to {record.minute_interval_factor:.1f} times as long."
    )
    return finding, "Add another credential that may read them, or watch fewer repositories."


def _is_denied_list(refusal: CredentialRefusal, now: datetime) -> bool:
    """Return whether an owner denies a credential its repository list, as single sign-on does."""
    of_owner = refusal.scope.endswith("/*") and refusal.scope != "*/*"
    return of_owner and refusal.error == AccessDenied.__name__ and refusal.is_in_force(now)
