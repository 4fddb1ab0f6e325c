"""What a refusal of one request is believed of: a repository, one path of it, or of all."""

from __future__ import annotations

from .credentials import WITH_PERMISSIONS

#: Paths whose permission Runstream does without, so that an App is not given it.
_OPTIONAL = frozenset({"/repos/{}/hooks"})


def scopes_of(repository: str, endpoint: str, *, is_only: bool) -> tuple[str, ...]:
    """Return every scope whose refusal covers a request.

    A credential that ``is_only`` one is asked again for whatever nobody else could read.
    """
    of_owner = (_of_owner(repository, endpoint),) if endpoint in _OPTIONAL else ()
    return of_owner if is_only else (repository, f"{repository} {endpoint}", *of_owner)


def is_of_owner(scope: str) -> bool:
    """Return whether a refusal is believed of a path of all repositories of an owner."""
    return "/* " in scope


def refused_scope(kind: str, repository: str, endpoint: str, *, is_read: bool) -> str:
    """Return what a credential of a kind is not to be asked for after a refusal.

    ``is_read``: it reads the repository, so that only the path is refused. A credential with
    permissions of its own has the same ones in all repositories of an owner.
    """
    if not is_read:
        return repository
    if endpoint in _OPTIONAL and kind in WITH_PERMISSIONS:
        return _of_owner(repository, endpoint)
    return f"{repository} {endpoint}"


def _of_owner(repository: str, endpoint: str) -> str:
    return f"{repository.partition('/')[0]}/* {endpoint}"
