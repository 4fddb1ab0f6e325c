"""The scope of a refusal: what a credential is not used for after GitHub refused it one request.

A scope is everything, a repository, an endpoint of a repository or of all of an owner's, or a
feature of GraphQL. It has nothing to do with OAuth's scopes.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...domain.source_records import ALL_REQUESTS
from ...errors import AccessDenied, BadCredentials, IngestError
from .client import GithubClient
from .credential_access import CredentialAccess
from .credentials import KINDS_WITH_PERMISSIONS
from .known_refusals import STEP_15_SECONDS, STEP_HOUR

RUNS_PATH = "/repos/{}/actions/runs"

#: The endpoints whose refusal means that the repository as a whole cannot be read.
REPOSITORY_ENDPOINTS = frozenset({"/repos/{}", RUNS_PATH})

#: Endpoints whose permission is optional, so that Runstream's App does not request it.
_OPTIONAL_ENDPOINTS = frozenset({"/repos/{}/hooks"})


def refusal_scopes_of(repository: str, endpoint: str) -> tuple[str, ...]:
    """Return every scope whose refusal covers a request."""
    of_owner = (_owner_scope(repository, endpoint),) if endpoint in _OPTIONAL_ENDPOINTS else ()
    return ALL_REQUESTS, repository, f"{repository} {endpoint}", *of_owner


def note_refusals(  # noqa: PLR0913 - a request, and what came of it
    access: CredentialAccess,
    clients: Mapping[str, GithubClient],
    repository: str,
    endpoint: str,
    refused: Mapping[str, IngestError],
    *,
    other_accepted: bool,
) -> None:
    """Note the refusals of one request (``refused``, by credential), each with scope and pause.

    ``other_accepted``: another credential got the answer. If none did, the pause is short for a
    credential that has read the repository, for one to which GitHub lists it, and for the only one.
    If GitHub rejects a credential as a whole, and it reads other repositories, it is tried with
    those next.
    """
    for name, error in refused.items():
        has_read = access.has_read(name, repository)
        may_read_again = len(clients) == 1 or has_read or access.is_listed(name, repository)
        if isinstance(error, BadCredentials):
            if other_accepted:
                access.unpin(name, repository)
            if len(clients) > 1 and access.reads_other_repositories(name, repository):
                access.note_refusal(name, repository, error)
            continue
        is_of_endpoint = (
            isinstance(error, AccessDenied) and has_read and other_accepted
            if endpoint in REPOSITORY_ENDPOINTS
            else may_read_again
        )
        if not is_of_endpoint:
            is_long = other_accepted or not may_read_again
            min_step = STEP_HOUR if is_long else STEP_15_SECONDS
            access.note_refusal(name, repository, error, min_step=min_step)
        elif other_accepted or endpoint in _OPTIONAL_ENDPOINTS:
            scope = _endpoint_scope(clients[name].kind, repository, endpoint)
            access.note_refusal(name, scope, error)


def _endpoint_scope(kind: str, repository: str, endpoint: str) -> str:
    """Return the scope of an endpoint that a credential of this kind was refused.

    A kind with its own permissions has the same ones in all repositories of an owner.
    """
    if endpoint in _OPTIONAL_ENDPOINTS and kind in KINDS_WITH_PERMISSIONS:
        return _owner_scope(repository, endpoint)
    return f"{repository} {endpoint}"


def _owner_scope(repository: str, endpoint: str) -> str:
    return f"{repository.partition('/')[0]}/* {endpoint}"
