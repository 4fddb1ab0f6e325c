"""The scheme and host of an address, without a name or password that it may hold."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"([^:/?#]+)://(?:[^/?#]*@)?([^/?#]*)([^#]*)")


def split_origin(url: str) -> tuple[str, str]:
    """Split an address into its scheme and host, and what is asked for there."""
    found = _ADDRESS.match(url)
    if found is None:
        return url, "/"
    scheme, host, target = found.groups()
    return f"{scheme}://{host}", target if target.startswith("/") else f"/{target}"


def origin_of(url: str) -> str:
    """Return the scheme and host of an address."""
    return split_origin(url)[0]
