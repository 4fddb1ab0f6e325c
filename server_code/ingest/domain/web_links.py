"""Links to GitHub's web pages, which are checked, because a payload can contain any address."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

#: Browsers read a backslash as a slash, and drop control characters.
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")

#: Where a GitHub Enterprise Server has its API.
SERVER_API_PATH = "/api/v3"

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")


def web_url_of(api_url: str) -> str:
    """Return the URL of GitHub's pages for that of its API, without a password.

    The pages of an Enterprise Server have the host of its API, even if that begins with ``api.``.
    """
    parts = urlsplit(api_url)
    host = parts.netloc.rpartition("@")[2].lower()
    if not parts.path.endswith(SERVER_API_PATH):
        host = host.removeprefix("api.")
    return f"{parts.scheme}://{host}"


def web_hosts(api_url: str) -> tuple[str, ...]:
    """Return the hosts of GitHub's pages, lower case, for the address of its API.

    A GitHub on this machine stands in for github.com, so both hosts are accepted.
    """
    host = urlsplit(web_url_of(api_url)).hostname or ""
    is_local = host == "localhost" or host.startswith("127.") or host == "::1"
    return ("github.com", host) if is_local else (host,)


def api_hosts(api_url: str) -> tuple[str, ...]:
    """Return the hosts that GitHub's API may have, lower case: with and without ``api.``."""
    hosts = web_hosts(api_url)
    return (*hosts, *(f"api.{host}" for host in hosts))


def api_url_of(host: str) -> str | None:
    """Return the URL of the API for the host of GitHub's pages; None if the text is no host.

    https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency
    """
    if not _HOST.fullmatch(host):
        return None
    name = host.lower().removeprefix("www.")
    page_host = name.removeprefix("api.")
    if page_host == "github.com" or name.endswith(".ghe.com"):
        return f"https://api.{page_host}"
    return f"https://{name}{SERVER_API_PATH}"


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
