"""The origin (scheme and host) of a URL, without its user name and password."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"([^:/?#]+)://(?:[^/?#]*@)?([^/?#]*)([^#]*)")


def split_origin(url: str) -> tuple[str, str]:
    """Split a URL into its scheme and host, and the target to request there."""
    found = _ADDRESS.match(url)
    if found is None:
        return url, "/"
    scheme, host, target = found.groups()
    return f"{scheme}://{host}", target if target.startswith("/") else f"/{target}"


def origin_of(url: str) -> str:
    """Return the scheme and host of a URL."""
    return split_origin(url)[0]
