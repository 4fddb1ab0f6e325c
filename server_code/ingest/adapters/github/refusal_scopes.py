"""What a refusal of one request is believed of: a repository, one path of it, or of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...domain.source_records import EVERYTHING, CredentialRefusal
from ...errors import AccessDenied, BadCredentials, IngestError
from .client import GithubClient
from .credentials import WITH_PERMISSIONS, InstallationToken
from .known_refusals import IF_EXPECTED, IF_EXPLAINED
from .rights import Rights

RUNS = "/repos/{}/actions/runs"

#: The endpoints whose refusal is of the repository itself.
_OF_REPOSITORY = frozenset({"/repos/{}", RUNS})

#: Paths whose permission Runstream does without, so that an App is not given it.
_OPTIONAL = frozenset({"/repos/{}/hooks"})


def is_of_repository(endpoint: str) -> bool:
    """Return whether an endpoint's refusal is of the repository itself."""
    return endpoint in _OF_REPOSITORY


def feature_scope(feature: str) -> str:
    """Return the scope of a feature of GraphQL."""
    return f"/graphql {feature}"


def scopes_of(repository: str, endpoint: str) -> tuple[str, ...]:
    """Return every scope whose refusal covers a request."""
    of_owner = (_of_owner(repository, endpoint),) if endpoint in _OPTIONAL else ()
    return EVERYTHING, repository, f"{repository} {endpoint}", *of_owner


def still_valid(
    refusals: Iterable[CredentialRefusal], client: GithubClient | None
) -> list[CredentialRefusal]:
    """Return the refusals of before a start: an installation may have another key and token now."""
    is_renewed = client is not None and client.kind == InstallationToken.kind
    return [each for each in refusals if not (is_renewed and each.error == BadCredentials.__name__)]


def note_refusals(  # noqa: PLR0913 - a request, and what came of it
    rights: Rights,
    clients: Mapping[str, GithubClient],
    repository: str,
    endpoint: str,
    refused: Mapping[str, IngestError],
    *,
    is_replaced: bool,
) -> None:
    """Note refusals, of the repository, or of one endpoint where another credential reads that.

    A credential that is the only one, or that has read or was listed the repository, may read it
    again soon, unless another one was accepted instead (``is_replaced``). One that is rejected as a
    whole is tried again with another repository, if it reads any.
    """
    for name, error in refused.items():
        has_read = rights.has_read(name, repository)
        may_read_again = len(clients) == 1 or has_read or rights.is_listed(name, repository)
        if isinstance(error, BadCredentials):
            if is_replaced:
                rights.unpin(name, repository)
            if len(clients) > 1 and rights.reads_others(name, repository):
                rights.refuse(name, repository, error)
            continue
        is_of_path = (
            isinstance(error, AccessDenied) and has_read and is_replaced
            if is_of_repository(endpoint)
            else may_read_again
        )
        if not is_of_path:
            at_least = IF_EXPECTED if is_replaced or not may_read_again else IF_EXPLAINED
            rights.refuse(name, repository, error, at_least=at_least)
        elif is_replaced or endpoint in _OPTIONAL:
            what = _refused_path(clients[name].kind, repository, endpoint)
            rights.refuse(name, what, error)


def _refused_path(kind: str, repository: str, endpoint: str) -> str:
    """Return which path a credential of a kind is not to be asked for after a refusal.

    One with permissions of its own has the same ones in all repositories of an owner.
    """
    if endpoint in _OPTIONAL and kind in WITH_PERMISSIONS:
        return _of_owner(repository, endpoint)
    return f"{repository} {endpoint}"


def _of_owner(repository: str, endpoint: str) -> str:
    return f"{repository.partition('/')[0]}/* {endpoint}"
