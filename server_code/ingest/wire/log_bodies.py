"""Whether a body that was received in place of a log can be a log."""

from __future__ import annotations

import json

from ..errors import RequestFailed
from .fields import mapping, text
from .reasons import printable


def require_log(content_type: str, start: bytes) -> None:
    """Raise RequestFailed for a web page, or for an answer of GitHub's API.

    ``start``: the first piece of the body, which is the whole body where it is small.
    """
    kind = content_type.lower()
    if "text/html" in kind:
        raise RequestFailed(
            "A web page was answered in place of a log.",
            remedy="Check proxies and the sign-in pages between this machine and GitHub.",
        )
    if "json" not in kind:
        return
    message = _message(start)
    if message is not None:
        raise RequestFailed(f"An error was answered in place of a log: {message}")


def _message(start: bytes) -> str | None:
    """Return the message of an object of the API; None for anything that can begin a log."""
    if not start.strip():
        return "an empty body."
    try:
        payload = json.loads(start)
    except (ValueError, RecursionError):
        return None
    message = text(mapping(payload).get("message"))
    return None if message is None else printable(message)
