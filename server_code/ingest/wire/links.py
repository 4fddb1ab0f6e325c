"""Where a list continues, and where a redirect leads.

GitHub's ``Link`` header decides where a list ends. Only where a full page has none, as behind some
proxies, does a list continue by its count.

https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urljoin, urlsplit

from ..errors import GithubUnavailable

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?next\"?\s*(?:[;,]|$)", re.IGNORECASE)


def next_parameters(headers: Mapping[str, str]) -> dict[str, str] | None:
    """Return the parameters of the URL of the next page; None on the last page.

    The path of that URL is ignored: requests keep the path that they began with.
    """
    for address, attributes in _LINK.findall(headers.get("link", "")):
        if _NEXT.search(attributes):
            try:
                return dict(parse_qsl(urlsplit(address).query))
            except ValueError:
                return {}
    return None


def redirect_target(url: str, location: str) -> str:
    """Return the address that a redirect of ``url`` leads to. Raises GithubUnavailable."""
    try:
        target = urljoin(url, location)
        urlsplit(target)
    except ValueError as error:
        raise GithubUnavailable("GitHub redirects to an invalid address.") from error
    return target
