"""Links to GitHub's web pages: a payload can name any address, and people click on what we show."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

#: Browsers read a backslash as a slash, and drop control characters.
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


def web_hosts(api_url: str) -> tuple[str, ...]:
    """Return the hosts of GitHub's pages, lower case, for the address of its API.

    A GitHub on this machine stands in for github.com, so both hosts are accepted.
    """
    host = (urlsplit(api_url).hostname or "").removeprefix("api.")
    is_local = host == "localhost" or host.startswith("127.") or host == "::1"
    return ("github.com", host) if is_local else (host,)


def api_hosts(api_url: str) -> tuple[str, ...]:
    """Return the hosts of GitHub's API, lower case; a GitHub Enterprise Server has one for all."""
    hosts = web_hosts(api_url)
    return (*hosts, *(f"api.{host}" for host in hosts))


def web_link(url: str | None, hosts: Collection[str]) -> str | None:
    """Return an http or https URL on one of ``hosts`` as it is, and None for any other."""
    if url is None or _UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    is_page = parts.scheme in ("http", "https") and "@" not in parts.netloc
    return url if is_page and host in hosts else None
