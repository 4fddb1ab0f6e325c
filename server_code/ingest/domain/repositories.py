"""Repository names, and every form in which a person may give one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import InvalidRepository

#: https://docs.github.com/en/rest/repos/repos: what owner and name consist of.
_OWNER = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})$")
_NAME = re.compile(r"^[A-Za-z0-9._-]{1,100}$")
_SSH = re.compile(r"^(?:ssh://)?(?:[\w.-]+)@([\w.-]+)(?::\d+)?[:/](.+)$")

_EXPECTED = "expected owner/name or a URL such as https://{host}/owner/name"


@dataclass(frozen=True, slots=True, order=True)
class RepositoryName:
    """Name a repository by its owner and its own name, as in ``octo/api``."""

    owner: str
    name: str

    @property
    def full_name(self) -> str:
        """Join both parts as GitHub does."""
        return f"{self.owner}/{self.name}"

    def __str__(self) -> str:
        return self.full_name


def parse_repository(text: str, *, host: str = "github.com") -> RepositoryName:
    """Read ``owner/name`` or any URL form of a repository on ``host``.

    Accepts https and http URLs with or without ``.git``, trailing slash or deeper pages such as
    ``/actions/runs/1``, ssh forms, and the bare ``host/owner/name``.
    Raises InvalidRepository with a sentence that says what is expected.
    """
    given = text.strip()
    path = _path_on_host(given, host.lower())
    parts = [part for part in path.split("/") if part]
    is_page = path != given
    if len(parts) < 2 or (len(parts) > 2 and not is_page):
        raise _refusal(given, host)
    owner, name = parts[0], parts[1].removesuffix(".git")
    if not _OWNER.match(owner) or not _NAME.match(name) or name in (".", ".."):
        raise _refusal(given, host)
    return RepositoryName(owner, name)


def _path_on_host(given: str, host: str) -> str:
    """Strip scheme and host from a URL; leave ``owner/name`` as it is."""
    ssh = _SSH.match(given)
    if ssh is not None and not given.lower().startswith(("http://", "https://")):
        _require_host(given, ssh.group(1), host)
        return ssh.group(2)
    if "://" in given:
        url = urlsplit(given)
        if url.scheme.lower() not in ("http", "https", "git", "ssh"):
            raise _refusal(given, host)
        _require_host(given, url.hostname or "", host)
        return url.path
    first, _, rest = given.partition("/")
    if first.lower() in (host, f"www.{host}") and rest.count("/") >= 1:
        return rest
    return given


def _require_host(given: str, found: str, host: str) -> None:
    if found.lower() not in (host, f"www.{host}"):
        message = f"{given!r} is on {found or 'no host'}, but this collector watches {host}"
        raise InvalidRepository(f"{message}: {_EXPECTED.format(host=host)}.")


def _refusal(given: str, host: str) -> InvalidRepository:
    return InvalidRepository(f"{given!r} is not a repository: {_EXPECTED.format(host=host)}.")
