"""What a refusal of one request is believed of: a repository, one path of it, or of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...domain.source_records import CredentialRefusal
from ...errors import AccessDenied, BadCredentials, IngestError
from .client import GithubClient
from .credentials import WITH_PERMISSIONS, InstallationToken
from .rights import Rights

#: Paths whose permission Runstream does without, so that an App is not given it.
_OPTIONAL = frozenset({"/repos/{}/hooks"})


def scopes_of(repository: str, endpoint: str, *, is_only: bool) -> tuple[str, ...]:
    """Return every scope whose refusal covers a request.

    A credential that ``is_only`` one is asked again for whatever nobody else could read.
    """
    of_owner = (_of_owner(repository, endpoint),) if endpoint in _OPTIONAL else ()
    return of_owner if is_only else (repository, f"{repository} {endpoint}", *of_owner)


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
    """Note refusals, of the repository, or of one endpoint where the repository was read.

    A credential that read the repository before may do so again soon: it is asked again where
    no other one was accepted instead (not ``is_replaced``). One that is rejected as a whole is
    tried again with another repository, if it reads any.
    """
    for name, error in refused.items():
        has_read = rights.has_read(name, repository)
        is_read = has_read and isinstance(error, AccessDenied)
        what = _refused_scope(clients[name].kind, repository, endpoint, is_read=is_read)
        if isinstance(error, BadCredentials):
            if is_replaced:
                rights.unpin(name, repository)
            is_noted = rights.reads_others(name, repository)
        else:
            is_noted = is_replaced or not has_read or _is_of_owner(what)
        if is_noted:
            rights.refuse(name, what, error)


def _refused_scope(kind: str, repository: str, endpoint: str, *, is_read: bool) -> str:
    """Return what a credential of a kind is not to be asked for after a refusal.

    ``is_read``: it reads the repository, so that only the path is refused. A credential with
    permissions of its own has the same ones in all repositories of an owner.
    """
    if not is_read:
        return repository
    if endpoint in _OPTIONAL and kind in WITH_PERMISSIONS:
        return _of_owner(repository, endpoint)
    return f"{repository} {endpoint}"


def _is_of_owner(scope: str) -> bool:
    """Return whether a refusal is believed of a path of all repositories of an owner."""
    return "/* " in scope


def _of_owner(repository: str, endpoint: str) -> str:
    return f"{repository.partition('/')[0]}/* {endpoint}"
