"""Why GitHub refuses, in its own words: made safe to show, and short."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .fields import mapping, text

MAX_REASON_CHARS = 400

#: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
_TOKENS = re.compile(r"\b(gh[a-z]_|github_pat_|v1\.)[A-Za-z0-9_]{8,}")
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What an answer says about itself. ``is_page``: it is a web page, which no API sends."""

    message: str
    documentation_url: str | None
    request_id: str | None
    is_page: bool

    @property
    def words(self) -> str:
        """End a sentence with GitHub's own message."""
        return f": {self.message.rstrip('.')}." if self.message else "."

    def with_reference(self, remedy: str | None) -> str | None:
        """Add GitHub's documentation and the request's id, which its support asks for."""
        parts = [
            remedy,
            self.documentation_url and f"See {self.documentation_url}.",
            self.request_id and f"GitHub's request ID: {self.request_id}.",
        ]
        return " ".join(part for part in parts if part) or None


def parse_reason(headers: Mapping[str, str], body: str) -> Reason:
    """Read GitHub's message, documentation link and request id from an answer."""
    try:
        payload = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        payload = None
    fields = mapping(payload)
    return Reason(
        message=printable(text(fields.get("message")) or ""),
        documentation_url=web_link(text(fields.get("documentation_url"))),
        request_id=printable(headers.get("x-github-request-id", "")) or None,
        is_page=_is_page(headers, body),
    )


def printable(value: str) -> str:
    """Return a text without control characters and tokens, at most MAX_REASON_CHARS long."""
    cleaned = _TOKENS.sub("***", _UNPRINTABLE.sub(" ", value)).strip()
    return cleaned if len(cleaned) <= MAX_REASON_CHARS else cleaned[:MAX_REASON_CHARS] + "…"


def web_link(value: str | None) -> str | None:
    """Return an https link that may be shown; None for anything else."""
    if value is None or not re.fullmatch(r"https://[!-~]{1,400}", value):
        return None
    return value


def _is_page(headers: Mapping[str, str], body: str) -> bool:
    start = body[:200].lstrip().lower()
    return "text/html" in headers.get("content-type", "") or start.startswith(
        ("<!doctype html", "<html")
    )
