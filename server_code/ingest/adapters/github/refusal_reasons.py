"""Why no credential reads a repository: of many refusals, the one that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy

from ...errors import (
    AccessDenied,
    BadCredentials,
    BulkLimited,
    GithubUnavailable,
    IngestError,
    RateLimited,
    RepositoryUnavailable,
)
from .rights import Rights

#: Refusals of a credential: another one may be accepted. The most specific one comes first.
REFUSALS = (AccessDenied, BadCredentials, RepositoryUnavailable)


def is_worth_asking(
    rights: Rights,
    name: str,
    repository: str,
    refused: Mapping[str, IngestError],
    limited: Sequence[RateLimited] = (),
) -> bool:
    """Return whether to ask a credential for a path that others were refused, or limited.

    Where one of them reads the repository, one that reads nothing of its owner is not.
    """
    if limited and not rights.may_read(name, repository):
        return False
    has_reader = any(
        isinstance(error, AccessDenied) and rights.has_read(each, repository)
        for each, error in refused.items()
    )
    return not has_reader or rights.may_read_owner(name, repository)


def list_reasons(
    rights: Rights,
    repository: str,
    refused: Mapping[str, IngestError],
    rejected: Mapping[str, IngestError | None],
    failed_apps: Iterable[IngestError],
) -> list[IngestError]:
    """List why a repository was refused to those that were asked, or why others are rejected.

    A 404 says nothing of a repository that nobody who got it has ever read, while its reader may be
    a rejected credential or an app that failed. Where a reader got it, rejections of others are no
    reason.
    """
    is_gone = any(
        isinstance(error, RepositoryUnavailable) and rights.has_read(name, repository)
        for name, error in refused.items()
    )
    if is_gone:
        return [error for error in refused.values() if not isinstance(error, BadCredentials)]
    return [
        *refused.values(),
        *(
            error
            for name, error in rejected.items()
            if error is not None and name not in refused and rights.could_read(name, repository)
        ),
        *failed_apps,
    ]


def most_informative(
    repository: str, failures: list[IngestError], obstacles: Iterable[IngestError] = ()
) -> IngestError:
    """Return the error of a repository for several failures, as a new one.

    It is asked for again when the first of them is, or of the ``obstacles`` of other credentials.
    """
    times = [each.retry_at for each in (*failures, *obstacles) if each.retry_at is not None]
    for kind in REFUSALS:
        for error in failures:
            if isinstance(error, kind):
                found = copy(error)
                found.retry_at = min(times, default=None)
                return found
    if failures:
        return failures[0]
    return GithubUnavailable(f"No credential can read {repository} for now.")


def narrowest_limit(limited: Sequence[RateLimited]) -> RateLimited | None:
    """Return which limit of several credentials holds back least, or ends first; None of none.

    Where one holds back bulk requests only, others have that credential left.
    """
    return min(
        limited,
        key=lambda limit: (not isinstance(limit, BulkLimited), limit.retry_at),
        default=None,
    )
