"""Why no credential reads a repository: the refusal on which a person can act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy

from ...errors import (
    AccessDenied,
    BackfillLimited,
    BadCredentials,
    GithubUnavailable,
    IngestError,
    RateLimited,
    RepositoryUnavailable,
)
from .credential_access import RANK_READS_OTHERS_OF_OWNER, RANK_UNKNOWN, CredentialAccess

#: Errors of one credential, where another one may be accepted; the most specific first.
REFUSAL_ERRORS = (AccessDenied, BadCredentials, RepositoryUnavailable)


def is_worth_trying(
    access: CredentialAccess,
    name: str,
    repository: str,
    refused: Mapping[str, IngestError],
    limited: Sequence[RateLimited] = (),
) -> bool:
    """Return whether to try a credential (``name``) after others were ``refused`` or rate-limited.

    If a credential that reads the repository was denied one of its endpoints, only credentials are
    tried that may read the repository, or that read others of its owner.
    """
    rank = access.rank(name, repository)  # the lowest for the likeliest to read it
    if limited and rank > RANK_UNKNOWN:
        return False
    is_reader_denied = any(
        isinstance(error, AccessDenied) and access.has_read(each, repository)
        for each, error in refused.items()
    )
    return not is_reader_denied or rank <= RANK_READS_OTHERS_OF_OWNER


def list_refusal_reasons(
    access: CredentialAccess,
    repository: str,
    refused: Mapping[str, IngestError],
    refused_before: Mapping[str, IngestError | None],
    failed_apps: Iterable[IngestError],
) -> list[IngestError]:
    """List a repository's refusals, and earlier ones of other credentials that may explain them.

    ``refused_before``: by credential, None for one that was not. GitHub answers 404 to a credential
    that cannot see a repository. So a 404 proves that the repository is gone only if the credential
    has read it before. Otherwise the credential that reads it may be one of ``refused_before``, or
    belong to an app that failed.
    """
    is_gone = any(
        isinstance(error, RepositoryUnavailable) and access.has_read(name, repository)
        for name, error in refused.items()
    )
    if is_gone:
        return [error for error in refused.values() if not isinstance(error, BadCredentials)]
    return [
        *refused.values(),
        *(
            error
            for name, error in refused_before.items()
            if error is not None
            and name not in refused
            and access.may_read_once_accepted(name, repository)
        ),
        *failed_apps,
    ]


def most_informative_error(
    repository: str, failures: list[IngestError], paused: Iterable[IngestError] = ()
) -> IngestError:
    """Return the failure that helps a person most: a refusal, if there is one.

    It is a copy; its ``retry_at`` is the earliest of all the failures and ``paused`` refusals.
    """
    times = [each.retry_at for each in (*failures, *paused) if each.retry_at is not None]
    for kind in REFUSAL_ERRORS:
        for error in failures:
            if isinstance(error, kind):
                found = copy(error)
                found.retry_at = min(times, default=None)
                return found
    if failures:
        # One that is kept, as of an app, would collect the frames of each time it is raised.
        return failures[0].with_traceback(None)
    return GithubUnavailable(f"No credential can read {repository} for now.")


def least_restrictive_limit(limited: Sequence[RateLimited]) -> RateLimited | None:
    """Return a limit of bulk requests only, else the limit that ends first; None without any."""
    return min(
        limited,
        key=lambda limit: (not isinstance(limit, BackfillLimited), limit.retry_at),
        default=None,
    )
