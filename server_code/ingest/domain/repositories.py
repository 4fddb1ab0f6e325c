"""Repository names, and every form in which they are accepted."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from ..errors import InvalidRepository

#: https://docs.github.com/en/rest/repos/repos: what owner and name consist of.
OWNER_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}(?<!\.git)")

_RESERVED_NAMES = (".", "..")

#: ``/orgs/octo/repositories`` is a page of the account ``octo``. No account has these names.
ACCOUNT_PAGES = ("orgs", "organizations", "users")

#: ``git@host:owner/name``; with ``ssh://`` in front it is a URL like any other.
_SSH = re.compile(r"[\w.-]+@([\w.-]+)[:/](.+)")

#: What precedes the credentials in a source.
_SCHEME = re.compile(r"!?\s*(?:[A-Za-z][A-Za-z0-9+.-]*://)?")

_LONGEST_SHOWN = 200


def parse_full_name(text: str, *, hosts: Collection[str] = ("github.com",)) -> str:
    """Return the ``owner/name`` in a text, or in a URL on one of ``hosts`` (lower case).

    Accepts https and http URLs with or without ``.git``, trailing slash or deeper pages such as
    ``/actions/runs/1``, ssh forms, and the bare ``host/owner/name``.
    Raises InvalidRepository; its message names the expected form.
    """
    given = text.strip()
    path = path_on_host(given, hosts)
    parts = [part for part in path.split("/") if part]
    has_host = path != given
    if (
        len(parts) < 2
        or (len(parts) > 2 and not has_host)
        or not set(_RESERVED_NAMES).isdisjoint(parts)
    ):
        raise _invalid(given, hosts)
    owner, name = parts[0], parts[1].removesuffix(".git")
    if not OWNER_LOGIN.fullmatch(owner) or not _NAME.fullmatch(name) or name in _RESERVED_NAMES:
        raise _invalid(given, hosts)
    if owner.lower() in ACCOUNT_PAGES:
        raise _invalid(given, hosts)
    return f"{owner}/{name}"


def path_on_host(given: str, hosts: Collection[str]) -> str:
    """Return the path of a URL on one of the hosts; a text without a host is unchanged.

    Raises InvalidRepository for another host.
    """
    ssh = _SSH.fullmatch(given)
    if ssh is not None:
        _require_host(given, ssh.group(1), hosts)
        return ssh.group(2)
    if "://" in given:
        return _path_of_url(given, hosts)
    first, _, rest = given.partition("/")
    return rest if rest and _is_configured(first, hosts) else given


def _path_of_url(given: str, hosts: Collection[str]) -> str:
    try:
        url = urlsplit(given)
    except ValueError:
        raise _invalid(given, hosts) from None
    if url.scheme not in ("http", "https", "git", "ssh"):
        raise _invalid(given, hosts)
    _require_host(given, url.hostname or "", hosts)
    return url.path


def _is_configured(host: str, hosts: Collection[str]) -> bool:
    return host.lower() in hosts or host.lower().removeprefix("www.") in hosts


def _require_host(given: str, found: str, hosts: Collection[str]) -> None:
    if not _is_configured(found, hosts):
        watched, shown = " or ".join(hosts), redacted(given)
        host = found if found.lower() in shown.lower() else "another host"
        raise InvalidRepository(
            f"{shown} is on {host or 'no host'}, but this collector watches {watched}: "
            f"{_expected(hosts)}."
        )


def redacted(given: str) -> str:
    """Return the beginning of a text in quotes, without credentials: they may be in no URL."""
    before, at, rest = given.rpartition("@")
    scheme = _SCHEME.match(before)
    shown = f"{scheme[0]}…@{rest}" if at and scheme else given
    return repr(shown[:_LONGEST_SHOWN])


def _expected(hosts: Collection[str]) -> str:
    return f"expected owner/name or a URL such as https://{next(iter(hosts))}/owner/name"


def _invalid(given: str, hosts: Collection[str]) -> InvalidRepository:
    return InvalidRepository(f"{redacted(given)} is not a repository: {_expected(hosts)}.")
